/** Why a match of iptables did not hold, in words. */
import { formatIp, formatPrefix, type IpFamily } from '../../net/ip.ts'
import { printMatch } from '../../ruleset/print-match.ts'
import type { Match } from '../../ruleset/ruleset.ts'
import type { ExplainedPacket } from './explained-trace.ts'

/** What the packet was at the rule. */
export interface Seen extends ExplainedPacket {
  readonly in: string
  readonly out: string
}

export function whyNot(match: Match, seen: Seen, family: IpFamily): string {
  switch (match.kind) {
    case 'source':
      return `its source ${seen.source} is ${inOrNot(match.negated)} ${formatPrefix(match.prefix)}`
    case 'destination':
      return `its destination ${seen.destination} is ${inOrNot(match.negated)} ${formatPrefix(match.prefix)}`
    case 'maskedAddress':
      return `its ${match.side} is ${match.negated ? '' : 'not '}${formatIp(match.value)} under the mask ${formatIp(match.mask)}`
    case 'inInterface':
      return `it came in by ${seen.in || 'no interface'}, ${match.negated ? 'as it must not' : `not by ${match.name}`}`
    case 'outInterface':
      return `it goes out by ${seen.out || 'no interface yet'}, ${match.negated ? 'as it must not' : `not by ${match.name}`}`
    case 'protocol':
      return `it is ${seen.protocol}, ${match.negated ? 'as it must not be' : `not ${match.protocol}`}`
    case 'ports':
    case 'multiport':
      return `its ports ${seen.sourcePort} and ${seen.destinationPort}${match.kind === 'ports' && match.flags !== undefined ? ' or its flags' : ''} are not those asked for`
    case 'conntrack':
      return `its connection is ${match.negated ? 'one of' : 'none of'} ${match.states.join(', ')}`
    case 'mark':
      return `its mark is 0x${seen.mark.toString(16)}`
    case 'addrtype':
      return `the kind of its address is not the one asked for (${printMatch(match, family).trim()})`
    case 'statistic':
      return 'the draw was against it'
    case 'recent':
      return match.operation === 'rcheck' || match.operation === 'update'
        ? `its ${match.side} is ${match.negated ? '' : 'not '}in the list ${match.name}: no packet came before`
        : `the list ${match.name} has no place for it`
    case 'set':
      return match.directions.length === 1
        ? `its ${DIRECTIONS[match.directions[0]]} ${match.directions[0] === 'src' ? seen.source : seen.destination} is ${inOrNot(match.negated)} the set ${match.name}`
        : `it is ${inOrNot(match.negated)} the set ${match.name} (${match.directions.join(',')})`
    default:
      return `this does not hold: ${printMatch(match, family).trim()}`
  }
}

const DIRECTIONS = { src: 'source', dst: 'destination' } as const

const inOrNot = (negated: boolean): string => (negated ? 'in' : 'not in')
