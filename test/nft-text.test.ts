/**
 * nftables text is read and printed back as it stood: all captures of a real nft and kube-proxy (testdata/golden/README.md). And
 * transactions, done one after another, come to what nft listed after each.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../src/problem/problem.ts'
import { canonicalNft } from '../src/proxier/testing/canonical-nft.ts'
import { parseNftables } from '../src/ruleset/parse-nftables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { randomStream } from '../src/sim/random.ts'
import { FUZZED, goldenListings, goldenTransactions } from './fuzz-corpora.ts'
import { fuzzText } from './fuzz-text.ts'
import { GOLDEN } from './golden-case.ts'

/** Read and printed again. */
function printed(text: string): string {
  const rulesets = parseNftables(text)
  if (E.isLeft(rulesets)) throw new Error(describeProblem(rulesets.left))
  return rulesets.right.map(printNftRuleset).join('')
}

describe('nftables text', () => {
  it('has captures to read', () => {
    expect(goldenListings.length).toBeGreaterThan(150)
  })

  it.each(goldenListings)('%s prints back as it stood', file => {
    const text = readFileSync(join(GOLDEN, file), 'utf8')
    expect(printed(text)).toBe(text)
  })

  it.each(goldenTransactions)('%s comes to what nft listed', file => {
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

  it('may be damaged in any way', () => {
    const { corpus, reprint } = FUZZED.nftables
    const { taken, refused } = fuzzText(corpus(), reprint, randomStream('1', 'fuzz'), 2000)
    expect(taken).toBeGreaterThan(100)
    expect(refused).toBeGreaterThan(400)
  })
})

describe('a flow file', () => {
  it('may be damaged in any way', () => {
    const { corpus, reprint } = FUZZED.flows
    const { taken, refused } = fuzzText(corpus(), reprint, randomStream('1', 'fuzz'), 4000)
    expect(taken).toBeGreaterThan(400)
    expect(refused).toBeGreaterThan(400)
  })
})
