/** `svcsim replay`: flows through one node's rules. The work is app/replay-command.ts. */
import type { Command } from 'commander'
import type { ReplayFlags } from '../app/replay-command.ts'
import { finish } from './finish.ts'
import { addProxierOptions } from './proxier-options.ts'
import { addRulesInputOptions } from './rules-input-options.ts'

export function registerReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('send flows through rules: outcome, backend, source seen, and every rule’s counters, as the kernel’s')
  addRulesInputOptions(command)
    .requiredOption('--flows <file>', 'the flows, JSON or YAML (docs/cli.md: flow files); - is stdin')
    .option('--seed <seed>', 'every random choice is a function of it', '1')
    .option('--workers <n>', 'without effect: one node has one connection table')
    .option('--cost-profile <name>', 'a backend, a calibration file, or FILE#NAME (default: by the kind of rules)')
    .option('--format <format>', 'json; counters: as iptables-save -c', 'json')
  addProxierOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ReplayFlags) => {
      const { replayCommand } = await import('../app/replay-command.ts')
      await finish(replayCommand(flags))
    })
}

const EXAMPLES = `
Examples:
  iptables-save > node.rules; svcsim replay --rules node.rules --flows flows.json
  svcsim replay --objects cluster.yaml --node NODE --flows flows.json --format counters`
