/**
 * What each part of the answer rests on, in the words of four kinds: golden (equal to what the real program wrote), kernel (equal to what
 * the real kernel counted), fitted (prices, with their errors), assumed (the scenario's, or a default). The figures of the project's own
 * checks stand in docs/cost-model.md and the README, where the commands are that repeat them.
 */
import { percentText } from './number-text.ts'
import type { ReportTable } from './report-tables/report-table.ts'
import type { RunJson } from './run-json.ts'

export const trustTable = (run: RunJson): ReportTable => ({
  id: 'trust',
  title: 'What this rests on',
  note: '',
  columns: ['part', 'rests on', 'how it was checked'].map(title => ({ title, numeric: false })),
  rows: [
    [
      'rules of every node',
      'golden',
      'byte for byte what a real kube-proxy 1.34.9 wrote for the same objects, loaded into the real tools',
    ],
    [
      'rules evaluated, verdicts',
      'kernel',
      "every counter equal to the Linux kernel's for the same packets; svcsim verify asks yours",
    ],
    [
      'load of endpoints',
      'kernel',
      "the rules' own stored chances, drawn as the kernel does; judged by chi-square beside each Service",
    ],
    ...pricesRows(run),
    ...publishedRows(run),
    ...(run.time === null
      ? []
      : [
          [
            'length of a sync',
            'fitted',
            'to measured syncs of the real tools, by what a sync writes; docs/cost-model.md',
          ],
          [
            'delays of the control plane, watches and pods',
            'assumed',
            "distributions of the scenario; defaults from the components' documented settings",
          ],
        ]),
    ['who connects to what, and how often', 'assumed', 'traffic of the scenario'],
  ],
})

function pricesRows({ budget, modelledNs }: RunJson): readonly (readonly string[])[] {
  if (budget === null) return []
  return budget.backends.map(({ backend, fit }) => {
    const profile = modelledNs.find(m => m.backend === backend)?.profile ?? ''
    const errors =
      fit === null
        ? 'no error is known of this profile'
        : `${fit.cases} measured cases, ${percentText(fit.medianError)} off in the median, ${percentText(fit.worstError)} at worst`
    return [`nanoseconds, ${backend}`, 'fitted', `${profile}: ${errors}; another machine has other prices`]
  })
}

const publishedRows = ({ sweep }: RunJson): readonly (readonly string[])[] =>
  sweep?.published == null
    ? []
    : [['growth along the sweep', 'fitted', `two constants fitted to published figures (${sweep.published.source})`]]
