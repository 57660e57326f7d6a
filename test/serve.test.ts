/** `svcsim serve`: what it hands out, to whom, and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { arrowFileOf } from '../src/arrow/ipc/write-arrow-file.ts'
import { runJsonText } from '../src/output/run-json.ts'
import { makeRun } from './make-run-json.ts'
import { BIN, svcsim, temporaryFolder } from './svcsim-process.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const folder = temporaryFolder()
const dir = join(folder, 'results')
let server: ChildProcess
let port: number

/** The path goes out as it is written: no client tidies it. */
const ask = (path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })

beforeAll(async () => {
  const names = ['report.html', 'link.json', 'missing.md', '..']
  const { run, tables } = makeRun({}, { otherFiles: names.map(name => ({ name, description: '' })) })
  mkdirSync(dir)
  writeFileSync(join(dir, 'run.json'), runJsonText(run))
  writeFileSync(join(dir, 'report.html'), '<!doctype html><title>report</title>')
  writeFileSync(join(dir, 'private.txt'), 'not of the run')
  writeFileSync(join(folder, 'secret.json'), 'secret')
  symlinkSync(join(folder, 'secret.json'), join(dir, 'link.json'))
  for (const table of tables) writeFileSync(join(dir, `${table.name}.arrow`), arrowFileOf(table, {}))
  server = spawn(process.execPath, [BIN, 'serve', dir], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [line] = (await once(server.stdout!, 'data')) as [Buffer]
  port = Number(/^http:\/\/127\.0\.0\.1:(\d+)\/\n$/.exec(line.toString())![1])
})

afterAll(() => {
  server?.kill('SIGKILL')
})

describe('svcsim serve', () => {
  it('hands out the report and the files of the run, as they are', async () => {
    const report = await ask('/')
    expect([report.status, report.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(report.body.toString()).toContain('<title>report</title>')
    const arrow = await ask('/services.arrow?again')
    expect([arrow.status, arrow.headers['content-type']]).toEqual([200, 'application/vnd.apache.arrow.file'])
    expect(arrow.body.equals(readFileSync(join(dir, 'services.arrow')))).toBe(true)
    expect((await ask('/run.json')).headers['x-content-type-options']).toBe('nosniff')
  })

  it('answers HEAD with the length alone', async () => {
    const { status, headers, body } = await ask('/nodes.arrow', 'HEAD')
    expect([status, body.length]).toEqual([200, 0])
    expect(Number(headers['content-length'])).toBe(readFileSync(join(dir, 'nodes.arrow')).length)
  })

  it.each([
    '/../secret.json',
    '/%2e%2e/secret.json',
    '/..',
    '/..%2fsecret.json',
    '//secret.json',
    '/./run.json',
    '/results/../../secret.json',
    '/private.txt',
    '/link.json',
    '/missing.md',
    '/report.html%00',
    '/__proto__',
    'http://127.0.0.1/run.json',
    '*',
  ])('has nothing at %s', async path => {
    const { status, body } = await ask(path)
    expect(status).toBe(404)
    expect(body.toString()).toBe('the run has no such file\n')
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', async method => {
    const { status, headers } = await ask('/', method)
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost', '127.0.0.1:1'])(
    'does not answer to the name %s',
    async host => {
      expect((await ask('/', 'GET', { host })).status).toBe(403)
    },
  )

  it('answers to localhost and its own port', async () => {
    expect((await ask('/', 'GET', { host: `localhost:${port}` })).status).toBe(200)
  })

  it('ends with 130 at Ctrl-C, even while somebody is connected', async () => {
    const open = request({ host: '127.0.0.1', port, path: '/', agent: false, headers: { connection: 'keep-alive' } })
    open.on('error', () => {})
    open.end()
    await once(open, 'response')
    const ended = once(server, 'exit')
    server.kill('SIGINT')
    expect((await ended)[0]).toBe(130)
  })
})

describe('svcsim serve refuses, in one sentence,', () => {
  it.each([
    ['a port that is none', ['serve', dir, '--port', 'http'], 2, '--port is "http"'],
    ['a port that is too high', ['serve', dir, '--port', '65536'], 2, '--port is "65536"'],
    [
      'a folder that is not there',
      ['serve', join(folder, 'none')],
      2,
      `${join(folder, 'none')}: there is no such folder`,
    ],
    ['a folder without a run', ['serve', folder], 2, 'there is no run.json in it'],
  ])('%s', async (_, args, code, words) => {
    const ended = await svcsim(args)
    expect([ended.code, ended.stdout]).toEqual([code, ''])
    expect(ended.stderr).toContain(words)
    expect(ended.stderr.trim().split('\n').length).toBe(1)
  })

  it('a run that is still going on', async () => {
    mkdirSync(join(folder, 'going.partial'))
    const { code, stderr } = await svcsim(['serve', join(folder, 'going')])
    expect([code, stderr]).toEqual([2, expect.stringContaining('its run is still going on')])
  })

  it('a port that somebody else has', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const taken = String((other.address() as { port: number }).port)
    const { code, stderr } = await svcsim(['serve', dir, '--port', taken])
    other.close()
    expect(code).toBe(3)
    expect(stderr).toContain(`127.0.0.1:${taken}: cannot listen`)
  })
})
