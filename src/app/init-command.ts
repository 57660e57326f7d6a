/** `svcsim init NAME`: a commented scenario NAME.yaml in the working folder, which runs as it is. Never over a file that is there. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badInput, badUsage, type Problem, quoted } from '../problem/problem.ts'
import { scenarioTemplate } from '../scenario/scenario-template.ts'
import { writeWhole } from './files.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { printFiles } from './print-files.ts'

export interface InitFlags extends FormatFlag {
  readonly output?: string
}

export function initCommand(name: string, { output, format }: InitFlags): TE.TaskEither<Problem, void> {
  const known = oneOf('--format', format, TEXT_OR_JSON)
  if (E.isLeft(known)) return TE.left(known.left)
  if (known.right === 'json' && output === '-')
    return TE.left(badUsage('--format json beside a scenario on stdout', 'name a file with --output'))
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    return TE.left(
      badUsage(
        `${quoted(name)} is no name for a scenario`,
        'use lower-case letters, digits and -, at most 63 characters',
      ),
    )
  const text = scenarioTemplate(name)
  if (output === '-') {
    process.stdout.write(text)
    return TE.right(undefined)
  }
  const file = output ?? `${name}.yaml`
  if (existsSync(file))
    return TE.left(badInput({ file }, 'it is there already', 'choose another name, or another file with --output'))
  return pipe(
    writeWhole(file, new TextEncoder().encode(text)),
    TE.chainTaskK(() => async () => {
      process.stderr.write(
        `svcsim: wrote ${file}; run it with: svcsim run ${/[/\\]/.test(file) ? file : `./${file}`}\n`,
      )
      if (format === 'json') await printFiles([file], format)
    }),
  )
}
