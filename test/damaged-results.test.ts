/** Arrow files of a real run, damaged at some thousand seeded places: each is refused in one sentence or read, soon and in little memory. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { beforeAll, describe, expect, it } from 'vitest'
import { run, svcsim, temporaryFolder } from './svcsim-process.ts'

const folder = temporaryFolder()
const dir = join(folder, 'run')

beforeAll(async () => {
  const file = join(folder, 'shop.yaml')
  writeFileSync(
    file,
    `name: shop
question: Is it read?
cluster: { nodes: 3, workloads: [{ name: web, count: 4, replicas: 3, service: {} }] }
traffic: { packets: 3000, packetsPerConnection: 1 }
`,
  )
  expect(await svcsim(['run', file, '--out', dir, '--quiet', '--workers', '0'])).toMatchObject({ code: 0 })
})

describe('damaged Arrow files', () => {
  // A process of its own: what loops for ever, or takes all memory, is ended from here.
  it('end in a sentence or in the right data', async () => {
    const script = join(import.meta.dirname, 'fuzz-arrow.ts')
    const limits = ['120', process.execPath, '--max-old-space-size=1024', script]
    const { code, stdout, stderr } = await run('timeout', [...limits, dir, '2000', '7'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { refused, read, peakRssMiB } = JSON.parse(stdout)
    expect(refused).toBeGreaterThan(2000)
    expect(read).toBeGreaterThan(500)
    expect(peakRssMiB).toBeLessThan(600)
  }, 150_000)
})
