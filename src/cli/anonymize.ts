/** `svcsim anonymize FILE…`: a dump that can be shared. The work is app/anonymize-command.ts. */
import type { Command } from 'commander'
import type { AnonymizeFlags } from '../app/anonymize-command.ts'
import { finish } from './finish.ts'

export function registerAnonymize(program: Command): void {
  program
    .command('anonymize')
    .description('give everything in a dump other names and addresses, consistently, so that it can be shared')
    .argument('<file...>', 'Kubernetes objects, iptables-save or nft text; - is stdin')
    .option('-o, --out <dir>', 'folder of the new files, needed for more than one')
    .option('--seed <seed>', 'the same seed gives the same names; keep it to yourself (default: a random one)')
    .option(
      '--also <text...>',
      'CIDRs, addresses and node names whose new ones are told, as --cluster-cidr needs them',
      [],
    )
    .option('--format <format>', 'text or json', 'text')
    .option('--quiet', 'no words', false)
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], flags: AnonymizeFlags) => {
      const { anonymizeCommand } = await import('../app/anonymize-command.ts')
      await finish(anonymizeCommand(files, flags))
    })
}

const EXAMPLES = `
Examples:
  kubectl get nodes,svc,endpointslices -A -o json | svcsim anonymize - > objects.json
  svcsim anonymize objects.json node-7.iptables-save --out shared --also 10.244.0.0/16 node-7`
