/**
 * Recorded time drives a run: a watch stream with times, and (in the folder named by SVCSIM_DATA, when it is named) a SimKube trace of a
 * real cluster. Workloads come as recorded; what follows from them takes its simulated time.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()

const deployment = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'shop' } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] },
    },
  },
})
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'shop', namespace: 'default' },
  spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
}

const event = (time: string, type: string, object: object) => `${JSON.stringify({ type, time, object })}\n`

/** Runs a scenario of this recording; `more` are lines of its YAML. */
async function runRecording(
  name: string,
  files: readonly string[],
  more: readonly string[] = [],
  ...flags: readonly string[]
) {
  const dir = join(folder, name)
  mkdirSync(dir)
  const scenario = join(dir, 'scenario.yaml')
  writeFileSync(
    scenario,
    [
      `name: ${name}`,
      'question: What does the recording make of the cluster?',
      'time: { horizon: 20m }',
      'traffic: { packets: 0 }',
      `recording: { files: ${JSON.stringify(files)} }`,
      ...more,
    ].join('\n'),
  )
  const out = join(dir, 'out')
  return { out, ...(await svcsim(['run', scenario, '--workers', '0', '--quiet', '--out', out, ...flags])) }
}

const podsAt = async (out: string, at: string): Promise<string[]> => {
  const { stdout } = await svcsim(['get', 'pods', '-A', '--log', out, '--at', at])
  return stdout.trim().split('\n').slice(1)
}

describe('a watch stream with times', () => {
  it('drives the cluster', async () => {
    const stream =
      event('2026-01-31T12:00:00Z', 'ADDED', service) +
      event('2026-01-31T12:00:00Z', 'ADDED', deployment(2)) +
      event('2026-01-31T12:01:40.5Z', 'MODIFIED', deployment(5)) +
      event('2026-01-31T12:05:00Z', 'DELETED', deployment(5))
    writeFileSync(join(folder, 'stream.json'), stream)
    const { code, stderr, out } = await runRecording('stream', ['../stream.json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect((await podsAt(out, '100s')).filter(line => line.includes('1/1'))).toHaveLength(2)
    expect(await podsAt(out, '101.5s')).toHaveLength(5)
    expect((await podsAt(out, '101.5s')).filter(line => line.includes('1/1'))).toHaveLength(2)
    expect((await podsAt(out, '200s')).filter(line => line.includes('1/1'))).toHaveLength(5)
    expect(await podsAt(out, '20m')).toEqual([])
  })

  it('is refused where its clock jumps back, and sorted when asked', async () => {
    const stream =
      event('2026-01-31T12:01:00Z', 'ADDED', service) + event('2026-01-31T12:00:00Z', 'ADDED', deployment(1))
    writeFileSync(join(folder, 'jumps.json'), stream)
    const refused = await runRecording('jumps', ['../jumps.json'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/jumps\.json:2.*jumps back by 60 s/)
    expect(existsSync(refused.out)).toBe(false)
    const sorted = await runRecording('sorted', ['../jumps.json'], [], '--set', 'recording.reorder=true')
    expect(sorted.code).toBe(0)
    expect((await podsAt(sorted.out, '30s')).filter(line => line.includes('1/1'))).toHaveLength(1)
  })
})

const data = process.env['SVCSIM_DATA']
if (data !== undefined) {
  it('a SimKube trace scales the deployments it recorded', async () => {
    // The trace has no Services.
    writeFileSync(join(folder, 'service.json'), JSON.stringify(service))
    const { code, stderr, out } = await runRecording(
      'simkube',
      [join(data, 'simkube-dsb-scaling-trace.json')],
      ['cluster: { objects: [../service.json] }'],
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const trace = JSON.parse(readFileSync(join(data, 'simkube-dsb-scaling-trace.json'), 'utf8')) as {
      events: { ts: number; applied_objs: { kind: string; metadata: { name: string }; spec: { replicas: number } }[] }[]
    }
    const asked = new Map<string, number>()
    for (const { applied_objs } of trace.events)
      for (const o of applied_objs) if (o.kind === 'Deployment') asked.set(o.metadata.name, o.spec.replicas)
    const total = [...asked.values()].reduce((sum, n) => sum + n, 0)
    expect(total).toBeGreaterThan(20)
    const { stdout } = await svcsim(['get', 'pods', '-A', '--log', out])
    expect(stdout.trim().split('\n')).toHaveLength(total + 1)
  })
}
