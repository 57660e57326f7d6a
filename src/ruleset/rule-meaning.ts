/**
 * What a rule does, as a text that is the same for every spelling of it: without comments and counters, prefixes as the kernel masks
 * them, matches in one order, what only the release of iptables or kube-proxy decides left out.
 */
import type { IpFamily } from '../net/ip.ts'
import { networkAddress } from '../net/ip.ts'
import { printMatch, printProbability } from './print-match.ts'
import { printVerdict } from './print-verdict.ts'
import type { Match, Rule, Verdict } from './ruleset.ts'

export function ruleMeaning({ matches, verdict }: Rule, family: IpFamily): string {
  const texts: string[] = []
  for (const match of matches) {
    const text = meaningOf(match, family)
    if (text !== '') texts.push(text)
  }
  return texts.sort().join('') + (verdict === undefined ? '' : printVerdict(plainVerdict(verdict)))
}

/** Empty: it demands nothing. */
function meaningOf(match: Match, family: IpFamily): string {
  switch (match.kind) {
    case 'comment':
    case 'nfacct':
      return ''
    case 'ports':
      return match.source === undefined && match.destination === undefined && match.flags === undefined
        ? ''
        : printMatch(match, family)
    case 'source':
    case 'destination': {
      const { prefix } = match
      return printMatch({ ...match, prefix: { ...prefix, value: networkAddress(prefix) } }, family)
    }
    case 'statistic':
      // kube-proxy before 1.19 writes five decimals.
      return `${match.negated ? ' !' : ''} chance ${printProbability(match.threshold, 5)}`
    case 'conntrack':
      return printMatch({ ...match, module: undefined }, family)
    case 'recent':
      return printMatch({ ...match, withoutMask: undefined }, family)
    default:
      return printMatch(match, family)
  }
}

function plainVerdict(verdict: Verdict): Verdict {
  switch (verdict.kind) {
    case 'mark':
    case 'notrack':
      return { ...verdict, written: undefined }
    case 'masquerade':
      // Written where iptables and the kernel know it.
      return { ...verdict, randomFully: false }
    default:
      return verdict
  }
}
