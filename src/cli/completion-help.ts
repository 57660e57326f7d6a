/** `svcsim completion` as help shows it; completion.ts does the work, and is loaded only for it. */
import type { Command } from 'commander'

export function registerCompletionHelp(program: Command): void {
  program
    .command('completion')
    .description('print a script that makes TAB complete commands, options, scenarios and kinds')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', EXAMPLES)
}

const EXAMPLES = `
Examples:
  source <(svcsim completion bash)
  source <(svcsim completion zsh)
  svcsim completion fish > ~/.config/fish/completions/svcsim.fish`
