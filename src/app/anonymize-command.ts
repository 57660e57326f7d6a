/** `svcsim anonymize`: files of a dump under other names and addresses, all by one mapping, to stdout or into a folder. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badUsage, type Problem } from '../problem/problem.ts'
import { type AnonymousFile, anonymizeFiles } from './anonymize/anonymize-files.ts'
import { type Renamer, renamer } from './anonymize/renamer.ts'
import { readInput, writeWhole } from './files.ts'
import { ioProblem } from './io-problem.ts'
import { printOut } from './print-out.ts'

export interface AnonymizeFlags {
  readonly seed?: string
  readonly out?: string
  readonly also: readonly string[]
  readonly quiet: boolean
}

export function anonymizeCommand(files: readonly string[], flags: AnonymizeFlags): TE.TaskEither<Problem, void> {
  const { seed = randomBytes(32).toString('hex'), out, also, quiet } = flags
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
    TE.chainIOK(made => () => {
      for (const text of also) say(`${text} is ${renamedWord(text, names)}`)
      const leftOut = made.flatMap(file => file.leftOut)
      for (const kind of new Set(leftOut))
        say(`${leftOut.filter(k => k === kind).length} of kind ${kind} left out: svcsim does not read it`)
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

/** Numbered, as the names of the files may tell what they must not. */
const written = (
  out: string,
  files: readonly string[],
  made: readonly AnonymousFile[],
  say: (text: string) => void,
): TE.TaskEither<Problem, readonly AnonymousFile[]> =>
  pipe(
    TE.tryCatch(
      () => mkdir(out, { recursive: true }),
      error => ioProblem(out, 'write', error),
    ),
    TE.chain(() =>
      pipe(
        made,
        TE.traverseSeqArrayWithIndex((i, { kind, text }) => {
          const path = join(out, `${String(i + 1).padStart(2, '0')}.${kind}`)
          return pipe(
            writeWhole(path, new TextEncoder().encode(text)),
            TE.map(() => say(`${files[i]} is ${path}`)),
          )
        }),
      ),
    ),
    TE.map(() => made),
  )
