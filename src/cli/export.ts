/** `svcsim export RUN_DIR --to parquet|csv`: the tables of a run for databases and spreadsheets. The work is app/export-run.ts. */
import type { Command } from 'commander'
import type { ExportFlags } from '../app/export-run.ts'
import { finish } from './finish.ts'

export function registerExport(program: Command): void {
  program
    .command('export')
    .description("write a run's tables as Parquet or CSV files")
    .argument('<run-dir>', 'a result folder, as results/smoke')
    .requiredOption('--to <format>', 'parquet or csv')
    .option('-o, --output <dir>', 'where the files go (default: the result folder)')
    .option('--format <format>', 'text or json', 'text')
    .addHelpText(
      'after',
      `
Examples:
  svcsim export results/smoke --to parquet
  svcsim export results/smoke --to csv -o tables`,
    )
    .action(async (runDir: string, flags: ExportFlags) => {
      const { exportCommand } = await import('../app/export-run.ts')
      await finish(exportCommand(runDir, flags))
    })
}
