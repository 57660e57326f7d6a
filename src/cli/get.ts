/** `svcsim get`: kubectl's tables of a log's state at any instant. The work is app/get-command.ts. */
import type { Command } from 'commander'
import type { GetFlags } from '../app/get-command.ts'
import { finish } from './finish.ts'

export function registerGet(program: Command): void {
  program
    .command('get')
    .description("print kubectl's tables of the state of a log at any instant")
    .argument('<kind>', 'services (svc), endpoints (ep), endpointslices, pods (po) or nodes (no)')
    .argument('[name]', 'one object')
    .requiredOption('--log <log>', 'a folder that holds events.arrows, or that file')
    .option('-n, --namespace <namespace>', 'its objects (default: "default")')
    .option('-A, --all-namespaces', 'objects of all namespaces', false)
    .option('--at <time>', 'instant, as 90s or 1m30s from the start (default: the end of the log)')
    .option('-o, --output <format>', 'wide, json or yaml')
    .option('--format <format>', 'the same as --output')
    .addHelpText('after', EXAMPLES)
    .action(async (kind: string, name: string | undefined, flags: GetFlags) => {
      const { getCommand } = await import('../app/get-command.ts')
      await finish(getCommand(kind, name, flags))
    })
}

const EXAMPLES = `
Examples:
  svcsim get services -n kube-system --log results/dashboard
  svcsim get pods -A -o wide --log results/smoke --at 1m30s
  svcsim get endpointslices web-x7k2p -o json --log results/smoke`
