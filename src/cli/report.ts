/** `svcsim report RUN_DIR`: makes report.html again from the files of a run. The work is app/report.ts. */
import type { Command } from 'commander'
import type { ReportFlags } from '../app/report.ts'
import { finish } from './finish.ts'

export function registerReport(program: Command): void {
  program
    .command('report')
    .description('make report.html again from the files of a run')
    .argument('<run-dir>', 'a result folder, as results/smoke')
    .option('-o, --output <file>', 'where the report goes (default: report.html in the result folder)')
    .option('--format <format>', 'text or json', 'text')
    .addHelpText('after', '\nExample:\n  svcsim report results/smoke -o smoke.html')
    .action(async (runDir: string, flags: ReportFlags) => {
      const { reportCommand } = await import('../app/report.ts')
      await finish(reportCommand(runDir, flags))
    })
}
