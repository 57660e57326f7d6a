/** What a node had loaded at an instant of a run over time: not what the API server had. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()

it('rules and trace show what the node had loaded, get what the API server had', async () => {
  const log = join(folder, 'udp')
  const fixed = [
    'time.delays={"watch": "200ms"}',
    'proxy={"minSyncPeriod": "5s", "syncDuration": {"partial": "300ms"}}',
  ]
  const run = await svcsim([
    'run',
    'udp-stale',
    '--packets',
    '1000',
    '--quiet',
    '--out',
    log,
    ...fixed.flatMap(s => ['--set', s]),
  ])
  expect(run.code).toBe(0)
  const at = async (time: string) => {
    const rules = await svcsim(['rules', '--log', log, '--node', 'node-2', '--at', time])
    const got = await svcsim(['get', 'endpoints', '--log', log, '--at', time])
    return {
      loaded: rules.stdout.split('\n').filter(line => line.includes('-j DNAT')).length,
      served: got.stdout.includes('5353'),
      said: rules.stderr,
    }
  }
  // Scaled to zero at 30 s: written within milliseconds, loaded by this node half a second later at the earliest.
  expect(await at('29s')).toMatchObject({ loaded: 3, served: true })
  expect(await at('30.4s')).toMatchObject({ loaded: 3, served: false })
  expect(await at('59s')).toMatchObject({ loaded: 0, served: false })
  expect((await at('59s')).said).toMatch(/^svcsim: node-2 by its sync of \d+(\.\d+)? s\n$/)
}, 60_000)
