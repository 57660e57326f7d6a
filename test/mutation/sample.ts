/**
 * Which of a file's mutants are asked: all, or a random sample of them, SVCSIM_MUTATION_SHARE of 1. Each has its chance by its number, from
 * one seed, so the same are asked again as long as the source stays. Stryker asks its checkers before it runs a mutant; one that is not in
 * the sample is turned away there, and is a compile error in Stryker's words.
 */
import process from 'node:process'
import { draw32, streamSeed } from '../../src/sim/random.ts'

const SHARE = Number(process.env['SVCSIM_MUTATION_SHARE'] ?? 1)
const SEED = streamSeed('mutation', 'sample')

export const isAsked = ({ id }: { readonly id: string }): boolean =>
  draw32(SEED.low, SEED.high, Number(id), 0, 0) < SHARE * 2 ** 32

/** As Stryker finds plugins. */
export const strykerPlugins = [
  {
    kind: 'Checker',
    name: 'sample',
    value: {
      init: async (): Promise<void> => {},
      check: async (mutants: readonly { readonly id: string }[]) =>
        Object.fromEntries(
          mutants.map(m => [m.id, isAsked(m) ? { status: 'passed' } : { status: 'compileError', reason: 'not asked' }]),
        ),
    },
  },
]
