/** How long syncs take as Services of 5 endpoints grow, one picture a tool: dots are measured, lines what its profile says. SVG. */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { syncDurationUs } from '../../src/proxier/sync-duration.ts'
import { modeOfTool, type SyncProfile } from '../../src/scenario/sync-profile.ts'
import { MEASURED_SYNCS } from './measured-syncs.ts'
import { firstSyncs } from './priced-case.ts'

const ENDPOINTS = 5
const SIZES = [10, 30, 100, 300, 1000, 3000, 10_000, 20_000]

export function syncCostPlot(profiles: readonly SyncProfile[]): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const syncs = new Map(
    (['iptables', 'nftables'] as const).map(mode => [mode, SIZES.map(s => firstSyncs(mode, s, ENDPOINTS))]),
  )
  const lines = profiles.flatMap(profile =>
    syncs.get(modeOfTool(profile.tool))!.flatMap((pair, i) =>
      pair.map(written => ({
        tool: profile.tool,
        sync: written.isFull ? 'full' : 'partial',
        services: SIZES[i],
        seconds: syncDurationUs(written, profile) / 1e6,
      })),
    ),
  )
  const dots = MEASURED_SYNCS.filter(m => m.endpoints === ENDPOINTS).flatMap(
    ({ tool, services, fullSeconds, partialSeconds }) => [
      { tool, sync: 'full', services, seconds: fullSeconds },
      { tool, sync: 'partial', services, seconds: partialSeconds },
    ],
  )
  const channels = { x: 'services', y: 'seconds', fx: 'tool', stroke: 'sync' } as const
  const drawn = Plot.plot({
    document,
    width: 1100,
    height: 340,
    marginLeft: 50,
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: { type: 'log', label: 'Services of 5 endpoints', grid: true, tickFormat: '~s' },
    y: { type: 'log', label: 'seconds', grid: true, tickFormat: '~g' },
    fx: { label: null },
    color: { domain: ['full', 'partial'], range: ['#b3261e', '#1f5fa8'] },
    marks: [
      Plot.line(lines, { ...channels, strokeWidth: 2 }),
      Plot.dot(dots, { ...channels, r: 4, fill: 'white' }),
      Plot.text(
        lines.filter(l => l.services === 20_000),
        { x: 'services', y: 'seconds', fx: 'tool', text: 'sync', fill: 'sync', dy: -8, textAnchor: 'end' },
      ),
    ],
  })
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return drawn.outerHTML
}
