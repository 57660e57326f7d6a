/** `svcsim export RUN_DIR --to parquet|csv`: the tables of a run for databases and spreadsheets. The work is app/export-run.ts. */
import type { Command } from 'commander'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { finish } from './finish.ts'

interface ExportFlags {
  readonly to: string
  readonly output?: string
}

export function registerExport(program: Command): void {
  program
    .command('export')
    .description("write a run's tables as Parquet or CSV files")
    .argument('<run-dir>', 'a result folder, as results/smoke')
    .requiredOption('--to <format>', 'parquet or csv')
    .option('-o, --output <dir>', 'where the files go (default: the result folder)')
    .addHelpText(
      'after',
      `
Examples:
  svcsim export results/smoke --to parquet
  svcsim export results/smoke --to csv -o tables`,
    )
    .action(async (runDir: string, flags: ExportFlags) => {
      const { exportRun } = await import('../app/export-run.ts')
      const { printOut } = await import('../app/print-out.ts')
      await finish(
        pipe(
          exportRun(runDir, flags.to, flags.output),
          TE.chainTaskK(files => () => printOut(files.map(f => `${f}\n`).join(''))),
        ),
      )
    })
}
