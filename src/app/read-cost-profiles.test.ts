import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COST_BACKENDS, type CostProfile } from '../netfilter/cost/cost-profile.ts'
import { describeProblem } from '../problem/problem.ts'
import { readCostProfile, readCostProfiles } from './read-cost-profiles.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcsim-profiles-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const words = async (flag: string | undefined): Promise<string> => {
  const read = await readCostProfile(flag, 'iptables-legacy')()
  return E.isLeft(read) ? describeProblem(read.left).replaceAll(folder, 'DIR') : read.right.backend
}

async function shipped(): Promise<readonly CostProfile[]> {
  // In the order of COST_BACKENDS.
  const read = await readCostProfiles(undefined)()
  if (E.isLeft(read)) throw new Error(describeProblem(read.left))
  return Object.values(read.right)
}

describe('--cost-profile', () => {
  it('is by default the shipped profiles, one a backend', async () => {
    expect((await shipped()).map(p => p.backend)).toEqual(COST_BACKENDS)
    expect(await words(undefined)).toBe('iptables-legacy')
  })

  it('names a shipped profile, a file, or one in a file', async () => {
    const file = join(folder, 'here.json')
    writeFileSync(file, JSON.stringify({ profiles: (await shipped()).slice(0, 2) }))
    expect(await words('nftables')).toBe('nftables')
    expect(await words(file)).toBe('iptables-legacy')
    expect(await words(`${file}#iptables-nft`)).toBe('iptables-nft')
    const all = await readCostProfiles(file)()
    expect(E.isLeft(all) && describeProblem(all.left).replaceAll(folder, 'DIR')).toMatch(
      /^DIR\/here.json: holds no profile "nftables"/,
    )
    expect(await words(`${file}#nftables`)).toBe(
      'DIR/here.json: holds no profile "nftables"; there are iptables-legacy, iptables-nft',
    )
  })

  it('says what is wrong with a file', async () => {
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, '{"profiles"')
    expect(await words(broken)).toBe('DIR/broken.json: is no JSON; give a file that svcsim calibrate wrote')
    expect(await words(join(folder, 'none.json'))).toBe('DIR/none.json: there is no such file; check the path')
    const one = await readCostProfiles('nftables')()
    expect(E.isLeft(one) && describeProblem(one.left)).toBe(
      '--cost-profile "nftables" names one backend; a run prices all: write the file alone',
    )
  })
})
