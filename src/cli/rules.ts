/** `svcsim rules`: what a node's kube-proxy would have loaded. The work is app/rules-command.ts. */
import type { Command } from 'commander'
import type { RulesFlags } from '../app/rules-command.ts'
import { finish } from './finish.ts'
import { addProxierOptions } from './proxier-options.ts'

export function registerRules(program: Command): void {
  const command = program
    .command('rules')
    .description("print the rules that a node's kube-proxy would have loaded")
    .option('--objects <file...>', 'Kubernetes objects, as kubectl get -o json|yaml prints them; - is stdin')
    .option('--node <name>', "the node, by its Node object's name")
    .option('--ip-family <4|6>', 'IP family', '4')
    .option('--format <format>', 'save: as iptables-save or nft list table; list: as iptables -L -n; json', 'save')
    .option('--table <name>', 'one table only: mangle, filter or nat (list: nat by default); nftables has one table')
    .option('--log <log>', 'a log, or the folder of a run, in place of --objects')
    .option('--at <time>', 'an instant of the log, as 90s or 1m30s from its start; by default its end')
    .option('--sync <state...>', 'in place of --objects: what is written when the cluster goes from state to state')
    .option('--all', "every sync, not the last state's alone")
  addProxierOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: RulesFlags) => {
      const { rulesCommand } = await import('../app/rules-command.ts')
      await finish(rulesCommand(flags))
    })
}

const EXAMPLES = `
Examples:
  kubectl get nodes,svc,endpointslices -A -o json | svcsim rules --objects - --node NODE --cluster-cidr 10.244.0.0/16
  svcsim rules --objects cluster.yaml --node NODE --format list
  svcsim rules --objects cluster.yaml --node NODE | iptables-restore --test
  svcsim rules --sync before.yaml change.yaml --node NODE`
