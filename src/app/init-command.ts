/** `svcsim init NAME`: a commented scenario NAME.yaml in the working folder, which runs as it is. Never over a file that is there. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badInput, badUsage, type Problem, quoted } from '../problem/problem.ts'
import { scenarioTemplate } from '../scenario/scenario-template.ts'
import { writeWhole } from './files.ts'

export function initCommand(name: string, { output }: { readonly output?: string }): TE.TaskEither<Problem, void> {
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
    TE.chainFirstIOK(() => () => {
      process.stderr.write(
        `svcsim: wrote ${file}; run it with: svcsim run ${/[/\\]/.test(file) ? file : `./${file}`}\n`,
      )
    }),
  )
}
