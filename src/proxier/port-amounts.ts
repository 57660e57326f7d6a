/**
 * What the rules of one Service port on one node amount to, in either proxy mode: the numbers that sizes of syncs are sums of. The texts
 * are made and thrown away.
 */

import type { IpFamily } from '../net/ip.ts'
import { servicePortNames } from './chain-names.ts'
import type { IptablesSetting } from './iptables-setting.ts'
import { nftablesBlockMaker } from './nftables-block.ts'
import { nftablesFrameSize } from './nftables-frame.ts'
import { nftablesRelease } from './nftables-releases.ts'
import type { NftablesSetting } from './nftables-setting.ts'
import { SERVICE_SET_NAMES } from './nftables-setup.ts'
import { portOnNode } from './port-on-node.ts'
import { restoreBlock } from './restore-block.ts'
import { restoreFrame } from './restore-frame.ts'
import { chainLine } from './restore-rule.ts'
import type { ServicePort } from './service-ports.ts'

/** A missing kind of thing counts 0. */
export interface PortAmounts {
  readonly endpoints: number
  /** iptables only. */
  readonly filterRules: number
  /** iptables only: in the chains of nat that Services share. */
  readonly sharedRules: number
  readonly sharedBytes: number
  /** nftables only. */
  readonly elements: number
  readonly anonymousSets: number
  /** Of its own chains. */
  readonly chains: number
  readonly rules: number
  readonly bytes: number
  /** iptables only: rules with a comment, in both tables. */
  readonly comments: number
}

export type AmountsOf<S> = (servicePort: ServicePort, setting: S) => PortAmounts

export const iptablesAmounts: AmountsOf<IptablesSetting> = (servicePort, setting) => {
  const names = servicePortNames(servicePort, setting.config.chainNames)
  const { filter, shared, chains, chainLines, own } = restoreBlock(portOnNode(servicePort, names, setting))
  return {
    endpoints: servicePort.endpoints.length,
    filterRules: filter.count,
    sharedRules: shared.count,
    sharedBytes: filter.text.length + shared.text.length,
    elements: 0,
    anonymousSets: 0,
    chains: chains.length,
    rules: own.count,
    bytes: chainLines.length + own.text.length,
    comments: filter.comments + shared.comments + own.comments,
  }
}

export function nftablesAmounts(release: string): AmountsOf<NftablesSetting> {
  const known = nftablesRelease(release)
  if (known === undefined) throw new Error(`no nftables rules of release ${release} are known`)
  const blockOf = nftablesBlockMaker(known)
  return (servicePort, setting) => {
    const { endpoints, chains, chainLines, elements, rules } = blockOf(servicePort, setting)
    const sum = (of: (part: (typeof endpoints)[number]) => number): number => endpoints.reduce((n, e) => n + of(e), 0)
    return {
      endpoints: servicePort.endpoints.length,
      filterRules: 0,
      sharedRules: 0,
      sharedBytes: 0,
      elements: SERVICE_SET_NAMES.reduce((n, name) => n + elements[name].length, 0),
      anonymousSets: rules.anonymousSets + sum(e => e.rules.anonymousSets),
      chains: endpoints.length + chains.length,
      rules: rules.count + sum(e => e.rules.count),
      bytes: chainLines.length + rules.text.length + sum(e => e.chainLines.length + e.rules.text.length),
      comments: 0,
    }
  }
}

/** What a sync writes besides Services: iptables always, nftables in a full one. */
export interface FrameAmounts {
  readonly filterChains: number
  readonly filterRules: number
  /** Of nat in iptables mode. */
  readonly chains: number
  readonly rules: number
  readonly bytes: number
  readonly elements: number
  readonly anonymousSets: number
  readonly comments: number
}

export function iptablesFrameAmounts(setting: IptablesSetting, family: IpFamily): FrameAmounts {
  const { filter, nat } = restoreFrame(setting, family)
  const parts = [filter.first, filter.last, nat.first, nat.last]
  return {
    filterChains: filter.chains.length,
    filterRules: filter.first.count + filter.last.count,
    chains: nat.chains.length,
    rules: nat.first.count + nat.last.count,
    bytes:
      '*filter\nCOMMIT\n*nat\nCOMMIT\n'.length +
      [...filter.chains, ...nat.chains].reduce((sum, name) => sum + chainLine(name).length, 0) +
      parts.reduce((sum, part) => sum + part.text.length, 0),
    elements: 0,
    anonymousSets: 0,
    comments: parts.reduce((sum, part) => sum + part.comments, 0),
  }
}

export function nftablesFrameAmounts({ setup }: NftablesSetting): FrameAmounts {
  return { filterChains: 0, filterRules: 0, bytes: 0, comments: 0, ...nftablesFrameSize(setup) }
}
