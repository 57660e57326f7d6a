/**
 * The tables of a run as Parquet or CSV files, beside its Arrow files or in another folder. Each is read and written a piece at a time,
 * so a table may be larger than memory. Parquet has the Arrow schema with it, units and descriptions included.
 */
import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { parquetPieces } from '../arrow/ipc/parquet-pieces.ts'
import { readArrowBatches, unreadable } from '../arrow/ipc/read-arrow-file.ts'
import { csvPieces } from '../output/csv-pieces.ts'
import { ofSchema } from '../output/of-schema.ts'
import type { RunJson } from '../output/run-json.ts'
import type { Problem } from '../problem/problem.ts'
import { fileOfRun } from './file-of-run.ts'
import { ioProblem } from './io-problem.ts'
import { makeFolder } from './make-folder.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { printFiles } from './print-files.ts'
import { readRunHead } from './read-run.ts'
import { writeInPieces } from './write-in-pieces.ts'

const FORMATS = ['parquet', 'csv'] as const
type Format = (typeof FORMATS)[number]

const CONVERT: Readonly<
  Record<Format, (pieces: Iterable<Uint8Array>) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>>
> = {
  parquet: parquetPieces,
  csv: pieces => csvPieces(readArrowBatches(pieces)),
}

export interface ExportFlags extends FormatFlag {
  readonly to: string
  readonly output?: string
}

/** Prints the names of the files. */
export const exportCommand = (runDir: string, { to, output, format }: ExportFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(oneOf('--format', format, TEXT_OR_JSON)),
    TE.chain(() => exportRun(runDir, to, output)),
    TE.chainTaskK(files => () => printFiles(files, format)),
  )

/** Answers with the files written. */
export function exportRun(runDir: string, to: string, outDir = runDir): TE.TaskEither<Problem, readonly string[]> {
  const known = oneOf('--to', to, FORMATS)
  if (E.isLeft(known)) return TE.left(known.left)
  const convert = CONVERT[known.right]
  return pipe(
    readRunHead(runDir),
    TE.chainFirst(() => folder(outDir)),
    TE.chain(run =>
      pipe(
        run.files.flatMap(({ name }) => (name.endsWith('.arrow') ? [name.slice(0, -'.arrow'.length)] : [])),
        TE.traverseSeqArray(name => {
          const file = join(outDir, `${name}.${to}`)
          return pipe(
            exportTable(run, join(runDir, `${name}.arrow`), name, file, convert),
            TE.map(() => file),
          )
        }),
      ),
    ),
  )
}

const folder =
  (path: string): TE.TaskEither<Problem, void> =>
  async () => {
    try {
      await makeFolder(path)
      return E.right(undefined)
    } catch (error) {
      return E.left(ioProblem(path, 'make', error))
    }
  }

const exportTable =
  (
    run: RunJson,
    from: string,
    name: string,
    to: string,
    convert: (typeof CONVERT)[Format],
  ): TE.TaskEither<Problem, void> =>
  async () => {
    let fd: number
    try {
      fd = openSync(from, 'r')
    } catch (error) {
      return E.left(ioProblem(from, 'read', error))
    }
    try {
      const { head, fields } = readArrowBatches(piecesOf(fd))
      const columns = fields.map(field => ({ name: field.name, type: field.type.kind }))
      const known = ofSchema({ ...head, columns }, name, from)
      if (E.isLeft(known)) return known
      const hash = createHash('sha256')
      return await writeInPieces(to, async take => {
        for await (const piece of convert(hashed(piecesOf(fd), hash))) take(piece)
        const own = fileOfRun(run, from, hash.digest('hex'))
        if (E.isLeft(own)) throw own
      })()
    } catch (cause) {
      return isForeign(cause) ? cause : E.left(unreadable(from, cause))
    } finally {
      closeSync(fd)
    }
  }

/** What is found out at the very end goes through the writer, which leaves nothing of the file then. */
const isForeign = (cause: unknown): cause is E.Left<Problem> =>
  typeof cause === 'object' && cause !== null && '_tag' in cause && cause._tag === 'Left'

function* hashed(pieces: Iterable<Uint8Array>, hash: Hash): Generator<Uint8Array> {
  for (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}

/** The bytes of a file from its start, a MiB at a time. */
function* piecesOf(fd: number): Generator<Uint8Array> {
  for (let position = 0; ; ) {
    const piece = new Uint8Array(1 << 20)
    const count = readSync(fd, piece, 0, piece.length, position)
    if (count === 0) return
    yield piece.subarray(0, count)
    position += count
  }
}
