/** Where topology hints are given and where not, in sentences. Nothing is escaped here. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf, tableNamed } from './column-values.ts'
import { counted, countText, listText, ratioText } from './number-text.ts'
import type { RunJson } from './run-json.ts'

/** Nothing where no Service asks for hints. */
export function hintSentences(run: RunJson, tables: readonly ColumnTable[]): readonly string[] {
  if (run.sweep !== null) return sweepSentences(run.sweep.path, tableNamed(tables, 'sweep'))
  const asking = run.metrics['hints.servicesAsking'] ?? 0
  const hinted = run.metrics['hints.servicesHinted'] ?? 0
  if (asking === 0) return []
  return [
    hinted === asking
      ? `Topology hints are given to ${asking === 1 ? 'the Service that asks' : `all ${countText(asking)} Services that ask`} for them.`
      : `Of ${counted(asking, 'Service')} that ask for topology hints ${countText(hinted)} have them.`,
  ]
}

function sweepSentences(path: string, sweep: ColumnTable): readonly string[] {
  const [value, asking, hinted] = ['value', 'servicesAskingHints', 'servicesHinted'].map(c => numbersOf(sweep, c))
  const steps = Array.from(value, (v, i) => ({ text: ratioText(v), asking: asking[i], hinted: hinted[i] }))
  const asked = steps.filter(s => s.asking > 0)
  if (asked.length === 0) return []
  const at = (wanted: (step: (typeof steps)[number]) => boolean): string =>
    listText(asked.filter(wanted).map(s => s.text))
  const parts = [
    ['given to all that ask for them where', at(s => s.hinted === s.asking)],
    ['given to some that ask for them where', at(s => s.hinted > 0 && s.hinted < s.asking)],
    ['withheld where', at(s => s.hinted === 0)],
  ].filter(([, values]) => values !== '')
  return [`Topology hints are ${parts.map(([what, values]) => `${what} ${path} is ${values}`).join(', ')}.`]
}
