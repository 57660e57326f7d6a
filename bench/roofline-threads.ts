/** The roofline on several threads, each with its own table and cells over the same destinations: what a second core of this machine adds. */
import { Piscina } from 'piscina'
import type { Burst } from '../src/replay/burst.ts'
import type { Measured } from './bench-case.ts'
import { newRoofline, rooflineTimes } from './roofline.ts'
import type { RooflineShift } from './roofline-worker.ts'

/**
 * `times` over the burst's destinations, shared among the threads (0: this one), which are ready before the clock starts; the checksum counts known
 * destinations.
 */
export async function rooflineOn(threads: number, burst: Burst, times: number): Promise<Measured> {
  const sent = times * burst.destinations.ports.length
  if (threads === 0) return sent - rooflineTimes(newRoofline(burst), times)
  const pool = new Piscina({
    filename: new URL('./roofline-worker.ts', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    recordTiming: false,
  })
  const run = (total: number): Promise<number[]> =>
    Promise.all(
      Array.from({ length: threads }, (_, t) => {
        const shift: RooflineShift = {
          burst,
          times: Math.floor((total * (t + 1)) / threads) - Math.floor((total * t) / threads),
        }
        return pool.run(shift)
      }),
    )
  try {
    await run(threads)
    const start = performance.now()
    const unknown = await run(times)
    const milliseconds = performance.now() - start
    return { milliseconds, checksum: sent - unknown.reduce((a, b) => a + b, 0) }
  } finally {
    await pool.destroy()
  }
}
