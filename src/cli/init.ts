/** `svcsim init NAME`: a scenario to begin with. The work is app/init-command.ts. */
import type { Command } from 'commander'
import type { InitFlags } from '../app/init-command.ts'
import { finish } from './finish.ts'

export function registerInit(program: Command): void {
  program
    .command('init')
    .description('write a commented scenario with every key explained, which runs as it is')
    .argument('<name>', 'its name')
    .option('-o, --output <file>', 'where it goes; - is stdout (default: NAME.yaml)')
    .option('--format <format>', 'text or json', 'text')
    .addHelpText('after', '\nExample:\n  svcsim init my-cluster && svcsim run ./my-cluster.yaml')
    .action(async (name: string, flags: InitFlags) => {
      const { initCommand } = await import('../app/init-command.ts')
      await finish(initCommand(name, flags))
    })
}
