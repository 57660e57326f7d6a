/** What the operating system said -> a Problem with words for it and something to do about it. */
import { badInput, ioFailed, type Problem } from '../problem/problem.ts'

/** `operation` completes "cannot …", as `read` or `write`. */
export function ioProblem(path: string, operation: string, error: unknown): Problem {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (operation === 'read' && (code === 'ENOENT' || code === 'ENOTDIR'))
    return badInput({ file: path }, 'there is no such file', 'check the path')
  if (operation === 'read' && code === 'EISDIR')
    return badInput({ file: path }, 'it is a folder, not a file', 'name a file')
  const known = WORDS[code]
  if (known !== undefined) return ioFailed(path, operation, known[0], known[1])
  return ioFailed(path, operation, error instanceof Error ? error.message : String(error), 'try again')
}

const WORDS: Readonly<Record<string, readonly [cause: string, mend: string]>> = {
  EACCES: ['permission denied', 'change the permissions, or choose another place'],
  EPERM: ['the operation is not permitted', 'change the permissions, or choose another place'],
  EROFS: ['the file system is read-only', 'choose another place'],
  ENOSPC: ['the disk is full', 'make room, or choose another place'],
  EDQUOT: ['the disk quota is used up', 'make room, or choose another place'],
  ENOENT: ['the folder does not exist', 'make it first'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'choose another place'],
  EISDIR: ['it is a folder', 'name a file'],
  EFBIG: ['the file would be larger than this system allows', 'choose another place'],
  EMFILE: ['too many files are open', 'raise the limit (ulimit -n)'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter one'],
  ELOOP: ['its symbolic links run in a circle', 'mend the links'],
  EIO: ['the device failed', 'check the disk'],
}
