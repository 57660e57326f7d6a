/**
 * report.html: one page that answers the scenario's question in a sentence and three numbers, then shows the load, the cost and their
 * tables. A function of run.json and the result tables alone, so `svcsim report` makes the same page again from a run folder.
 * Self-contained: inline SVG, one inline style sheet, at most one inline script, no font, no request; the content security policy in its
 * head allows nothing else. Without the script all is there but tooltips and the path of a packet. Every text is the user's and is escaped (html.ts). Importing this loads Observable Plot: import it when it is needed.
 */
import { createHash } from 'node:crypto'
import type { ColumnTable } from '../arrow/column-table.ts'
import { hasAffinity } from './affinity-findings.ts'
import type { ChartFigure } from './chart-figure.ts'
import { tableNamed } from './column-values.ts'
import { hasConntrack } from './conntrack-findings.ts'
import { modelledCostChart, rulesEvaluatedChart } from './cost-charts.ts'
import { endpointLoadChart } from './endpoint-load-chart.ts'
import { type Findings, findings } from './findings.ts'
import { dataElement, type Html, html, scriptElement, styleElement } from './html.ts'
import { figureElement, tableElement } from './html-elements.ts'
import { nodeLoadChart } from './node-load-chart.ts'
import { counted, countText } from './number-text.ts'
import type { PacketPaths } from './paths/packet-paths.ts'
import { publishedChart } from './published-chart.ts'
import { REPORT_STYLE } from './report-style.ts'
import type { ReportTable } from './report-tables/report-table.ts'
import type { RunJson } from './run-json.ts'
import { scopeText } from './scope-text.ts'
import { hasTimes, sweepCostChart, sweepEvennessChart, sweepTimeChart } from './sweep-chart.ts'
import {
  sweepAffinityChart,
  sweepFailuresChart,
  sweepLatencyChart,
  sweepPodLoadChart,
  sweepTableDropsChart,
  sweepTablesChart,
} from './sweep-time-charts.ts'
import { timelineCharts } from './timeline-charts.ts'
import { zoneLoadChart } from './zone-load-chart.ts'

/** What the page does by itself. */
export interface PageParts {
  /** app/page-script.ts */
  readonly script?: string | undefined
  readonly paths?: PacketPaths | undefined
}

export function htmlReport(
  run: RunJson,
  tables: readonly ColumnTable[],
  { script, paths }: PageParts = {},
  found = findings(run, tables),
): string {
  const table = (id: ReportTable['id']): readonly Html[] => found.shown.filter(t => t.id === id).map(tableElement)
  const own = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const scripts = script === undefined ? '' : ` script-src ${own(script)};`
  const policy = `default-src 'none'; style-src ${own(REPORT_STYLE)};${scripts} base-uri 'none'; form-action 'none'`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${run.scenario}: ${run.question}</title>
${styleElement(REPORT_STYLE)}
</head>
<body>
${head(run, found)}
<main>
${run.time === null ? html`<section class="first">${table('budget')}</section>` : []}
${run.sweep === null ? [] : sweepSection(run, run.sweep, tables, [...table('published'), ...table('steps')])}
${timeSection(timelineCharts(run, tables), [...table('outcomes'), ...table('latency')])}
<section>
<h2>What a new connection pays</h2>
${run.time === null ? [] : table('budget')}
<div class="side">
${figureElement(rulesEvaluatedChart(run, tables))}
<div>${table('cost')}</div>
</div>
${
  run.modelledNs.length === 0
    ? []
    : html`<div class="side">
${figureElement(modelledCostChart(run, tables))}
<div>${table('modelled')}</div>
</div>`
}
${table('chains')}
</section>
${script === undefined || paths === undefined ? [] : pathSection(paths)}
<section>
<h2>How even the load is</h2>
<div class="side">
${figureElement(endpointLoadChart(tables))}
<div>${table('overall')}</div>
</div>
${table('worst')}
</section>
<section>
<h2>Nodes and zones</h2>
<div class="halves">
${figureElement(nodeLoadChart(tables))}
${figureElement(zoneLoadChart(tables))}
</div>
${table('zones')}
${table('detail')}
</section>
<section>
<h2>The run</h2>
${table('thresholds')}
<div class="side">
<div>${table('inputs')}</div>
<div>${table('head')}</div>
</div>
${table('trust')}
</section>
</main>
<footer>
${scopeText(run).map(paragraph => html`<p>${paragraph}</p>`)}
</footer>
${script === undefined ? [] : scriptElement(script)}
</body>
</html>
`
  return page.markup
}

function head(run: RunJson, { answer, keyNumbers }: Findings): Html {
  return html`<header>
<p class="name">svcsim · ${run.scenario} · seed ${run.seed}</p>
<h1>${run.question}</h1>
<p class="answer">${answer.join(' ')}</p>
${verdict(run)}
${run.warnings.map(warning => html`<p class="warning">${warning}</p>`)}
<dl class="numbers">
${keyNumbers.map(k => html`<div><dt>${k.label}</dt><dd class="value">${k.value}</dd><dd class="note">${k.note}</dd></div>`)}
</dl>
</header>`
}

function verdict({ thresholds }: RunJson): readonly Html[] {
  const failed = thresholds.filter(t => !t.passed).length
  if (thresholds.length === 0) return []
  return failed === 0
    ? [html`<p class="verdict good">✓ ${counted(thresholds.length, 'threshold')} passed</p>`]
    : [html`<p class="verdict bad">✗ ${countText(failed)} of ${counted(thresholds.length, 'threshold')} failed</p>`]
}

const timeSection = (figures: readonly ChartFigure[], shown: readonly Html[]): Html | readonly Html[] =>
  figures.length === 0
    ? []
    : html`<section>
<h2>Over time</h2>
<div class="halves">
${figures.map(figureElement)}
</div>
${shown}
<p class="note">Everything below is how the same connections find the cluster at the horizon.</p>
</section>`

const sweepSection = (
  { time, budget }: RunJson,
  { path, published }: NonNullable<RunJson['sweep']>,
  tables: readonly ColumnTable[],
  steps: readonly Html[],
): Html => html`<section>
<h2>Along the sweep of <code>${path}</code></h2>
<div class="halves">
${time !== null ? [figureElement(sweepFailuresChart(path, tables)), figureElement(sweepLatencyChart(path, tables))] : []}
${hasAffinity(tableNamed(tables, 'sweep')) ? [figureElement(sweepPodLoadChart(path, tables)), figureElement(sweepAffinityChart(path, tables))] : []}
${hasConntrack(tableNamed(tables, 'sweep')) ? [figureElement(sweepTableDropsChart(path, tables)), figureElement(sweepTablesChart(path, tables))] : []}
${figureElement(sweepCostChart(path, tables))}
${hasTimes(tables) ? figureElement(sweepTimeChart(path, tables, budget)) : []}
${published === null ? [] : figureElement(publishedChart(path, published, tables))}
${figureElement(sweepEvennessChart(path, tables))}
</div>
${steps}
<p class="note">Numbers above that name no value of the sweep, and everything below, are of the last step.</p>
</section>`

/** What stands for the rules of Services that are not in the page. */
const OTHERS: Readonly<Record<PacketPaths['mode'], string>> = {
  iptables: 'the others are counted where they stand',
  nftables: 'the others are elements of the same maps, where a look-up costs the same however many there are',
}

const pathSection = (paths: PacketPaths): Html => {
  const offered = new Set(paths.destinations.map(d => `${d.family} ${d.service}`)).size
  const some = offered === paths.servicePorts ? 'all' : `${countText(offered)} of`
  return html`<section>
<h2>The path of a packet</h2>
<p class="note">The first packet of a connection, walked rule by rule in this page by the engine that judges all others. In the page are the rules that packets to ${some} ${counted(paths.servicePorts, 'Service port')} can meet on ${counted(paths.nodes.filter(n => n.why !== '').length, 'node')}; ${OTHERS[paths.mode]}.</p>
<div id="path"><noscript>This part needs JavaScript.</noscript></div>
${dataElement('packet-paths', paths)}
</section>`
}
