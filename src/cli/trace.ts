/** `svcsim trace`: one packet through one node's rules. The work is app/trace-command.ts. */
import type { Command } from 'commander'
import type { TraceFlags } from '../app/trace-command.ts'
import { finish } from './finish.ts'
import { addProxierOptions } from './proxier-options.ts'
import { addRulesInputOptions } from './rules-input-options.ts'

export function registerTrace(program: Command): void {
  const command = program
    .command('trace')
    .description('follow one packet through rules, step by step: what each rule did, or why it did nothing')
  addRulesInputOptions(command)
    .requiredOption('--from <sender>', 'IP[:PORT], external, node, or pod:NAMESPACE/NAME')
    .requiredOption('--to <ip:port>', 'where it is sent')
    .option('--proto <protocol>', 'tcp, udp or sctp', 'tcp')
    .option('--draws <numbers>', 'the dice, from 0 to below 1: 0.1,0.7,…; further ones come from the seed')
    .option('--seed <seed>', 'every random choice is a function of it', '1')
    .option('--flows <file>', 'a flow file, for its topology, where rules come from a file')
    .option('--cost-profile <name>', 'a backend, a calibration file, or FILE#NAME (default: by the kind of rules)')
    .option('--all', 'every rule, also of long stretches that do not match')
    .option('--format <format>', 'text or json', 'text')
  addProxierOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: TraceFlags) => {
      const { traceCommand } = await import('../app/trace-command.ts')
      await finish(traceCommand(flags))
    })
}

const EXAMPLES = `
Examples:
  svcsim trace --objects cluster.yaml --node NODE --from external --to 172.18.0.2:30080
  svcsim trace --objects cluster.yaml --node NODE --from pod:default/client --to 10.96.0.10:53 --proto udp
  iptables-save > node.rules; svcsim trace --rules node.rules --from 10.244.0.7 --to 10.96.0.1:443 --draws 0.5`
