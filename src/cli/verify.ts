/** `svcsim verify`: this machine's kernel as judge. The work is app/verify-command.ts. */
import type { Command } from 'commander'
import type { VerifyFlags } from '../app/verify-command.ts'
import { finish } from './finish.ts'
import { addProxierOptions } from './proxier-options.ts'
import { addRulesInputOptions } from './rules-input-options.ts'

export function registerVerify(program: Command): void {
  const command = program
    .command('verify')
    .description("send the same flows through svcsim and through this machine's kernel, and compare every counter")
  addRulesInputOptions(command)
    .requiredOption('--flows <file>', 'the flows, JSON or YAML (docs/cli.md: flow files); - is stdin')
    .option('--backend <backend>', 'iptables-legacy, iptables-nft or nft; by default what the rules are written for')
    .option('--seed <seed>', 'of random choices that cannot be told from what the kernel did', '1')
    .option('--workers <n>', 'without effect: one node has one connection table')
    .option('--all', 'show rules that matched nothing too')
    .option('--format <format>', 'text or json', 'text')
  addProxierOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: VerifyFlags) => {
      const { verifyCommand } = await import('../app/verify-command.ts')
      await finish(verifyCommand(flags))
    })
}

const EXAMPLES = `
Needs root and Linux. Packets stay in network namespaces of their own, which end with the command.
Examples:
  iptables-save > node.rules; svcsim verify --rules node.rules --flows flows.json
  svcsim verify --objects cluster.yaml --node NODE --flows flows.json --proxy-mode nftables`
