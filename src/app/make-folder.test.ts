import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeFolder } from './make-folder.ts'

const base = mkdtempSync(join(tmpdir(), 'svcsim-folder-'))
afterAll(() => rmSync(base, { recursive: true }))

describe('makeFolder', () => {
  it('makes a folder and all above it, and leaves one that is there', async () => {
    await makeFolder(join(base, 'a', 'b', 'c'))
    expect(statSync(join(base, 'a', 'b', 'c')).isDirectory()).toBe(true)
    await makeFolder(join(base, 'a', 'b', 'c'))
    mkdirSync(join(base, 'd'))
    await makeFolder(join(base, 'd', 'e'))
    expect(statSync(join(base, 'd', 'e')).isDirectory()).toBe(true)
  })

  it('says what is in the way', async () => {
    writeFileSync(join(base, 'file'), '')
    await expect(makeFolder(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeFolder(join(base, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  // Only Linux has such a place.
  it.runIf(process.platform === 'linux')('gives up where nothing can be made', async () => {
    await expect(makeFolder('/proc/svcsim/results')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
