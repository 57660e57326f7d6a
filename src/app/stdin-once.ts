/** Standard input can be read once: a Problem when more than one of the files is `-`. */
import { badUsage, type Problem } from '../problem/problem.ts'

export const refuseStdinTwice = (...files: readonly (string | undefined)[]): Problem | undefined =>
  files.filter(file => file === '-').length > 1 ? badUsage('standard input is named twice', 'give - once') : undefined
