import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { right } from '../../test/make-events.ts'
import { badUsage } from '../problem/problem.ts'
import { openSink, openSource } from './file-bytes.ts'
import { readInput, writeWhole } from './files.ts'
import { ioProblem } from './io-problem.ts'
import { readRulesText } from './read-rules-text.ts'
import { resultPath, withResultDir } from './result-dir.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcsim-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('readInput', () => {
  it('reads a file, also an empty one', async () => {
    for (const text of ['', 'kind: Service\n']) {
      const path = join(folder, 'a.yaml')
      writeFileSync(path, text)
      const file = right(await readInput(path)())
      expect([file.name, Buffer.from(file.bytes).toString()]).toEqual([path, text])
    }
  })

  it('says what is wrong with the path', async () => {
    const missing = join(folder, 'none.yaml')
    expect(await readInput(missing)()).toMatchObject({ left: { _tag: 'BadInput', place: { file: missing } } })
    expect(await readInput(folder)()).toMatchObject({ left: { _tag: 'BadInput', what: 'it is a folder, not a file' } })
    expect(await readInput('a\u0000b')()).toMatchObject({ left: { _tag: 'IoFailed' } })
  })

  it('refuses a text of rules over 256 MiB, which other inputs may have', async () => {
    const path = join(folder, 'rules.txt')
    writeFileSync(path, '')
    truncateSync(path, 2 ** 28 + 1)
    expect(await readRulesText(path)()).toMatchObject({
      left: { what: 'it is larger than 256 MiB', place: { file: path } },
    })
    truncateSync(path, 2 ** 28)
    expect(right(await readRulesText(path)()).bytes.length).toBe(2 ** 28)
  })

  it('reads a pipe whose size is not known', () => {
    const script = `
      const { readInput } = await import(${JSON.stringify(join(import.meta.dirname, 'files.ts'))})
      for (const path of ['/dev/stdin', '-']) console.log(Buffer.from((await readInput(path)()).right.bytes).length)`
    // A pipe of the shell's: the one that spawnSync makes is a socket, which cannot be opened by path.
    const command = 'head -c 300000 /dev/zero | "$0" --input-type=module --eval "$1"'
    const { stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, script])
    expect(String(stderr)).toBe('')
    expect(String(stdout)).toBe('300000\n0\n')
  })
})

describe('writeWhole', () => {
  it('writes a new file and replaces an old one, leaving nothing else', async () => {
    const path = join(folder, 'report.html')
    for (const text of ['long text', 'x', '']) {
      right(await writeWhole(path, bytes(text))())
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
    expect(readdirSync(folder)).toEqual(['report.html'])
  })

  it('writes through a symbolic link', async () => {
    writeFileSync(join(folder, 'real'), 'old')
    symlinkSync('real', join(folder, 'link'))
    right(await writeWhole(join(folder, 'link'), bytes('new'))())
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new')
  })

  it('leaves a device what it is', async () => {
    right(await writeWhole('/dev/null', bytes('gone'))())
    expect(right(await readInput('/dev/null')()).bytes.length).toBe(0)
  })

  it('leaves the old file when it fails', async () => {
    const path = join(folder, 'none', 'report.html')
    expect(await writeWhole(path, bytes('x'))()).toMatchObject({
      left: { _tag: 'IoFailed', path, cause: 'the folder does not exist', mend: 'make it first' },
    })
    expect(await writeWhole(folder, bytes('x'))()).toMatchObject({
      left: { _tag: 'IoFailed', cause: 'it is a folder' },
    })
  })
})

describe('the words of the operating system', () => {
  it.each([
    ['ENOSPC', 'the disk is full'],
    ['EROFS', 'the file system is read-only'],
    ['EACCES', 'permission denied'],
  ])('%s is %s, and an I/O failure', (code, cause) => {
    expect(ioProblem('x', 'write', Object.assign(new Error(code), { code }))).toMatchObject({ _tag: 'IoFailed', cause })
  })

  it('a full disk is one', () => {
    const sink = right(openSink('/dev/full', 'append'))
    expect(sink.append(bytes('x'))).toMatchObject({ left: { _tag: 'IoFailed', cause: 'the disk is full' } })
    sink.close()
  })
})

describe('withResultDir', () => {
  const fill = (text: string) => (dir: string) =>
    TE.tryCatch(
      async () => {
        writeFileSync(join(dir, 'run.json'), text)
        return text
      },
      error => ioProblem(dir, 'write', error),
    )

  it('makes the folder and its parents, and replaces an earlier result', async () => {
    const dir = join(folder, 'results', 'smoke')
    for (const text of ['one', 'two']) {
      expect(right(await withResultDir(dir, fill(text))())).toBe(text)
      expect(readFileSync(join(dir, 'run.json'), 'utf8')).toBe(text)
    }
    expect(readdirSync(join(folder, 'results'))).toEqual(['smoke'])
  })

  it('leaves nothing of a run that failed, and the earlier result as it was', async () => {
    const dir = join(folder, 'smoke')
    right(await withResultDir(dir, fill('one'))())
    const problem = badUsage('no', 'no')
    expect(await withResultDir(dir, () => TE.left(problem))()).toEqual(E.left(problem))
    expect(readdirSync(folder)).toEqual(['smoke'])
    expect(readFileSync(join(dir, 'run.json'), 'utf8')).toBe('one')
  })

  it('clears away what a crash left', async () => {
    mkdirSync(join(folder, 'smoke.partial'))
    writeFileSync(join(folder, 'smoke.partial', 'stale'), '')
    right(await withResultDir(join(folder, 'smoke'), fill('one'))())
    expect(readdirSync(join(folder, 'smoke'))).toEqual(['run.json'])
  })

  it('never replaces a folder that holds no results', async () => {
    writeFileSync(join(folder, 'thesis.tex'), 'years of work')
    expect(await withResultDir(folder, fill('one'))()).toMatchObject({ left: { _tag: 'BadUsage' } })
    expect(existsSync(join(folder, 'thesis.tex'))).toBe(true)
  })

  it('says so where no folder can be made', async () => {
    writeFileSync(join(folder, 'file'), '')
    expect(await withResultDir(join(folder, 'file', 'smoke'), fill('one'))()).toMatchObject({
      left: { _tag: 'IoFailed' },
    })
    expect(await withResultDir(join(folder, 'file'), fill('one'))()).toMatchObject({ left: { _tag: 'IoFailed' } })
  })

  it.each(['', '.', '..', '../x', 'a/b', 'a\u0000', '.hidden'])('refuses the name %j', name => {
    expect(E.isLeft(resultPath(folder, name))).toBe(true)
  })

  it('refuses an endless name', () => {
    expect(E.isLeft(resultPath(folder, 'x'.repeat(300)))).toBe(true)
  })

  it('takes the names of results', () => {
    expect(resultPath('r', 'rules-detail.arrow')).toEqual(E.right(join('r', 'rules-detail.arrow')))
  })
})

describe('bytes of files', () => {
  it('are appended and read by position', () => {
    const path = join(folder, 'log')
    const sink = right(openSink(path, 'create'))
    right(sink.append(bytes('hello ')))
    right(sink.append(bytes('')))
    right(sink.append(bytes('world')))
    right(sink.flush())
    sink.close()
    const source = right(openSource(path))
    expect(source.size).toBe(11)
    expect(Buffer.from(right(source.read(6, 5))).toString()).toBe('world')
    expect(source.read(6, 6)).toMatchObject({ left: { _tag: 'IoFailed', cause: 'it ends 1 bytes early' } })
    source.close()
  })

  it('of a file that is there are not made anew', () => {
    writeFileSync(join(folder, 'log'), 'kept')
    expect(openSink(join(folder, 'log'), 'create')).toMatchObject({ left: { _tag: 'IoFailed' } })
    expect(openSource(join(folder, 'none'))).toMatchObject({ left: { _tag: 'BadInput' } })
  })
})
