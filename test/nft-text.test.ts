/**
 * nftables text is read and printed back as it stood: all captures of a real nft and kube-proxy (testdata/golden/README.md). And
 * transactions, done one after another, come to what nft listed after each.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../src/problem/problem.ts'
import { canonicalNft } from '../src/proxier/testing/canonical-nft.ts'
import { parseNftables } from '../src/ruleset/parse-nftables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { GOLDEN } from './golden-case.ts'

const FILES = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
const LISTED = FILES.filter(f => /\/nft6?\.txt$/.test(f))

/** Read and printed again. */
function printed(text: string): string {
  const rulesets = parseNftables(text)
  if (E.isLeft(rulesets)) throw new Error(describeProblem(rulesets.left))
  return rulesets.right.map(printNftRuleset).join('')
}

describe('nftables text', () => {
  it('has captures to read', () => {
    expect(LISTED.length).toBeGreaterThan(150)
  })

  it.each(LISTED)('%s prints back as it stood', file => {
    const text = readFileSync(join(GOLDEN, file), 'utf8')
    expect(printed(text)).toBe(text)
  })

  it.each(FILES.filter(f => /^[^/]*\/nft6?-transactions\.txt$/.test(f)))('%s comes to what nft listed', file => {
    const [folder, name] = file.split('/')
    const listing = name.replace('-transactions', '')
    let transactions = ''
    for (let step = 0; step === 0 || existsSync(join(GOLDEN, folder, `after-step-${step}`)); step++) {
      const at = join(GOLDEN, folder, step === 0 ? '' : `after-step-${step}`)
      transactions += readFileSync(join(at, name), 'utf8')
      const listed = readFileSync(join(at, listing), 'utf8')
      expect(canonicalNft(printed(transactions)), `step ${step}`).toBe(canonicalNft(listed))
    }
  })
})
