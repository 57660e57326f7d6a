/** A value as JSON on stdout, for programs: what every command prints with `--format json`. */
import { printOut } from './print-out.ts'

export const printJson = (value: unknown): Promise<void> => printOut(`${JSON.stringify(value, null, 2)}\n`)
