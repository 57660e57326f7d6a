/** `svcsim compare RUN_A RUN_B`: two runs side by side. The work is app/compare-command.ts. */
import type { Command } from 'commander'
import type { CompareFlags } from '../app/compare-command.ts'
import { collect } from './collect.ts'
import { finish } from './finish.ts'

export function registerCompare(program: Command): void {
  program
    .command('compare')
    .description('compare two runs of one scenario: what differs, and how much that weighs against chance')
    .argument('<run-a>', 'a result folder: before')
    .argument('<run-b>', 'a result folder: after')
    .option(
      '--threshold <metric<value>',
      'as rulesEvaluated.total.mean.ratio<=1.05, exit code 1 when it fails (repeatable)',
      collect,
      [],
    )
    .option('--format <format>', 'md (for a pull request) or json', 'md')
    .addHelpText('after', EXAMPLES)
    .action(async (before: string, after: string, flags: CompareFlags) => {
      const { compareCommand } = await import('../app/compare-command.ts')
      await finish(compareCommand(before, after, flags))
    })
}

const EXAMPLES = `
Examples:
  svcsim run smoke --out before; svcsim run smoke --out after --set cluster.workloads[0].count=8
  svcsim compare before after
  svcsim compare before after --threshold 'modelledNs.nftables.total.p99.ratio<=1.05' --format json`
