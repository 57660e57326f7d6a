/** `svcsim run SCENARIO`: the main job. Flags become settings of the scenario; the work is app/run-scenario.ts. */
import type { Command } from 'commander'
import type { RunFlags } from '../app/run-command.ts'
import { collect } from './collect.ts'
import { finish } from './finish.ts'

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('run a scenario and write its results')
    .argument('[scenario]', 'a name in scenarios/ or the path of a YAML file')
    .option('--list', 'list the scenarios with their questions', false)
    .option('--seed <seed>', 'every random choice is a function of it')
    .option('--workers <n>', 'worker threads; 0: all in this thread (default: one a processor, none for a small run)')
    .option('--packets <n>', 'packets from clients to backends')
    .option('--proxy-mode <mode>', 'iptables')
    .option('--budget <duration>', 'kernel time that a new connection may cost, as 50us (default: 100us)')
    .option('--set <path=value>', 'change one key of the scenario, as cluster.nodes=10 (repeatable)', collect, [])
    .option('--threshold <metric<value>', 'one more threshold, as connections.dropped==0 (repeatable)', collect, [])
    .option('--out <dir>', 'result folder (default: results/NAME)')
    .option('--junit <file>', 'the thresholds as JUnit XML, for CI')
    .option('--cost-profile <file>', 'a calibration file, for nanoseconds (default: the shipped one)')
    .option('--format <format>', 'what goes to stdout: text (the summary) or json (run.json)', 'text')
    .option('--force', 'replace a result folder of another scenario', false)
    .option('--quiet', 'no progress', false)
    .addHelpText('after', EXAMPLES)
    .action(async (scenario: string | undefined, flags: RunFlags) => {
      const { runCommand } = await import('../app/run-command.ts')
      await finish(runCommand(scenario, flags))
    })
}

const EXAMPLES = `
Examples:
  svcsim run smoke
  svcsim run large-cluster --workers 2 --packets 20000000
  svcsim run import --set cluster.objects=services.yaml,pods.yaml
  svcsim run endpoint-sweep --format json > run.json`
