/** `svcsim serve RUN_DIR`: the report and the tables of a run in a browser. The work is app/serve-command.ts. */
import type { Command } from 'commander'
import type { ServeFlags } from '../app/serve-command.ts'
import { finish } from './finish.ts'

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('serve the report and the files of a run on 127.0.0.1, until Ctrl-C')
    .argument('<run-dir>', 'a result folder, as results/smoke')
    .option('--port <n>', 'port to listen on (default: any that is free)')
    .option('--format <format>', 'text or json', 'text')
    .addHelpText('after', '\nExample:\n  svcsim serve results/smoke --port 8080')
    .action(async (runDir: string, flags: ServeFlags) => {
      const { serveCommand } = await import('../app/serve-command.ts')
      await finish(serveCommand(runDir, flags))
    })
}
