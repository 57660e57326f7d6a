/**
 * A rule as kube-proxy writes it to iptables-restore: what iptables-save prints of it (ruleset/print-iptables.ts), in other words.
 * Comments come first, then addresses and ports in one fixed order; single addresses are bare, marks have eight digits, blanks alone
 * make quotes. Models the arguments that syncProxyRules (pkg/proxy/iptables/proxier.go) joins to lines.
 */
import type { IpPrefix } from '../net/ip.ts'
import { familyBits, formatIp, formatPrefix } from '../net/ip.ts'
import { printNatTarget } from '../ruleset/print-verdict.ts'
import type { Match, Rule, Verdict } from '../ruleset/ruleset.ts'

export interface RestoreSpelling {
  /** The source is a CIDR to kube-proxy, and written so even when it holds a single address. */
  readonly sourceIsCidr?: boolean
  /** How many endpoints the rule chooses from: itself and those of the rules after it. */
  readonly choices?: number
}

/** `-A CHAIN …`, with the end of line. */
export function restoreRule(chain: string, { matches, verdict }: Rule, spelling: RestoreSpelling = {}): string {
  let text = `-A ${chain}`
  const ordered = matches.length < 2 ? matches : [...matches].sort((a, b) => placeOf(a) - placeOf(b))
  for (const match of ordered) text += matchText(match, spelling)
  return verdict === undefined ? `${text}\n` : `${text} -j ${verdictText(verdict)}\n`
}

export const hasComment = ({ matches }: Rule): boolean => matches.some(match => match.kind === 'comment')

/** The line that makes a chain, or empties it. */
export const chainLine = (chain: string): string => `:${chain} - [0:0]\n`

/** The order in which kube-proxy's rules name their parts, all kinds of rules taken together. */
const ORDER = [
  'comment',
  'addrtype',
  'recent',
  'protocol',
  'destination',
  'ports',
  'source',
  'inInterface',
  'conntrack',
  'mark',
  'statistic',
  'nfacct',
] as const satisfies readonly Match['kind'][]

const PLACE = new Map<Match['kind'], number>(ORDER.map((kind, place) => [kind, place]))

const placeOf = (match: Match): number => PLACE.get(match.kind) ?? ORDER.length

function matchText(match: Match, { sourceIsCidr = false, choices }: RestoreSpelling): string {
  switch (match.kind) {
    case 'comment':
      return ` -m comment --comment ${match.text.includes(' ') ? `"${match.text}"` : match.text}`
    case 'addrtype':
      return ` -m addrtype ${match.source === undefined ? '--dst-type' : '--src-type'} LOCAL`
    case 'recent':
      return match.operation === 'set'
        ? ` -m recent --name ${match.name} --set`
        : ` -m recent --name ${match.name} --${match.operation} --seconds ${match.seconds} --reap`
    case 'protocol':
      return ` -m ${match.protocol} -p ${match.protocol}`
    case 'destination':
      return prefixText('-d', match.prefix, match.negated, match.negated)
    case 'ports':
      return match.destination === undefined ? '' : ` --dport ${match.destination.from}`
    case 'source':
      return prefixText('-s', match.prefix, match.negated, match.negated || sourceIsCidr)
    case 'inInterface':
      return `${match.negated ? ' !' : ''} -i ${match.name}`
    case 'conntrack':
      return ` -m conntrack${match.negated ? ' !' : ''} --ctstate ${match.states.join(',')}`
    case 'mark':
      return ` -m mark${match.negated ? ' !' : ''} --mark ${eightDigits(match.value)}/${eightDigits(match.mask)}`
    case 'statistic':
      if (choices === undefined) throw new Error('a random choice without the number of choices')
      return ` -m statistic --mode random --probability ${tenDecimals(choices)}`
    case 'nfacct':
      return ` -m nfacct --nfacct-name ${match.name}`
    default:
      throw new Error(`kube-proxy writes no match ${match.kind}`)
  }
}

function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'accept':
      return 'ACCEPT'
    case 'drop':
      return 'DROP'
    case 'return':
      return 'RETURN'
    case 'jump':
      return verdict.chain
    case 'reject':
      return 'REJECT'
    case 'dnat':
      return `DNAT --to-destination ${printNatTarget(verdict)}`
    case 'masquerade':
      return `MASQUERADE${verdict.randomFully ? ' --random-fully' : ''}`
    case 'mark':
      return `MARK --${verdict.mask === 0 ? 'xor' : 'or'}-mark ${eightDigits(verdict.value)}`
    default:
      throw new Error(`kube-proxy writes no verdict ${verdict.kind}`)
  }
}

/** CIDRs keep their length; a single address of a Service, an endpoint or the node is written without. */
function prefixText(option: string, prefix: IpPrefix, negated: boolean, isCidr: boolean): string {
  const bare = !isCidr && prefix.length === familyBits(prefix.family)
  return `${negated ? ' !' : ''} ${option} ${bare ? formatIp(prefix) : formatPrefix(prefix)}`
}

const eightDigits = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`

/**
 * `0.3333333333`: 1 in `choices` as Go's `%0.10f` has it. JavaScript and Go round the exact value of the double alike, but for a tie,
 * which 1/2048 alone makes (0.00048828125): Go goes to the even digit.
 */
const tenDecimals = (choices: number): string => (choices === 2048 ? '0.0004882812' : (1 / choices).toFixed(10))
