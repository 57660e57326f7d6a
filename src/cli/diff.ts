/** `svcsim diff`: what is stale, missing or foreign on a real node. The work is app/diff-command.ts. */
import type { Command } from 'commander'
import type { DiffFlags } from '../app/diff-command.ts'
import { finish } from './finish.ts'
import { addProxierOptions } from './proxier-options.ts'

export function registerDiff(program: Command): void {
  const command = program
    .command('diff')
    .description("compare a node's rules with what its kube-proxy would write: missing, stale and foreign, by Service")
    .option('--rules <file>', "the node's rules, as iptables-save or nft list table prints them; - is stdin")
    .option('--objects <file...>', 'Kubernetes objects, as kubectl get -o json|yaml prints them; - is stdin')
    .option('--node <name>', "the node, by its Node object's name")
    .option('--log <log>', 'a log, or the folder of a run, in place of --objects')
    .option('--at <time>', 'an instant of the log, as 90s or 1m30s from its start; by default its end')
    .option('--ip-family <4|6>', 'IP family (default: as the rules show)')
    .option('--format <format>', 'text or json', 'text')
  addProxierOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: DiffFlags) => {
      const { diffCommand } = await import('../app/diff-command.ts')
      await finish(diffCommand(flags))
    })
}

const EXAMPLES = `
Examples:
  iptables-save > node.rules; kubectl get nodes,svc,endpointslices -A -o json > objects.json
  svcsim diff --rules node.rules --objects objects.json --node NODE --cluster-cidr 10.244.0.0/16
  svcsim diff --rules node.rules --objects objects.json --node NODE --config kube-proxy.conf --format json`
