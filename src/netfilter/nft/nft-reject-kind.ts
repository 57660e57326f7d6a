/** What `reject` of nftables sends, as a place in REJECT_KINDS: without more words ICMP or ICMPv6 port unreachable. */
import type { IpFamily } from '../../net/ip.ts'
import type { NftVerdict } from '../../ruleset/nft-ruleset.ts'
import { rejectKind } from '../reject-kind.ts'

export const nftRejectKind = (verdict: Extract<NftVerdict, { kind: 'reject' }>, family: IpFamily): number =>
  rejectKind(
    verdict.with === 'tcp reset' ? 'tcp-reset' : family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable',
    family,
  )
