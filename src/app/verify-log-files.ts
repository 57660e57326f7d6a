/** `svcsim log verify`: every byte of a log against its checksums; all damage is listed, and then it is a Problem. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ByteSource, LogParts } from '../eventlog/byte-store.ts'
import { describeDamage } from '../eventlog/scan-log.ts'
import { verifyLog } from '../eventlog/verify-log.ts'
import type { Problem } from '../problem/problem.ts'
import { withLogSource } from './log-files.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { printJson } from './print-json.ts'
import { printOut } from './print-out.ts'

export const verifyLogFiles = (path: string, flags: FormatFlag): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(oneOf('--format', flags.format, TEXT_OR_JSON)),
    TE.chain(format => withLogSource(path, source => verified(path, source, format))),
  )

const verified =
  (path: string, source: LogParts<ByteSource>, format: 'text' | 'json'): TE.TaskEither<Problem, void> =>
  async () => {
    const verification = verifyLog(source)
    if (E.isLeft(verification)) return verification
    const { damages, eventCount, appendCount, byteCount } = verification.right
    const isWhole = damages.length === 0
    if (format === 'json') await printJson({ whole: isWhole, eventCount, appendCount, byteCount, damages })
    else if (isWhole) await printOut(`whole: ${eventCount} events in ${appendCount} appends, ${byteCount} bytes\n`)
    else await printOut(damages.map(damage => `${damage.part}: ${describeDamage(damage)}\n`).join(''))
    if (isWhole) return E.right(undefined)
    const what = `${damages.length} part(s) of the log are damaged, ${eventCount} of its events are whole`
    return E.left({
      _tag: 'Damaged',
      path,
      what,
      mend: 'svcsim log recover keeps every whole append before the damage',
    })
  }
