import { describe, expect, it } from 'vitest'
import { makeProgress, type ProgressStream } from './progress.ts'

/** A stream that remembers, and what a terminal of 80 columns would show of it. */
function makeStream(isTTY: boolean): ProgressStream & { text: () => string; screen: () => string[] } {
  let text = ''
  return {
    isTTY,
    columns: 80,
    write: (chunk: unknown) => {
      text += String(chunk)
      return true
    },
    text: () => text,
    screen: () => {
      const lines: string[][] = [[]]
      let column = 0
      for (const [token] of text.matchAll(/\u001b\[K|[\s\S]/g)) {
        const line = lines.at(-1)!
        if (token === '\u001b[K') line.length = Math.min(line.length, column)
        else if (token === '\r') column = 0
        else if (token === '\n') {
          lines.push([])
          column = 0
        } else line[column++] = token
      }
      return lines.map(line => line.join(''))
    },
  }
}

function makeClock() {
  let ms = 0
  return { nowMs: () => ms, pass: (by: number) => (ms += by) }
}

const WORK = { total: 4_000_000, unit: 'connections' }

describe('progress on a terminal', () => {
  it('is one line with a bar, the rate and the time left', () => {
    const stream = makeStream(true)
    const clock = makeClock()
    const progress = makeProgress(false, stream, clock.nowMs)
    progress.phase('replaying', WORK)
    clock.pass(2_000)
    progress.part(0.5)
    expect(stream.screen()).toEqual(['replaying [############............] 50 %, 1.0 M connections/s, 2 s left'])
    clock.pass(2_000)
    progress.part(1)
    expect(stream.screen()).toEqual(['replaying [########################] 100 %, 1.0 M connections/s'])
    progress.end()
    expect(stream.screen()).toEqual([''])
    expect(stream.text()).not.toContain('\n')
  })

  it('never mixes with what else is written', () => {
    const stream = makeStream(true)
    const progress = makeProgress(false, stream, makeClock().nowMs)
    progress.phase('making the cluster')
    stream.write('svcsim: 3 Services have no clusterIP\n')
    expect(stream.screen()).toEqual(['svcsim: 3 Services have no clusterIP', 'making the cluster'])
    progress.phase('adding up')
    progress.end()
    stream.write('done\n')
    expect(stream.screen()).toEqual(['svcsim: 3 Services have no clusterIP', 'done', ''])
  })

  it('stays within its columns and is drawn ten times a second at most', () => {
    const stream = makeStream(true)
    const clock = makeClock()
    const progress = makeProgress(false, stream, clock.nowMs)
    progress.phase('x'.repeat(200), WORK)
    for (let i = 1; i <= 1000; i++) {
      clock.pass(1)
      progress.part(i / 2000)
    }
    expect(stream.screen()[0]).toHaveLength(79)
    expect(stream.text().split('\r').length).toBeLessThan(14)
  })
})

describe('progress elsewhere', () => {
  it('is a line a phase, and one every ten seconds of a long one', () => {
    const stream = makeStream(false)
    const clock = makeClock()
    const progress = makeProgress(false, stream, clock.nowMs)
    progress.phase('making the cluster')
    progress.phase('replaying', WORK)
    for (let i = 1; i <= 25; i++) {
      clock.pass(1_000)
      progress.part(i / 100)
    }
    progress.end()
    expect(stream.text()).toBe(
      'svcsim: making the cluster\nsvcsim: replaying\n' +
        'svcsim: replaying: 10 %, 40 k connections/s, 90 s left\nsvcsim: replaying: 20 %, 40 k connections/s, 80 s left\n'.replace(
          '90 s',
          '2 min',
        ),
    )
  })

  it('is nothing with --quiet', () => {
    const stream = makeStream(true)
    const progress = makeProgress(true, stream)
    progress.phase('replaying', WORK)
    progress.part(1)
    progress.end()
    expect(stream.text()).toBe('')
  })
})
