/** `svcsim init NAME`: a scenario to begin with. The work is app/init-command.ts. */
import type { Command } from 'commander'
import { finish } from './finish.ts'

export function registerInit(program: Command): void {
  program
    .command('init')
    .description('write a commented scenario with every key explained, which runs as it is')
    .argument('<name>', 'its name')
    .option('-o, --output <file>', 'where it goes; - is stdout (default: NAME.yaml)')
    .addHelpText('after', '\nExample:\n  svcsim init my-cluster && svcsim run ./my-cluster.yaml')
    .action(async (name: string, flags: { readonly output?: string }) => {
      const { initCommand } = await import('../app/init-command.ts')
      await finish(initCommand(name, flags))
    })
}
