/**
 * One node's working state for an NftProgram: counters, what it remembers, the packet under way. Counters are whole numbers in doubles.
 */
import type { Packet } from '../../net/packet.ts'
import { newPacket } from '../../net/packet.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { Tracker } from '../conntrack/tracker.ts'
import type { HostView } from '../host.ts'
import { INTERFACE } from '../interface.ts'
import { DynamicSet } from './dynamic-set.ts'
import type { NftProgram } from './nft-program.ts'

export interface NftEngine {
  readonly program: NftProgram
  readonly host: HostView
  readonly seed: StreamSeed
  readonly tracker: Tracker
  nowUs: TimeUs

  /** Per rule: packets that reached it; packets and bytes that reached its last part. */
  readonly evaluated: Float64Array
  readonly matched: Float64Array
  readonly matchedBytes: Float64Array
  /** Per base chain: packets and bytes that its policy decided. */
  readonly policyHits: Float64Array
  readonly policyBytes: Float64Array

  readonly sets: readonly DynamicSet[]
  /** Per numgen inc: the number it gave last. */
  readonly numbers: Int32Array
  /** Per interface pattern, four words: matches no interface, lo, uplink, pod. */
  readonly interfaceMatches: Uint8Array

  /** The packet under way. */
  packet: Packet
  sizeBytes: number
  consultsNat: boolean
  /** A rule of nat has translated. */
  isBound: boolean
  looped: boolean
  /** Rules of the stage under way see the addresses as translated. */
  seesSource: boolean
  seesDestination: boolean
  attached: boolean
  /** Of the packet under way, for its price: numbers drawn, look-ups in dynamic sets, changes of these, whether it met a masquerade. */
  numgens: number
  lookups: number
  updates: number
  masqueraded: boolean

  readonly returnPc: Int32Array
  readonly key: Int32Array
}

export function newNftEngine(program: NftProgram, host: HostView, seed: StreamSeed, tracker: Tracker): NftEngine {
  const { ruleCount, baseCount, interfacePatterns } = program
  const names: string[] = []
  names[INTERFACE.none] = ''
  names[INTERFACE.lo] = 'lo'
  names[INTERFACE.uplink] = host.uplinkName
  names[INTERFACE.pod] = host.podInterfaceName
  return {
    program,
    host,
    seed,
    tracker,
    nowUs: 0,
    evaluated: new Float64Array(ruleCount),
    matched: new Float64Array(ruleCount),
    matchedBytes: new Float64Array(ruleCount),
    policyHits: new Float64Array(baseCount),
    policyBytes: new Float64Array(baseCount),
    sets: program.dynamicSets.map(({ keyWords, size, timeoutUs, elements }) => {
      const set = new DynamicSet(keyWords, size, timeoutUs)
      for (const { key, goneUs } of elements) set.addUntil(key, goneUs, 0)
      return set
    }),
    numbers: new Int32Array(program.numgenCount).fill(-1),
    interfaceMatches: Uint8Array.from(
      interfacePatterns.flatMap(pattern =>
        names.map(name => Number(pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern)),
      ),
    ),
    packet: newPacket(program.family),
    sizeBytes: 0,
    consultsNat: false,
    isBound: false,
    looped: false,
    seesSource: false,
    seesDestination: false,
    attached: false,
    numgens: 0,
    lookups: 0,
    updates: 0,
    masqueraded: false,
    returnPc: new Int32Array(program.maxDepth + 1),
    key: new Int32Array(16),
  }
}
