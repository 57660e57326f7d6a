/**
 * What a node's kube-proxy has loaded against what it would write: the rules and chains that are missing, stale (kube-proxy's own, of
 * other objects or other settings) or foreign (nobody's that kube-proxy knows), each with its Service. Compared is kube-proxy's part
 * alone: KUBE- chains and the jumps to them; what the kubelet keeps there is no difference, nor are counters, comments, the order of
 * Services, or the spelling of another release.
 */
import { type DiffScope, diffRulesets } from '../ruleset/diff-ruleset.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import { ruleMeaning } from '../ruleset/rule-meaning.ts'
import type { Rule, Ruleset } from '../ruleset/ruleset.ts'
import { DISPATCH_CHAINS, DISPATCH_NAMES } from './base-chains.ts'
import { byService, type NodeDifference } from './node-difference.ts'
import { type ChainLabels, isServicePortChain, labelChains, labelOfRule } from './service-labels.ts'

/** By Service and its port; what is no Service's last. */
export function diffNode(loaded: Ruleset, wanted: Ruleset): NodeDifference[] {
  const labels = labelChains(loaded, wanted)
  const differences: NodeDifference[] = []
  for (const { table, name, left, right, onlyLeft, onlyRight } of diffRulesets(loaded, wanted, SCOPE)) {
    const place = { table, holder: 'chain', chain: name } as const
    const row = (kind: NodeDifference['kind'], { rules }: { readonly rules: readonly Rule[] }, index: number): void => {
      const text = printRule(name, rules[index], loaded.family).slice(`-A ${name} `.length)
      differences.push({
        kind,
        ...labelled(labels, place, rules[index]),
        ...place,
        rule: { index, text },
        ruleCount: 1,
      })
    }
    const whole = (kind: NodeDifference['kind'], ruleCount: number): void => {
      differences.push({ kind, ...labelled(labels, place), ...place, ruleCount })
    }
    const extra = onlyLeft.filter(i => !isKubelets(name, left!.rules[i], loaded))
    if (right === undefined && left !== undefined && isKubeChain(name)) {
      if (extra.length > 0 || !KUBELET_SHARES.has(name))
        whole(isServicePortChain(name) ? 'stale' : 'foreign', left.rules.length)
      continue
    }
    if (left === undefined && right !== undefined && isKubeChain(name)) {
      whole('missing', right.rules.length)
      continue
    }
    for (const i of onlyRight) row('missing', right!, i)
    for (const i of extra) row(isKubeProxys(name, left!.rules[i]) ? 'stale' : 'foreign', left!, i)
  }
  return byService(differences)
}

const isKubeChain = (chain: string): boolean => chain.startsWith('KUBE-')

/** Chains that the kubelet alone keeps. */
const KUBELET_CHAINS = new Set(['KUBE-KUBELET-CANARY', 'KUBE-IPTABLES-HINT', 'KUBE-MARK-DROP'])

/** The chain that the kubelet and kube-proxy both write to. */
const KUBELET_SHARES = new Set(['KUBE-FIREWALL'])

/** What the kubelet writes there, by its comments. */
const KUBELET_COMMENTS = ['block incoming localnet connections', 'kubernetes firewall for dropping marked packets']

const DISPATCH_PLACES = new Set(DISPATCH_NAMES.map(d => `${DISPATCH_CHAINS[d].table} ${DISPATCH_CHAINS[d].name}`))

const SCOPE: DiffScope = {
  hasChain: (_table, chain) => isKubeChain(chain) && !KUBELET_CHAINS.has(chain),
  hasRule: ({ verdict }) =>
    (verdict?.kind === 'jump' || verdict?.kind === 'goto') &&
    isKubeChain(verdict.chain) &&
    !KUBELET_CHAINS.has(verdict.chain),
  isOrdered: (table, chain) => !DISPATCH_PLACES.has(`${table} ${chain}`),
}

function isKubelets(chain: string, rule: Rule, { family }: Ruleset): boolean {
  if (!KUBELET_SHARES.has(chain))
    return (
      rule.verdict?.kind === 'jump' &&
      KUBELET_SHARES.has(rule.verdict.chain) &&
      ruleMeaning(rule, family) === ` -j ${rule.verdict.chain}`
    )
  return rule.matches.some(m => m.kind === 'comment' && KUBELET_COMMENTS.includes(m.text))
}

/** Verdicts of kube-proxy's rules that carry no comment. */
const PLAIN_VERDICTS: ReadonlySet<string> = new Set(['mark', 'return', 'masquerade', 'dnat'])

/** Whether some kube-proxy may have written the rule. */
function isKubeProxys(chain: string, rule: Rule): boolean {
  const { matches, verdict } = rule
  if (labelOfRule(rule) !== undefined) return true
  if (matches.some(m => m.kind === 'comment'))
    return matches.some(m => m.kind === 'comment' && m.text.startsWith('kubernetes '))
  if (verdict?.kind === 'jump')
    return isServicePortChain(verdict.chain) || (isServicePortChain(chain) && verdict.chain === 'KUBE-MARK-MASQ')
  return (
    PLAIN_VERDICTS.has(verdict?.kind ?? '') &&
    (isServicePortChain(chain) || chain === 'KUBE-MARK-MASQ' || chain === 'KUBE-POSTROUTING')
  )
}

function labelled(
  labels: ChainLabels,
  place: { readonly table: string; readonly chain: string },
  rule?: Rule,
): Pick<NodeDifference, 'label'> {
  const jump = rule?.verdict?.kind === 'jump' ? rule.verdict.chain : ''
  const label =
    (rule === undefined ? undefined : labelOfRule(rule)) ??
    labels.get(`${place.table} ${place.chain}`) ??
    labels.get(`${place.table} ${jump}`)
  return label === undefined ? {} : { label }
}
