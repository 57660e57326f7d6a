/** `svcsim log verify`: every byte of a log against its checksums; all damage is listed, and then it is a Problem. */
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { describeDamage } from '../eventlog/scan-log.ts'
import { verifyLog } from '../eventlog/verify-log.ts'
import type { Problem } from '../problem/problem.ts'
import { withLogSource } from './log-files.ts'
import { printOut } from './print-out.ts'

export const verifyLogFiles = (path: string): TE.TaskEither<Problem, void> =>
  withLogSource(path, source => async () => {
    const verified = verifyLog(source)
    if (E.isLeft(verified)) return verified
    const { damages, eventCount, appendCount, byteCount } = verified.right
    if (damages.length === 0) {
      await printOut(`whole: ${eventCount} events in ${appendCount} appends, ${byteCount} bytes\n`)
      return E.right(undefined)
    }
    await printOut(damages.map(damage => `${damage.part}: ${describeDamage(damage)}\n`).join(''))
    const what = `${damages.length} part(s) of the log are damaged, ${eventCount} of its events are whole`
    return E.left({
      _tag: 'Damaged',
      path,
      what,
      mend: 'svcsim log recover keeps every whole append before the damage',
    })
  })
