/** `svcsim calibrate`: prices of this machine's kernel. The work is app/calibrate/calibrate-command.ts. */
import type { Command } from 'commander'
import type { CalibrateFlags } from '../app/calibrate/calibrate-command.ts'
import { finish } from './finish.ts'

export function registerCalibrate(program: Command): void {
  program
    .command('calibrate')
    .description("measure what this machine's kernel spends on packets and rules, as a cost profile (root, Linux)")
    .option('-o, --output <profile>', 'where the calibration file goes (default: stdout)')
    .option('--quiet', 'no words', false)
    .addHelpText(
      'after',
      '\nExample:\n  sudo svcsim calibrate -o here.json && svcsim run service-sweep --cost-profile here.json',
    )
    .action(async (flags: CalibrateFlags) => {
      const { calibrateCommand } = await import('../app/calibrate/calibrate-command.ts')
      await finish(calibrateCommand(flags))
    })
}
