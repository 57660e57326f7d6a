/**
 * Reading iptables-save text: real dumps print back byte for byte, what kube-proxy's rules print is read back the same, and no input
 * breaks the reader. Dumps of others, `*iptables-save*` in the folder named by SVCSIM_DATA, are used in place.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { randomCluster, randomConfig } from '../src/proxier/testing/random-cluster.ts'
import { countUnknown } from '../src/ruleset/count-unknown.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { printSavedRuleset } from '../src/ruleset/print-saved-ruleset.ts'
import type { SavedRuleset } from '../src/ruleset/saved-ruleset.ts'
import { randomStream } from '../src/sim/random.ts'
import { FUZZED, goldenSaves } from './fuzz-corpora.ts'
import { fuzzText } from './fuzz-text.ts'

const DATA = process.env['SVCSIM_DATA'] ?? ''
const dumps = (DATA === '' ? [] : readdirSync(DATA))
  .filter(name => name.includes('iptables-save'))
  .map(name => join(DATA, name))

function read(text: string | Uint8Array): SavedRuleset {
  const result = parseIptables(text)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}

describe('text of iptables-save', () => {
  it.each([...goldenSaves, ...dumps])('prints back as it was: %s', file => {
    const bytes = readFileSync(file)
    expect(printSavedRuleset(read(bytes))).toBe(bytes.toString('utf8'))
  })

  it('of kube-proxy holds nothing unknown', () => {
    for (const file of goldenSaves) expect(countUnknown(read(readFileSync(file)).ruleset)).toEqual([])
  })

  it.runIf(dumps.length > 0)('of others says by name and count what it holds verbatim', () => {
    const counts = Object.fromEntries(
      dumps.map(file => [
        basename(file),
        countUnknown(read(readFileSync(file)).ruleset).map(
          ({ kind, name, ruleCount }) => `${kind} ${name}: ${ruleCount}`,
        ),
      ]),
    )
    expect(counts).toEqual({
      'aks-npm-iptables-save-v2.txt': ['match owner: 1'],
      'tum-net-iptables-save-2015-09-03.txt': [],
    })
  })

  it('of any cluster is read back as the rules that were printed', () => {
    fc.assert(
      fc.property(randomCluster, randomConfig, ({ state }, config) => {
        const ruleset = iptablesRuleset(state, 'a', config, 4)
        const { ruleset: again } = read(printRuleset(ruleset))
        expect(again.tables.map(t => [t.name, [...t.chains.values()]])).toEqual(
          ruleset.tables.map(t => [t.name, [...t.chains.values()]]),
        )
      }),
    )
  })

  it('may be damaged in any way', () => {
    const { taken, refused } = fuzzText(
      FUZZED.iptables.corpus(),
      FUZZED.iptables.reprint,
      randomStream('1', 'fuzz'),
      4000,
    )
    expect(taken).toBeGreaterThan(400)
    expect(refused).toBeGreaterThan(400)
  })
})
