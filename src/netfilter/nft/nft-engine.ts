/**
 * Working state for an NftProgram: counters, what the node remembers, the packet under way. Of one node, or of many in turn (enterView), whose
 * packets are counted together. Counters are whole numbers in doubles.
 */
import type { Packet } from '../../net/packet.ts'
import { newPacket } from '../../net/packet.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { Tracker } from '../conntrack/tracker.ts'
import type { DrawScript } from '../draw-script.ts'
import type { HostView } from '../host.ts'
import { INTERFACE } from '../interface.ts'
import { DynamicSet } from './dynamic-set.ts'
import type { NftProgram } from './nft-program.ts'

export interface NftEngine {
  readonly program: NftProgram
  host: HostView
  readonly seed: StreamSeed
  readonly tracker: Tracker
  nowUs: TimeUs
  /** By slot, where the view at hand differs from view 0; undefined: nowhere. */
  own: ReadonlyMap<number, number> | undefined
  /** The same by view, as far as they have been at hand. */
  readonly views: Map<number, ReadonlyMap<number, number>>
  /** Its draws, chosen beforehand; undefined: they are the flow's. */
  script: DrawScript | undefined

  /** Per rule: packets that reached it; packets and bytes that reached its last part. */
  readonly evaluated: Float64Array
  readonly matched: Float64Array
  readonly matchedBytes: Float64Array
  /** Per base chain: packets and bytes that its policy decided. */
  readonly policyHits: Float64Array
  readonly policyBytes: Float64Array

  /** Made when first asked for. */
  sets: (DynamicSet | undefined)[]
  /** Per numgen inc: the number it gave last. */
  readonly numbers: Int32Array
  /** Per interface pattern, four words: matches no interface, lo, uplink, pod. */
  interfaceMatches: Uint8Array

  /** The packet under way. */
  packet: Packet
  sizeBytes: number
  /** As how many packets it is counted. */
  weight: number
  consultsNat: boolean
  /** A rule of nat has translated. */
  isBound: boolean
  looped: boolean
  /** How the last packet was rejected, if it was: REJECT_KINDS index. */
  rejection: number
  /** Rules of the stage under way see the addresses as translated. */
  seesSource: boolean
  seesDestination: boolean
  attached: boolean
  /** Of the packet under way: rules it came to, and the DNAT that was applied, or -1. */
  rulesEvaluated: number
  dnat: number
  /** For its price: numbers drawn, look-ups in dynamic sets, changes of these, whether it met a masquerade. */
  numgens: number
  lookups: number
  updates: number
  masqueraded: boolean

  readonly returnPc: Int32Array
  readonly key: Int32Array
}

export function newNftEngine(program: NftProgram, host: HostView, seed: StreamSeed, tracker: Tracker): NftEngine {
  const { ruleCount, baseCount } = program
  return {
    program,
    host,
    seed,
    tracker,
    nowUs: 0,
    own: undefined,
    views: new Map(),
    script: undefined,
    evaluated: new Float64Array(ruleCount),
    matched: new Float64Array(ruleCount),
    matchedBytes: new Float64Array(ruleCount),
    policyHits: new Float64Array(baseCount),
    policyBytes: new Float64Array(baseCount),
    sets: [],
    numbers: new Int32Array(program.numgenCount).fill(-1),
    interfaceMatches: interfaceMatches(program, host),
    packet: newPacket(program.family),
    sizeBytes: 0,
    weight: 1,
    consultsNat: false,
    isBound: false,
    looped: false,
    rejection: 0,
    seesSource: false,
    seesDestination: false,
    attached: false,
    rulesEvaluated: 0,
    dnat: -1,
    numgens: 0,
    lookups: 0,
    updates: 0,
    masqueraded: false,
    returnPc: new Int32Array(program.maxDepth + 1),
    key: new Int32Array(16),
  }
}

/** The next packets are at a node of this view. What rules added to sets stays: one node at a time has any (forgetSets). */
export function enterView(engine: NftEngine, view: number, host: HostView): void {
  const { uplinkName, podInterfaceName } = engine.host
  engine.host = host
  if (host.uplinkName !== uplinkName || host.podInterfaceName !== podInterfaceName)
    engine.interfaceMatches = interfaceMatches(engine.program, host)
  engine.own = view === 0 ? undefined : (engine.views.get(view) ?? learnView(engine, view))
}

export function forgetSets(engine: NftEngine): void {
  engine.sets = []
}

export function dynamicSetAt({ program, sets }: NftEngine, place: number): DynamicSet {
  let set = sets[place]
  if (set === undefined) {
    const { keyWords, size, timeoutUs, elements } = program.dynamicSets[place]
    set = new DynamicSet(keyWords, size, timeoutUs)
    for (const { key, goneUs } of elements) set.addUntil(key, goneUs, 0)
    sets[place] = set
  }
  return set
}

function learnView({ program: { viewStart, viewPairs }, views }: NftEngine, view: number): ReadonlyMap<number, number> {
  const own = new Map<number, number>()
  for (let pair = viewStart[view]; pair < viewStart[view + 1]; pair++)
    own.set(viewPairs[2 * pair], viewPairs[2 * pair + 1])
  views.set(view, own)
  return own
}

function interfaceMatches({ interfacePatterns }: NftProgram, host: HostView): Uint8Array {
  const names: string[] = []
  names[INTERFACE.none] = ''
  names[INTERFACE.lo] = 'lo'
  names[INTERFACE.uplink] = host.uplinkName
  names[INTERFACE.pod] = host.podInterfaceName
  return Uint8Array.from(
    interfacePatterns.flatMap(pattern =>
      names.map(name => Number(pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern)),
    ),
  )
}
