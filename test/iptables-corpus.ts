/** Texts of iptables-save to start fuzzing from: what a real kube-proxy left in the kernel, and rulesets with every kind of match. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { printSavedRuleset } from '../src/ruleset/print-saved-ruleset.ts'
import { randomSavedRuleset } from '../src/ruleset/testing/random-saved-ruleset.ts'
import type { Reprint } from './fuzz-text.ts'

export const GOLDEN = join(import.meta.dirname, '../testdata/golden')

/** Paths of the goldens' iptables-save texts, of both families and all steps. */
export const goldenSaves: readonly string[] = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
  .filter(name => /ip6?tables-save\.txt$/.test(name))
  .sort()
  .map(name => join(GOLDEN, name))

export const iptablesCorpus = (): string[] => [
  ...goldenSaves.map(file => readFileSync(file, 'utf8')),
  ...([4, 6] as const).flatMap(family =>
    fc.sample(randomSavedRuleset(family), { numRuns: 30, seed: 1 }).map(printSavedRuleset),
  ),
]

export const reprintIptables: Reprint = text => pipe(parseIptables(text), E.map(printSavedRuleset))
