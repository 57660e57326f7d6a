/**
 * Files that are read or written whole. What is read is named by the user and may be anything, so its size is bounded; what is
 * written appears under its name only when all of it is on the disk: a temporary name in the same folder, fsync, rename.
 */
import type { FileHandle } from 'node:fs/promises'
import { open, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { badInput, type Problem } from '../problem/problem.ts'
import { ioProblem } from './io-problem.ts'

export interface InputFile {
  readonly name: string
  readonly bytes: Uint8Array
}

const GIB = 2 ** 30

/** A file of the user's with the name that messages give it; `-` is standard input. `smaller` says how one that is too large gets smaller. */
export const readInput = (path: string): TE.TaskEither<Problem, InputFile> =>
  readInputOr(path, 'split it, or take out what is not needed')

export const readInputOr =
  (path: string, smaller: string, mostBytes = GIB): TE.TaskEither<Problem, InputFile> =>
  async () => {
    const name = path === '-' ? 'standard input' : path
    const limit = { mostBytes, smaller }
    const bytes = await (path === '-' ? readStream(name, process.stdin, limit) : readFileOf(path, limit))
    return E.isLeft(bytes) ? bytes : E.right({ name, bytes: bytes.right })
  }

/** Writes `bytes` as the whole of the file: others see the old file or the new one. A device or pipe is written as it is. */
export const writeWhole =
  (path: string, bytes: Uint8Array): TE.TaskEither<Problem, void> =>
  async () => {
    try {
      const existing = await stat(path).catch(() => undefined)
      if (existing !== undefined && !existing.isFile()) {
        await writeFile(path, bytes)
        return E.right(undefined)
      }
      // A symbolic link stays one: what it leads to is replaced.
      await replace(existing === undefined ? path : await realpath(path), bytes)
      return E.right(undefined)
    } catch (error) {
      return E.left(ioProblem(path, 'write', error))
    }
  }

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`)
  try {
    const file = await open(partial, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
  } catch (error) {
    await unlink(partial).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

/** Makes renames in a folder outlive a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined
  try {
    folder = await open(path, 'r')
    await folder.sync()
  } catch {
    // Some file systems cannot sync folders; the rename stands, it is only not sure to outlive a loss of power.
  } finally {
    await folder?.close()
  }
}

interface SizeLimit {
  readonly mostBytes: number
  readonly smaller: string
}

async function readFileOf(path: string, limit: SizeLimit): Promise<E.Either<Problem, Uint8Array>> {
  try {
    const file = await open(path, 'r')
    try {
      const status = await file.stat()
      if (!status.isFile())
        return status.isDirectory()
          ? E.left(folderProblem(path))
          : await readStream(path, file.createReadStream({ autoClose: false }), limit)
      if (status.size > limit.mostBytes) return E.left(tooLarge(path, limit))
      return E.right(await file.readFile())
    } finally {
      await file.close()
    }
  } catch (error) {
    return E.left(ioProblem(path, 'read', error))
  }
}

async function readStream(
  name: string,
  stream: AsyncIterable<Uint8Array>,
  limit: SizeLimit,
): Promise<E.Either<Problem, Uint8Array>> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      size += chunk.length
      if (size > limit.mostBytes) return E.left(tooLarge(name, limit))
      chunks.push(chunk)
    }
  } catch (error) {
    return E.left(ioProblem(name, 'read', error))
  }
  return E.right(Buffer.concat(chunks))
}

const folderProblem = (path: string): Problem => badInput({ file: path }, 'it is a folder, not a file', 'name a file')

const tooLarge = (name: string, { mostBytes, smaller }: SizeLimit): Problem =>
  badInput(
    { file: name },
    `it is larger than ${mostBytes < GIB ? `${mostBytes / 2 ** 20} MiB` : `${mostBytes / GIB} GiB`}`,
    smaller,
  )
