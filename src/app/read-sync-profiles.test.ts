import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { SYNC_TOOLS } from '../scenario/sync-profile.ts'
import { decodeSyncProfiles, readSyncProfile, SHIPPED_SYNC_PROFILES } from './read-sync-profiles.ts'

const decode = (text: string) => decodeSyncProfiles({ name: 'here.json', bytes: new TextEncoder().encode(text) })

const complaint = (change: (file: ReturnType<typeof shipped>) => void): string => {
  const file = shipped()
  change(file)
  const read = decode(JSON.stringify(file))
  return E.isLeft(read) ? describeProblem(read.left) : 'none'
}

const shipped = () =>
  JSON.parse(readFileSync(SHIPPED_SYNC_PROFILES, 'utf8')) as {
    profiles: { tool: string; prices: Record<string, unknown> }[]
  }

describe('sync profiles', () => {
  it.each(SYNC_TOOLS)('are shipped for %s, with where they come from', async tool => {
    const read = await readSyncProfile(tool)()
    if (E.isLeft(read)) throw new Error(describeProblem(read.left))
    expect(read.right.tool).toBe(tool)
    expect(read.right.provenance.kernel).toContain('Linux')
    expect(read.right.form).not.toBe('')
  })

  it('are refused with the place of what is wrong', () => {
    expect(complaint(() => undefined)).toBe('none')
    expect(complaint(f => (f.profiles[0].prices.rule = -1))).toMatch(/^here\.json: profiles\[0\]\.prices\.rule: is -1/)
    expect(complaint(f => delete f.profiles[0].prices.setup)).toMatch(/profiles\[0\]\.prices\.setup/)
    expect(complaint(f => (f.profiles[2].prices.vmap = 1))).toMatch(/unknown key "vmap"/)
    expect(complaint(f => (f.profiles[1].tool = 'ipvs'))).toMatch(/profiles\[1\]/)
    expect(complaint(f => f.profiles.push(f.profiles[0]))).toMatch(/two profiles of one tool/)
    expect(
      complaint(
        f =>
          (f.profiles[2].prices.setStep = [
            [2, 1],
            [1, 1],
          ]),
      ),
    ).toMatch(/sizes do not rise/)
    expect(E.isLeft(decode('{'))).toBe(true)
  })

  it('say which tool has none', async () => {
    const read = await readSyncProfile('nft-1.1.3', '/nowhere.json')()
    expect(E.isLeft(read)).toBe(true)
  })
})
