/**
 * `svcsim serve`: a run folder in a browser, from 127.0.0.1 alone. Serves the files that run.json names and no others, so no path leads out
 * of the folder; answers GET and HEAD only, and only to requests that name this host (a page elsewhere cannot read it by DNS rebinding).
 */
import { createReadStream } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { RunJson } from '../output/run-json.ts'
import { badUsage, ioFailed, type Problem, quoted } from '../problem/problem.ts'
import { withInterrupt } from './interrupt.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { printJson } from './print-json.ts'
import { printOut } from './print-out.ts'
import { readRunHead } from './read-run.ts'

export interface ServeFlags extends FormatFlag {
  readonly port?: string
}

const HOST = '127.0.0.1'

export const serveCommand = (runDir: string, flags: ServeFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(portOf(flags)),
    TE.bindTo('port'),
    TE.bind('format', () => TE.fromEither(oneOf('--format', flags.format, TEXT_OR_JSON))),
    TE.bind('run', () => readRunHead(runDir)),
    TE.chain(({ port, run, format }) => withInterrupt(signal => serve(runDir, run, { port, format }, signal))),
  )

function portOf({ port = '0' }: ServeFlags): E.Either<Problem, number> {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN
  return number <= 65_535
    ? E.right(number)
    : E.left(badUsage(`--port is ${quoted(port)}`, 'use a number from 1 to 65535, or 0 for any that is free'))
}

interface Listening {
  readonly port: number
  readonly format: 'text' | 'json'
}

/** Until it is interrupted. */
const serve =
  (runDir: string, run: RunJson, { port, format }: Listening, signal: AbortSignal): TE.TaskEither<Problem, never> =>
  async () => {
    const server = createServer(handlerOf(runDir, run))
    const failed = await listening(server, port)
    if (failed !== undefined) return E.left(failed)
    const url = `http://${HOST}:${(server.address() as AddressInfo).port}/`
    await (format === 'json' ? printJson({ url, runDir }) : printOut(`${url}\n`))
    process.stderr.write(`svcsim: serving ${runDir} until Ctrl-C\n`)
    await new Promise<void>(resolve => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
    return E.left({ _tag: 'Interrupted' })
  }

const listening = (server: Server, port: number): Promise<Problem | undefined> =>
  new Promise(resolve => {
    server.once('error', error =>
      resolve(ioFailed(`${HOST}:${port}`, 'listen', error.message, 'choose another --port, or none')),
    )
    server.listen(port, HOST, () => resolve(undefined))
  })

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  md: 'text/plain; charset=utf-8',
  arrow: 'application/vnd.apache.arrow.file',
  arrows: 'application/vnd.apache.arrow.stream',
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const

function handlerOf(runDir: string, run: RunJson): (request: IncomingMessage, response: ServerResponse) => void {
  const files = new Set(['run.json', ...run.files.map(f => f.name)])
  return (request, response) => {
    void answer(request, response).catch(() => response.destroy())
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, words: string, more: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8', ...more })
      response.end(request.method === 'HEAD' ? '' : `${words}\n`)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(405, 'only GET and HEAD', { allow: 'GET, HEAD' })
    const { port } = request.socket.address() as AddressInfo
    if (![`${HOST}:${port}`, `localhost:${port}`].includes(request.headers.host ?? ''))
      return refuse(403, 'this server answers to its own address alone')
    const path = (request.url ?? '').split('?')[0]
    const name = path === '/' ? 'report.html' : path.slice(1)
    // A name without a slash that the run wrote: nothing in a URL leads elsewhere.
    if (!files.has(name) || /[/\\]|^\.\.?$/.test(name)) return refuse(404, 'the run has no such file')
    const file = join(runDir, name)
    const found = await lstat(file).catch(() => undefined)
    if (found === undefined || !found.isFile()) return refuse(404, 'the run has no such file')
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
    response.writeHead(200, { ...HEADERS, 'content-type': type, 'content-length': found.size })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response)
  }
}
