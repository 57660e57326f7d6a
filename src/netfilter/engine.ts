/**
 * One thread's working state for a Program: counters, the stack of open jumps, and what the last packet left. Nothing is allocated per
 * packet. Counters hold whole numbers in doubles (exact to 2^53), so tallies of several engines may be added in any order.
 */
import type { Packet } from '../net/packet.ts'
import { newPacket } from '../net/packet.ts'
import type { StreamSeed } from '../sim/random.ts'
import { LANES, type ProgramPrices } from './cost/program-prices.ts'
import type { DrawScript } from './draw-script.ts'
import type { HostView } from './host.ts'
import { hostView } from './host.ts'
import type { NodeMemory } from './memory/node-memory.ts'
import type { Program } from './program.ts'
import { HOOK_COUNT } from './program.ts'
import type { StretchCells } from './stretch-cells.ts'
import { newStretchCells } from './stretch-cells.ts'

export interface Engine {
  readonly program: Program
  readonly seed: StreamSeed

  /** Of the last packet: DNAT id or -1; rules evaluated in all tables, and in nat. */
  dnat: number
  rulesEvaluated: number
  natRulesEvaluated: number
  /** Of the last packet, where there are prices: what its way through the node cost, per lane (cost/program-prices.ts). */
  readonly costPs: Float64Array
  readonly prices: ProgramPrices | undefined

  /** Per rule: packets that matched; packets whose jump from there came back. */
  readonly matched: Float64Array
  readonly returned: Float64Array
  /** Per view and HOOK: packets that entered the built-in chain; that its policy decided. */
  readonly hookEntries: Float64Array
  readonly policyHits: Float64Array

  /** The order key of the node between beginNode and endNode, else 0. */
  nodeOrderKey: number
  /** Per dispatch slot: packets of this node that left the segment there, not yet folded. */
  readonly nodeEnded: Float64Array
  /** Per dispatch: 1 when nodeEnded has something of it. */
  readonly nodeTouched: Uint8Array
  /** Per dispatch slot: packets in shuffled orders that left there; that evaluated the rule and left at it or behind it. */
  readonly shuffledEnded: Float64Array
  readonly shuffledEvaluated: Float64Array

  /** Scratch of node-order.ts: the places of one segment's rules, or the rules of its places. */
  readonly ranks: Int32Array

  /** The packet under way, and how: written by evaluate, read by every table's walk. */
  packet: Packet
  host: HostView
  view: number
  orderKey: number
  weight: number
  /** A NEW packet. */
  consultsNat: boolean
  /** The packet came back through lo. */
  looped: boolean
  /** The packet came with its connection (evaluateAttached). */
  attached: boolean
  /** What the node under way remembers. Without one, conntrack is a promise: packets come with their state. */
  memory: NodeMemory | undefined
  /** Without a memory: the node's lists of recent clients alone, and the time there. Without these either, lists are empty and stay so. */
  recent: Pick<NodeMemory, 'recent' | 'nowUs'> | undefined
  /** How the last packet was rejected, if it was: REJECT_KINDS index. */
  rejection: number
  /** The walk looked at addresses, ports or draws; it ended in a MASQUERADE: 1 + its natPorts, else 0 (stretch.ts). */
  looked: boolean
  masquerades: number
  readonly cells: StretchCells

  /** Open jumps: where each goes on, and its rule. */
  readonly returnPc: Int32Array
  readonly returnRule: Int32Array
  /** Per interface pattern, four words: matches no interface, lo, uplink, pod; of the host. */
  readonly interfaceMatches: Uint8Array

  /** Random words to take instead of the flow's draws, and a note of what the walk depended on. */
  script: DrawScript | undefined
}

/** An engine with its counters at 0, for one thread. Draws are functions of `seed` and the packet's flow (sim/random.ts). */
export function newEngine(program: Program, seed: StreamSeed, prices?: ProgramPrices): Engine {
  return {
    program,
    seed,
    dnat: -1,
    rulesEvaluated: 0,
    natRulesEvaluated: 0,
    costPs: new Float64Array(LANES),
    prices,
    matched: new Float64Array(program.ruleCount),
    returned: new Float64Array(program.ruleCount),
    hookEntries: new Float64Array(program.viewCount * HOOK_COUNT),
    policyHits: new Float64Array(program.viewCount * HOOK_COUNT),
    nodeOrderKey: 0,
    nodeEnded: new Float64Array(program.dispatchSlotCount),
    nodeTouched: new Uint8Array(program.dispatchCount),
    shuffledEnded: new Float64Array(program.dispatchSlotCount),
    shuffledEvaluated: new Float64Array(program.dispatchSlotCount),
    ranks: new Int32Array(program.dispatchSlotCount),
    packet: newPacket(program.family),
    host: hostView({ localAddresses: [], podPrefixes: [], uplinkName: '', podInterfaceName: '' }, program.family),
    view: 0,
    orderKey: 0,
    // A double from the start: what walks has been compiled for whole words when the first bunch of packets comes.
    weight: Number.NaN,
    consultsNat: false,
    looped: false,
    attached: false,
    memory: undefined,
    recent: undefined,
    rejection: 0,
    looked: false,
    masquerades: 0,
    cells: newStretchCells(),
    returnPc: new Int32Array(program.maxDepth + 1),
    returnRule: new Int32Array(program.maxDepth + 1),
    interfaceMatches: new Uint8Array(4 * program.interfacePatterns.length),
    script: undefined,
  }
}

/** All counters of rules, hooks and policies back to 0. */
export function clearCounters(engine: Engine): void {
  engine.matched.fill(0)
  engine.returned.fill(0)
  engine.hookEntries.fill(0)
  engine.policyHits.fill(0)
  engine.shuffledEnded.fill(0)
  engine.shuffledEvaluated.fill(0)
}
