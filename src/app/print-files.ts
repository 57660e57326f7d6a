/** The files that a command has written: a name a line, or as JSON. */
import { printJson } from './print-json.ts'
import { printOut } from './print-out.ts'

export const printFiles = (files: readonly string[], format: string): Promise<void> =>
  format === 'json' ? printJson({ files }) : printOut(files.map(file => `${file}\n`).join(''))
