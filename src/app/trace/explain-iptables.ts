/** A trace of iptables rules, step by step in words. */
import { formatIp } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import type { Trace, TraceStep } from '../../netfilter/trace.ts'
import { printRule } from '../../ruleset/print-iptables.ts'
import { printNatTarget } from '../../ruleset/print-verdict.ts'
import type { Ruleset, Verdict } from '../../ruleset/ruleset.ts'
import { closeTrace, describePacket } from './explain-outcome.ts'
import type { ExplainedPacket, ExplainedStep, ExplainedTrace } from './explained-trace.ts'
import { type Seen, whyNot } from './why-not.ts'

/** `draws`: the words drawn, by `TABLE CHAIN INDEX` of the rule that asked. */
export function explainIptables(
  { family }: Ruleset,
  packet: Packet,
  traced: Trace,
  draws: ReadonlyMap<string, number>,
): ExplainedTrace {
  let seen: Seen = { ...describePacket(packet), in: '', out: '' }
  const left = describePacket(traced.packet)
  let lastDraw: number | undefined
  const hooks = traced.hooks.map(({ hook, inInterface, outInterface }, h) => {
    seen = { ...seen, in: inInterface, out: outInterface }
    const steps = traced.steps.flatMap(step => {
      if (step.hook !== h) return []
      const draw = draws.get(`${step.table} ${step.chain} ${step.index}`)
      // The rules of a run share the draw of its first.
      if (draw !== undefined) lastDraw = draw
      const explained = explainStep(step, seen, left, family, lastDraw)
      seen = afterStep(step, seen, left)
      return [explained]
    })
    return { hook, in: inInterface, out: outInterface, steps }
  })
  return closeTrace(describePacket(packet), hooks, traced.outcome, traced.packet, traced.rejection)
}

function explainStep(
  { table, chain, index, rule, matched, whyNot: failed }: TraceStep,
  seen: Seen,
  left: ExplainedPacket,
  family: 4 | 6,
  draw: number | undefined,
): ExplainedStep {
  const statistic = rule.matches.find(m => m.kind === 'statistic')
  const words = matched
    ? verdictWords(rule.verdict, left)
    : failed === undefined
      ? 'chance chose another rule'
      : whyNot(failed, seen, family)
  return {
    table,
    chain,
    number: index + 1,
    rule: printRule(chain, rule, family).slice(`-A ${chain} `.length),
    matched,
    words,
    ...(statistic === undefined ? {} : { chance: statistic.threshold / 2 ** 31 }),
    ...(statistic === undefined || draw === undefined ? {} : { draw: draw / 2 ** 32 }),
  }
}

const verdictWords = (verdict: Verdict | undefined, left: ExplainedPacket): string => {
  switch (verdict?.kind) {
    case undefined:
      return 'counts the packet'
    case 'accept':
      return 'lets the packet pass this table'
    case 'drop':
      return 'drops the packet'
    case 'return':
      return 'goes back to where this chain was called'
    case 'jump':
      return `walks chain ${verdict.chain}, and comes back if nothing is decided there`
    case 'goto':
      return `goes on in chain ${verdict.chain}`
    case 'reject':
      return `refuses the packet: its sender hears ${verdict.with}`
    case 'dnat':
      return verdict.lastAddress === undefined && verdict.lastPort === undefined
        ? `sends the connection to ${formatIp(verdict.address)}${verdict.port === 0 ? '' : ` port ${verdict.port}`} instead`
        : `sends the connection to ${left.destination} port ${left.destinationPort} instead, out of ${printNatTarget(verdict)}`
    case 'redirect':
      return `sends the connection to the node itself, at ${left.destination} port ${left.destinationPort}`
    case 'snat':
      return verdict.lastAddress === undefined
        ? `the receiver will see ${formatIp(verdict.address)} as the sender`
        : `the receiver will see ${left.source} as the sender, out of ${printNatTarget(verdict)}`
    case 'masquerade':
      return 'the receiver will see the node as the sender'
    case 'mark':
      return markWords(verdict.value >>> 0, verdict.mask >>> 0)
    case 'notrack':
      return 'keeps the packet out of conntrack'
    case 'log':
    case 'nflog':
      return 'writes a line into the log'
    default:
      return verdict?.kind ?? ''
  }
}

function markWords(value: number, mask: number): string {
  const hex = (word: number): string => `0x${word.toString(16)}`
  if (mask === 0xffff_ffff) return `sets the mark to ${hex(value)}`
  if (mask === value) return `sets bits ${hex(value)} of the mark`
  if (mask === 0) return `flips bits ${hex(value)} of the mark`
  return value === 0 ? `clears bits ${hex(mask)} of the mark` : `sets bits ${hex(mask)} of the mark to ${hex(value)}`
}

function afterStep({ matched, rule: { verdict } }: TraceStep, seen: Seen, left: ExplainedPacket): Seen {
  if (!matched) return seen
  if (verdict?.kind === 'mark') return { ...seen, mark: ((seen.mark & ~verdict.mask) ^ verdict.value) >>> 0 }
  if (verdict?.kind !== 'dnat' && verdict?.kind !== 'redirect') return seen
  return { ...seen, destination: left.destination, destinationPort: left.destinationPort }
}
