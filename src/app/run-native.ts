/**
 * The programs below native/ (standard-library Python) as functions: one JSON request on stdin, one JSON answer on stdout. They do what
 * JavaScript cannot: enter network namespaces, write raw packets. Each dies with this process.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { badUsage, ioFailed, type Problem } from '../problem/problem.ts'

/** Runs the program once; `operation` is for messages. `read` makes of an answer, or of `{"problem": {kind, text}}`, what is wanted. */
export function runNative<T>(
  program: string,
  operation: string,
  request: unknown,
  read: (answer: unknown) => E.Either<Problem, T>,
): Promise<E.Either<Problem, T>> {
  return new Promise(resolve => {
    const child = spawn('python3', ['-B', join(NATIVE, program)], { stdio: 'pipe' })
    const output: Buffer[] = []
    const complaints: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
    // A child that ends early leaves a broken pipe; its exit says why.
    child.stdin.on('error', () => {})
    child.on('error', () => resolve(E.left(badUsage('python3 cannot be run', 'install Python 3.9 or later'))))
    child.on('close', code => {
      const text = Buffer.concat(output).toString('utf8')
      if (text !== '' && (code === 0 || code === 1)) resolve(read(JSON.parse(text)))
      else {
        const lastWords = Buffer.concat(complaints).toString('utf8').trim().split('\n').at(-1) ?? ''
        resolve(E.left(ioFailed('python3', operation, lastWords || `exit code ${code}`, 'run it again')))
      }
    })
    child.stdin.end(JSON.stringify(request))
  })
}

/** What to do about a problem of one of the kinds that the programs name. */
export const nativeMend = (kind: string): string => MENDS[kind] ?? 'run it again'

const NATIVE = join(import.meta.dirname, '../../native')

const MENDS: Readonly<Record<string, string>> = {
  namespaces: 'run as root, in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN',
  sysctl: 'run where /proc/sys/net may be written',
  time: 'send fewer packets',
  flows: 'send fewer flows',
}
