/** Every rule that a packet was compared with at one node, in order, as text, and what came of it. Rules that stand for many are one row. */
import { counted, countText } from '../output/number-text.ts'
import { element } from './element.ts'
import type { WalkedHop } from './walk-path.ts'

interface RuleRow {
  readonly where: string
  readonly from: number
  to: number
  readonly rule: object
  readonly text: string
  readonly words: string
  readonly matched: boolean
  /** It stands for rules that are not in the page. */
  readonly standsIn: boolean
}

export function rulesTable(hop: WalkedHop): HTMLElement {
  const { node, steps } = hop
  const title = `Rules that were looked at on ${node.name}`
  const rows = rowsOf(hop)
  return element(
    'details',
    { open: '' },
    element('summary', {}, `${title}: ${countText(steps.length)}`),
    element(
      'div',
      { class: 'table rules', role: 'region', tabindex: 0, 'aria-label': title },
      element(
        'table',
        {},
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            ...['table and chain', 'number', 'rule', 'outcome'].map(h =>
              element('th', { scope: 'col', class: h === 'number' ? 'figures' : '' }, h),
            ),
          ),
        ),
        element('tbody', {}, ...rows.map((row, i) => rowElement(row, rows[i - 1]))),
      ),
    ),
  )
}

function rowsOf({ steps, explain }: WalkedHop): readonly RuleRow[] {
  const { hooks } = explain()
  const words = hooks.flatMap(h => h.steps)
  const rows: RuleRow[] = []
  steps.forEach(({ hook, table, chain, index, rule, matched, standsIn }, i) => {
    const where = `${hooks[hook].hook} ${table} ${chain}`
    const last = rows[rows.length - 1]
    if (last !== undefined && last.rule === rule && last.where === where && last.to === index) last.to = index + 1
    else
      rows.push({
        where,
        from: index + 1,
        to: index + 1,
        rule,
        text: words[i].rule,
        words: words[i].words,
        matched,
        standsIn,
      })
  })
  return rows
}

function rowElement(
  { where, from, to, text, words, matched, standsIn }: RuleRow,
  before: RuleRow | undefined,
): HTMLElement {
  const many = to > from
  const [, table, ...chain] = where.split(' ')
  return element(
    'tr',
    matched ? { class: 'matched' } : {},
    element('td', {}, where === before?.where ? '' : `${table} ${chain.join(' ')}`),
    element('td', { class: 'figures' }, many ? `${countText(from)}–${countText(to)}` : countText(from)),
    element(
      'td',
      {},
      standsIn ? `${counted(to - from + 1, 'rule')} of other Services, of the form ` : '',
      element('code', {}, text === '' ? 'matches everything' : text),
    ),
    element(
      'td',
      { class: matched ? 'good' : '' },
      standsIn ? 'not for this packet' : `${matched ? '✓ ' : ''}${words}`,
    ),
  )
}
