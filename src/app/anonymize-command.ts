/** `svcsim anonymize`: files of a dump under other names and addresses, all by one mapping, to stdout or into a folder. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badUsage, type Problem } from '../problem/problem.ts'
import { type AnonymousFile, anonymizeFiles } from './anonymize/anonymize-files.ts'
import { type Renamer, renamer } from './anonymize/renamer.ts'
import { readInput, writeWhole } from './files.ts'
import { ioProblem } from './io-problem.ts'
import { makeFolder } from './make-folder.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { printJson } from './print-json.ts'
import { printOut } from './print-out.ts'

export interface AnonymizeFlags extends FormatFlag {
  readonly seed?: string
  readonly out?: string
  readonly also: readonly string[]
  readonly quiet: boolean
}

export function anonymizeCommand(files: readonly string[], flags: AnonymizeFlags): TE.TaskEither<Problem, void> {
  const { seed = randomBytes(32).toString('hex'), out, also, quiet } = flags
  const format = oneOf('--format', flags.format, TEXT_OR_JSON)
  if (E.isLeft(format)) return TE.left(format.left)
  if (format.right === 'json' && out === undefined)
    return TE.left(badUsage('--format json beside a dump on stdout', 'name a folder for the dump with --out DIR'))
  if (files.length > 1 && out === undefined)
    return TE.left(badUsage(`${files.length} files for one output`, 'name a folder for them with --out DIR'))
  if (files.filter(file => file === '-').length > 1)
    return TE.left(badUsage('standard input is named twice', 'give - once'))
  const names = renamer(seed)
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`svcsim: ${text}\n`)
  }
  return pipe(
    files,
    TE.traverseSeqArray(readInput),
    TE.chainEitherK(read => anonymizeFiles(read, names)),
    TE.chain(made => (out === undefined ? printed(made) : written(out, files, made, say))),
    TE.chainTaskK(made => async () => {
      for (const text of also) say(`${text} is ${renamedWord(text, names)}`)
      const leftOut = made.flatMap(file => file.leftOut)
      for (const kind of new Set(leftOut))
        say(`${leftOut.filter(k => k === kind).length} of kind ${kind} left out: svcsim does not read it`)
      if (format.right === 'json' && out !== undefined)
        await printJson({
          files: made.map(({ kind, leftOut: kinds }, i) => ({
            from: files[i],
            to: pathOf(out, i, kind),
            leftOut: kinds,
          })),
          also: Object.fromEntries(also.map(text => [text, renamedWord(text, names)])),
        })
    }),
  )
}

/** A CIDR, an address or else the name of a node. */
const renamedWord = (text: string, names: Renamer): string =>
  names.prefix(text) ?? names.address(text) ?? names.name('node', text)

const printed = (made: readonly AnonymousFile[]): TE.TaskEither<Problem, readonly AnonymousFile[]> =>
  TE.fromTask(async () => {
    for (const { text } of made) await printOut(text)
    return made
  })

const pathOf = (out: string, i: number, kind: string): string => join(out, `${String(i + 1).padStart(2, '0')}.${kind}`)

/** Numbered, as the names of the files may tell what they must not. */
const written = (
  out: string,
  files: readonly string[],
  made: readonly AnonymousFile[],
  say: (text: string) => void,
): TE.TaskEither<Problem, readonly AnonymousFile[]> =>
  pipe(
    TE.tryCatch(
      () => makeFolder(out),
      error => ioProblem(out, 'write', error),
    ),
    TE.chain(() =>
      pipe(
        made,
        TE.traverseSeqArrayWithIndex((i, { kind, text }) => {
          const path = pathOf(out, i, kind)
          return pipe(
            writeWhole(path, new TextEncoder().encode(text)),
            TE.map(() => say(`${files[i]} is ${path}`)),
          )
        }),
      ),
    ),
    TE.map(() => made),
  )
