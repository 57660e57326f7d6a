/**
 * The command line: a table of commands, each in a file of its own that loads its engine only when it runs (so that help is quick).
 * The contract (flags, formats, exit codes) is docs/cli.md.
 */
import process from 'node:process'
import { Command, CommanderError, Help, type Option } from 'commander'
import { ownVersion } from '../app/version.ts'
import { badUsage, type Problem } from '../problem/problem.ts'
import { registerAnonymize } from './anonymize.ts'
import { registerCalibrate } from './calibrate.ts'
import { registerCompare } from './compare.ts'
import { registerCompletionHelp } from './completion-help.ts'
import { registerDiff } from './diff.ts'
import { registerExport } from './export.ts'
import { report } from './finish.ts'
import { registerGet } from './get.ts'
import { registerInit } from './init.ts'
import { registerLog } from './log.ts'
import { registerReplay } from './replay.ts'
import { registerReport } from './report.ts'
import { registerRules } from './rules.ts'
import { registerRun } from './run.ts'
import { registerServe } from './serve.ts'
import { registerTrace } from './trace.ts'
import { registerVerify } from './verify.ts'

const COMMANDS: readonly ((program: Command) => void)[] = [
  registerRun,
  registerRules,
  registerReplay,
  registerDiff,
  registerTrace,
  registerVerify,
  registerLog,
  registerGet,
  registerReport,
  registerServe,
  registerCompare,
  registerExport,
  registerCalibrate,
  registerAnonymize,
  registerInit,
]

const COMPLETION = new Set(['completion', 'complete'])

/** Runs one command line (without `node` and the script); the exit code is left in process.exitCode. */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that went away (`svcsim rules … | head`) is no failure.
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
    throw error
  })
  const program = new Command('svcsim')
    .description(
      "Simulates Kubernetes Services without a cluster: kube-proxy's rules, the kernel's counters, the load of every endpoint.",
    )
    .version(ownVersion(), '-V, --version', 'print the version')
    .showHelpAfterError(false)
    .configureOutput({ writeErr: () => {} })
    .exitOverride()
  for (const register of COMMANDS) register(program)
  // Asked for help, completion answers like any command; else it brings commands of its own.
  if (COMPLETION.has(args[0]) && !args.some(arg => arg === '--help' || arg === '-h'))
    (await import('./completion.ts')).addCompletion(program)
  else registerCompletionHelp(program)
  for (const command of everyCommand(program))
    command
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .configureHelp({ optionDescription })
  if (args.length === 0) {
    program.outputHelp()
    process.exitCode = 2
    return
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0) report(usageProblem(error, program, args))
  }
}

/** That what may be repeated, or is off, is not there by default needs no words. */
const optionDescription = (option: Option): string =>
  new Help().optionDescription(option).replace(/ ?\(default: (\[\]|false)\)$/, '')

const everyCommand = (command: Command): Command[] => command.commands.flatMap(c => [c, ...everyCommand(c)])

function usageProblem(error: CommanderError, program: Command, args: readonly string[]): Problem {
  const names = ['svcsim', ...commandIn(program, args)].join(' ')
  // A group of commands, without one of them: commander has no words for it.
  const group = error.code === 'commander.help' ? program.commands.find(c => c.name() === args[0]) : undefined
  if (group === undefined) return badUsage(sentenceOf(error), `see ${names} --help`)
  const own = group.commands.map(c => c.name()).join(', ')
  return badUsage(`${names} needs a command`, `name one of ${own}; see ${names} --help`)
}

/** Commander's words without its prefix, line breaks and full stop. */
const sentenceOf = ({ message }: CommanderError): string =>
  message
    .replace('(Did you mean', '(did you mean')
    .replace(/^error: /, '')
    .replace(/\n/g, ' ')
    .replace(/\.$/, '')

/** The names of the command that was meant, as far as there are such commands. */
function commandIn(command: Command, args: readonly string[]): readonly string[] {
  const found = command.commands.find(c => c.name() === args[0])
  return found === undefined ? [] : [found.name(), ...commandIn(found, args.slice(1))]
}
