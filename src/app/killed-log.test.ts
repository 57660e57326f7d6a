import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { right } from '../../test/make-events.ts'
import { verifyLog } from '../eventlog/verify-log.ts'
import { withLog, withLogSource } from './log-files.ts'
import { recoverLogFiles } from './recover-log-files.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcsim-killed-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Appends three times whole, then writes half of a batch, says so and waits to be killed. */
const APPENDER = `
  const { createLog } = await import(${JSON.stringify(join(import.meta.dirname, '../eventlog/event-log.ts'))})
  const { openSink } = await import(${JSON.stringify(join(import.meta.dirname, 'file-bytes.ts'))})
  const { makePodEvents } = await import(${JSON.stringify(join(import.meta.dirname, '../../test/make-events.ts'))})
  const { writeSync } = await import('node:fs')
  const { join } = await import('node:path')
  const [index, events] = ['events.idx', 'events.arrows'].map(n => openSink(join(process.argv[1], n), 'create').right)
  let isTorn = false
  const tearing = {
    ...events,
    append: bytes => {
      if (!isTorn) return events.append(bytes)
      events.append(bytes.subarray(0, bytes.length / 2))
      writeSync(1, 'torn')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    },
  }
  const log = createLog({ events: tearing, index }).right
  for (let i = 0; i < 4; i++) {
    isTorn = i === 3
    log.append(makePodEvents(500, log.nextSequence))
  }
`

it('a log whose writer was killed in the middle of an append opens, and is whole after recovery', async () => {
  const writer = spawn(process.execPath, ['--input-type=module', '--eval', APPENDER, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await once(writer.stdout, 'data')
  expect(String(said)).toBe('torn')
  writer.kill('SIGKILL')
  await once(writer, 'exit')

  const opened = right(await withLog(folder, log => TE.right({ events: log.eventCount, torn: log.torn }))())
  expect(opened).toMatchObject({ events: 1500, torn: { eventCount: 0, indexBytes: 0 } })
  expect(opened.torn?.eventBytes).toBeGreaterThan(10_000)
  expect(E.isRight(await recoverLogFiles(folder, { format: 'text' })())).toBe(true)
  const verified = right(await withLogSource(folder, source => TE.fromEither(verifyLog(source)))())
  expect([verified.eventCount, verified.damages]).toEqual([1500, []])
  expect(readdirSync(folder).sort()).toEqual([
    'events.arrows',
    'events.arrows.damaged',
    'events.idx',
    'events.idx.damaged',
  ])
})
