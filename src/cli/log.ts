/** `svcsim log …`: show, verify, recover and import event logs. The work is app/. */
import type { Command } from 'commander'
import type { ImportFlags } from '../app/import-log.ts'
import type { FormatFlag } from '../app/one-of.ts'
import type { ShowFlags } from '../app/show-log.ts'
import { finish } from './finish.ts'

export function registerLog(program: Command): void {
  const log = program
    .command('log')
    .description('show, verify, recover and import event logs')
    .addHelpText('after', EXAMPLES)
  log
    .command('show')
    .description('print the events of a log')
    .argument('<log>', 'a folder that holds events.arrows, or that file')
    .option('--from <time>', 'first instant, as 90s or 1m30s from the start')
    .option('--to <time>', 'last instant')
    .option('--format <format>', 'text, or ndjson: one JSON object a line (json is the same)', 'text')
    .action(async (path: string, flags: ShowFlags) => {
      const { showLog } = await import('../app/show-log.ts')
      await finish(showLog(path, flags))
    })
  log
    .command('verify')
    .description('check every byte of a log against its checksums; exit code 1 on damage')
    .argument('<log>', 'a folder that holds events.arrows, or that file')
    .option('--format <format>', 'text or json', 'text')
    .action(async (path: string, flags: FormatFlag) => {
      const { verifyLogFiles } = await import('../app/verify-log-files.ts')
      await finish(verifyLogFiles(path, flags))
    })
  log
    .command('recover')
    .description('keep every whole append before the damage; the damaged files stay beside, as .damaged')
    .argument('<log>', 'a folder that holds events.arrows, or that file')
    .option('--format <format>', 'text or json', 'text')
    .action(async (path: string, flags: FormatFlag) => {
      const { recoverLogFiles } = await import('../app/recover-log-files.ts')
      await finish(recoverLogFiles(path, flags))
    })
  log
    .command('import')
    .description('make a log of kubectl lists, watch streams and SimKube traces, just as they are')
    .argument('<file...>', 'kubectl get … -o json|yaml, with or without --watch --output-watch-events; - is stdin')
    .requiredOption('-o, --out <log>', 'the folder of the new log')
    .option('--reorder', 'sort a stream whose times jump back', false)
    .option('--format <format>', 'text or json', 'text')
    .action(async (files: readonly string[], flags: ImportFlags) => {
      const { importLog } = await import('../app/import-log.ts')
      await finish(importLog(files, flags))
    })
}

const EXAMPLES = `
Examples:
  svcsim log show results/smoke --from 90s --to 2m --format ndjson
  svcsim log verify results/smoke
  kubectl get pods,svc,endpointslices -A -o json | svcsim log import - -o my-cluster`
