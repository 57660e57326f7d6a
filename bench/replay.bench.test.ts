import { expect, it } from 'vitest'
import { replayBench, SMALL } from './replay.bench.ts'

it('replays the small size with the same checksum on any number of workers', async () => {
  const rows = await replayBench(SMALL, [0, 1, 2])
  expect(rows.map(r => r.connections)).toEqual([200, 200, 200])
  expect(new Set(rows.map(r => r.checksum)).size).toBe(1)
})
