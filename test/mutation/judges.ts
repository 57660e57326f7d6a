/** All tests of the slice as one file: one worker and one import of the sources a mutant, where most of the time goes. */
import process from 'node:process'
import { SLICES } from './slices.ts'

for (const file of SLICES[process.env['SVCSIM_MUTATION_SLICE'] ?? ''].tests) await import(`../../${file}`)
