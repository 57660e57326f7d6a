/** A trace of nftables rules, step by step in words. */
import { formatIp, type IpFamily } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import type { NftTrace, NftTraceStep } from '../../netfilter/nft/trace-nft.ts'
import type { NftRuleset, NftStatement, NftVerdict } from '../../ruleset/nft-ruleset.ts'
import { printNftRule } from '../../ruleset/print-nft-rule.ts'
import { NFT_FAMILY } from '../../ruleset/print-nftables.ts'
import { closeTrace, describePacket } from './explain-outcome.ts'
import type { ExplainedStep, ExplainedTrace } from './explained-trace.ts'

/** `draws`: the words drawn, by `TABLE CHAIN INDEX` of the rule that asked. */
export function explainNftables(
  { family }: NftRuleset,
  packet: Packet,
  traced: NftTrace,
  draws: ReadonlyMap<string, number>,
): ExplainedTrace {
  const hooks = traced.hooks.map(({ hook, inInterface, outInterface }, h) => ({
    hook,
    in: inInterface,
    out: outInterface,
    steps: traced.steps.filter(step => step.hook === h).map(step => explainStep(step, family, draws)),
  }))
  return closeTrace(describePacket(packet), hooks, traced.outcome, traced.packet, traced.rejection)
}

function explainStep(
  { table, chain, index, rule, stoppedAt, verdict }: NftTraceStep,
  family: IpFamily,
  draws: ReadonlyMap<string, number>,
): ExplainedStep {
  const random = rule.statements.find(s => s.kind === 'numgen' && s.mode === 'random')
  const draw = draws.get(`${table.name} ${chain.name} ${index}`)
  return {
    table: `${NFT_FAMILY[family]} ${table.name}`,
    chain: chain.name,
    number: index + 1,
    rule: printNftRule(rule, family),
    matched: stoppedAt === undefined,
    words: stoppedAt === undefined ? verdictWords(verdict) : WHY_NOT[stoppedAt.kind],
    ...(random?.kind === 'numgen' ? { chance: 1 / random.modulus } : {}),
    ...(random === undefined || draw === undefined ? {} : { draw: draw / 2 ** 32 }),
  }
}

const WHY_NOT: Readonly<Record<NftStatement['kind'], string>> = {
  address: 'its address is not one of those asked for',
  lookup: 'it is not in the set',
  vmap: 'the map has nothing for it',
  numgen: 'the number has no verdict',
  ctState: 'its connection is in another state',
  protocol: 'it is of another protocol',
  destinationPort: 'it goes to another port',
  inInterface: 'it came in by another interface',
  fibLocal: 'whether its address is the node’s own is not as asked for',
  mark: 'its mark is not as asked for',
  setMark: 'the mark is as it was',
  update: 'the set is full',
  counter: 'it is counted',
}

function verdictWords(verdict: NftVerdict | undefined): string {
  switch (verdict?.kind) {
    case undefined:
      return 'done, and on to the next rule'
    case 'accept':
      return 'lets the packet pass this chain’s hook'
    case 'drop':
      return 'drops the packet'
    case 'return':
      return 'goes back to where this chain was called'
    case 'jump':
      return `walks chain ${verdict.chain}, and comes back if nothing is decided there`
    case 'goto':
      return `goes on in chain ${verdict.chain}`
    case 'reject':
      return verdict.with === 'tcp reset'
        ? 'refuses the packet: its sender hears a TCP reset'
        : 'refuses the packet: its sender hears that the port is unreachable'
    case 'dnat':
      return `sends the connection to ${formatIp(verdict.address)}${verdict.port === 0 ? '' : ` port ${verdict.port}`} instead`
    case 'masquerade':
      return 'the receiver will see the node as the sender'
  }
}
