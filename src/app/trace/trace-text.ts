/**
 * An explained trace as text: hook by hook, each rule with what it did or why it did nothing. Long stretches of rules that do not match are
 * told as one line, unless all are asked for.
 */

import { bracketed } from './explain-outcome.ts'
import type { ExplainedHook, ExplainedStep, ExplainedTrace } from './explained-trace.ts'

export function traceText({ packet, hooks, sentence, evaluated, modelled }: ExplainedTrace, showAll: boolean): string {
  const from = `${bracketed(packet.source)}:${packet.sourcePort}`
  const to = `${bracketed(packet.destination)}:${packet.destinationPort}`
  const lines = [`The first ${packet.protocol} packet of a connection from ${from} to ${to}`]
  for (const hook of hooks) lines.push('', hookTitle(hook), ...hookLines(hook.steps, showAll))
  const counts = Object.entries(evaluated).map(([table, count]) => `${count} in ${table}`)
  const total = Object.values(evaluated).reduce((sum, count) => sum + count, 0)
  lines.push(
    '',
    sentence,
    `${total} rule${total === 1 ? '' : 's'} evaluated${total === 0 ? '' : `: ${counts.join(', ')}`}`,
    ...(modelled === undefined ? [] : [`${modelled.ns} ns modelled, by the profile ${modelled.profile}`]),
  )
  return `${lines.join('\n')}\n`
}

const HOOK_WORDS: Readonly<Record<string, string>> = {
  PREROUTING: 'before it is known where the packet goes',
  INPUT: 'the packet is for the node itself',
  FORWARD: 'the packet goes through the node',
  OUTPUT: 'the packet comes from the node itself',
  POSTROUTING: 'just before the packet leaves',
}

function hookTitle({ hook, in: inInterface, out }: ExplainedHook): string {
  const ways = [inInterface === '' ? '' : `in by ${inInterface}`, out === '' ? '' : `out by ${out}`].filter(
    w => w !== '',
  )
  return `${hook}: ${HOOK_WORDS[hook]}${ways.length === 0 ? '' : ` (${ways.join(', ')})`}`
}

/** Of longer stretches without a match only the last rule is shown. */
const SHOWN_MISSES = 3

function hookLines(steps: readonly ExplainedStep[], showAll: boolean): string[] {
  if (steps.length === 0) return ['  no rules']
  const lines: string[] = []
  for (let i = 0; i < steps.length; ) {
    let end = i
    while (end < steps.length && isMissOf(steps[end], steps[i])) end++
    if (!showAll && end - i > SHOWN_MISSES) {
      const { table, chain, number } = steps[i]
      lines.push(`  -  ${table} ${chain} ${number}–${steps[end - 1].number}: ${end - i} rules do not match`)
      i = end
    } else lines.push(...stepLines(steps[i++]))
  }
  return lines
}

const isMissOf = (step: ExplainedStep, first: ExplainedStep): boolean =>
  !step.matched && step.chance === undefined && step.table === first.table && step.chain === first.chain

function stepLines({ table, chain, number, rule, matched, words, chance, draw }: ExplainedStep): string[] {
  const dice =
    chance === undefined
      ? ''
      : ` (chance ${shortNumber(chance)}${draw === undefined ? '' : `, drew ${shortNumber(draw)}`})`
  return [`  ${matched ? '*' : '-'}  ${table} ${chain} ${number}: ${words}${dice}`, `       ${rule}`]
}

const shortNumber = (value: number): string => `${Number(value.toPrecision(6))}`
