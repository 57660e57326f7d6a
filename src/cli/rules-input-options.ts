/** Where the rules come from that a command evaluates: the same flags for all of them. */
import type { Command } from 'commander'

export const addRulesInputOptions = (command: Command): Command =>
  command
    .option('--rules <file>', 'iptables-save text, or nft list ruleset; - is stdin')
    .option('--sets <file>', 'with --rules: the sets that they match, as ipset save prints them; - is stdin')
    .option('--objects <file...>', 'in place of --rules: Kubernetes objects, whose rules are made; - is stdin')
    .option('--log <log>', 'a log, or the folder of a run, in place of --objects')
    .option('--at <time>', 'an instant of the log; by default its end')
    .option('--node <name>', "the node, by its Node object's name")
    .option('--ip-family <4|6>', 'IP family of rules made from objects, or of an nft text that holds both', '4')
    .option(
      '--unknown-matches <what>',
      'refuse rules with matches that are not modelled, or take them to hold never or always',
      'refuse',
    )
