/**
 * What a node's kube-proxy in nftables mode has loaded against what it would write, as diff-node.ts does for iptables mode. Compared is
 * its table: chains and their rules, elements of sets and maps. Comments, counters and what affinity sets remember are no difference,
 * nor are chains it has emptied and not yet deleted.
 */
import type { IpFamily } from '../net/ip.ts'
import { diffBags, diffSequences } from '../ruleset/diff-rules.ts'
import { nftElementMeaning, nftRuleMeaning } from '../ruleset/nft-meaning.ts'
import type { NftElement, NftRuleset, NftTable, NftVerdict } from '../ruleset/nft-ruleset.ts'
import { printNftElement, printNftRule } from '../ruleset/print-nft-rule.ts'
import { byService, type NodeDifference } from './node-difference.ts'
import { labelOfText, type ServiceLabel } from './service-labels.ts'

export function diffNftNode(loaded: NftRuleset, wanted: NftRuleset): NodeDifference[] {
  const labels = labelAddresses(loaded, wanted)
  const lefts = holdersOf(loaded, labels)
  const rights = holdersOf(wanted, labels)
  const differences: NodeDifference[] = []
  for (const key of new Set([...lefts.keys(), ...rights.keys()])) {
    const left = lefts.get(key)
    const right = rights.get(key)
    if (left === undefined || right === undefined) {
      const { place, label, lines } = (left ?? right)!
      if (left !== undefined && place.holder === 'chain' && lines.length === 0) continue
      const kind = left === undefined ? 'missing' : label === undefined ? 'foreign' : 'stale'
      differences.push({ kind, ...labelled(label), ...place, ruleCount: lines.length })
      continue
    }
    const diff = right.place.holder === 'chain' ? diffSequences : diffBags
    const meaningsOf = ({ lines }: Holder): string[] => lines.map(line => line.meaning)
    const { onlyLeft, onlyRight } = diff(meaningsOf(left), meaningsOf(right))
    const row = (kind: NodeDifference['kind'], { place, label, lines }: Holder, index: number): void => {
      const { text, label: own } = lines[index]
      differences.push({ kind, ...labelled(own ?? label), ...place, rule: { index, text }, ruleCount: 1 })
    }
    for (const i of onlyRight) row('missing', right, i)
    // A rule in the place of another is of other settings; one more, of nobody.
    for (const i of onlyLeft) {
      const isKubeProxys = (left.lines[i].label ?? left.label) !== undefined || onlyRight.length > 0
      row(isKubeProxys ? 'stale' : 'foreign', left, i)
    }
  }
  return byService(differences)
}

/** A chain with its rules, or a set or map with its elements. */
interface Holder {
  readonly place: Pick<NodeDifference, 'table' | 'holder' | 'chain'>
  /** Of all of it. */
  readonly label: ServiceLabel | undefined
  readonly lines: readonly Line[]
}

interface Line {
  readonly text: string
  readonly meaning: string
  readonly label: ServiceLabel | undefined
}

const TABLE = 'kube-proxy'

const tableOf = ({ tables }: NftRuleset): NftTable | undefined => tables.find(t => t.name === TABLE)

function holdersOf(ruleset: NftRuleset, labels: ReadonlyMap<string, ServiceLabel>): ReadonlyMap<string, Holder> {
  const holders = new Map<string, Holder>()
  const table = tableOf(ruleset)
  for (const set of table?.sets.values() ?? []) {
    const elements = set.flags.includes('dynamic') ? [] : [...set.elements]
    const lines = elements.map(([key, element]) => elementLine(key, element, labels))
    const place = { table: TABLE, holder: set.kind, chain: set.name } as const
    holders.set(`${set.kind} ${set.name}`, { place, label: labelOfName(set.name), lines })
  }
  for (const { name, rules } of table?.chains.values() ?? []) {
    const lines = rules.map(rule => ruleLine(rule, ruleset.family))
    holders.set(`chain ${name}`, {
      place: { table: TABLE, holder: 'chain', chain: name },
      label: labelOfName(name),
      lines,
    })
  }
  return holders
}

const ruleLine = (rule: Parameters<typeof nftRuleMeaning>[0], family: IpFamily): Line => ({
  text: printNftRule(rule, family),
  meaning: nftRuleMeaning(rule, family),
  label: labelOfVerdict(rule.verdict),
})

const elementLine = (key: string, element: NftElement, labels: ReadonlyMap<string, ServiceLabel>): Line => ({
  text: printNftElement(key, element),
  meaning: nftElementMeaning(key, element),
  label: labelOfElement(element) ?? labels.get(key),
})

/** The Services that addresses belong to, by what the maps say. */
function labelAddresses(...rulesets: readonly NftRuleset[]): ReadonlyMap<string, ServiceLabel> {
  const labels = new Map<string, ServiceLabel>()
  for (const ruleset of rulesets)
    for (const { kind, elements } of tableOf(ruleset)?.sets.values() ?? [])
      for (const [key, element] of kind === 'map' ? elements : []) {
        const label = labelOfElement(element)
        const [address] = key.split(' . ')
        if (label !== undefined && !labels.has(address)) labels.set(address, { ...label, port: '' })
      }
  return labels
}

const labelOfElement = ({ comment, verdict }: NftElement): ServiceLabel | undefined =>
  labelOfVerdict(verdict) ?? (comment === undefined ? undefined : labelOfText(comment))

const labelOfVerdict = (verdict: NftVerdict | undefined): ServiceLabel | undefined =>
  verdict?.kind === 'jump' || verdict?.kind === 'goto' ? labelOfName(verdict.chain) : undefined

/** `service-SUSTUHLJ-default/web/tcp/http`, `endpoint-HGNPOIJ5-default/web/tcp/http__10.244.1.5/8080`. */
function labelOfName(name: string): ServiceLabel | undefined {
  const parts =
    /^(?:service|local|external|firewall|endpoint|affinity)-[A-Z2-7]{8}-([^/]+\/[^/]+)\/(?:tcp|udp|sctp)\/([^/_]*)/.exec(
      name,
    )
  return parts === null ? undefined : { service: parts[1], port: parts[2] }
}

const labelled = (label: ServiceLabel | undefined): Pick<NodeDifference, 'label'> =>
  label === undefined ? {} : { label }
