/**
 * Verdicts of nat that kube-proxy does not write, compiled: ranges of addresses and of a destination's ports, REDIRECT. Out of the hot switch,
 * data per verdict. The plain readings are in trace-nat.ts; ports are chosen by the connection table (conntrack/nat-port.ts).
 */
import { CT } from '../net/packet.ts'
import type { NatTarget, PortSpan, Verdict } from '../ruleset/ruleset.ts'
import type { Engine } from './engine.ts'
import { INTERFACE } from './interface.ts'
import { isInRange, type NatRange, natRangeOf, writeRangeAddress } from './nat-range.ts'

export interface Translation {
  readonly kind: 'dnat' | 'snat' | 'redirect'
  /** Of dnat and snat: to one address, or one of a range. */
  readonly address: Uint32Array
  readonly range: NatRange | undefined
  /** 0 and 0: any. */
  readonly from: number
  readonly to: number
  readonly random: boolean
}

/** undefined: the verdict has an opcode of its own. */
export function translationOf(verdict: Verdict, wordsOf: (target: NatTarget) => Uint32Array): Translation | undefined {
  switch (verdict.kind) {
    case 'redirect': {
      const { ports, random = false } = verdict
      return { kind: 'redirect', address: new Uint32Array(4), range: undefined, ...spanOf(ports), random }
    }
    case 'dnat':
    case 'snat': {
      const range = natRangeOf(verdict)
      if (range === undefined && (verdict.kind === 'snat' || verdict.lastPort === undefined)) return undefined
      const random = verdict.random === true || (verdict.kind === 'snat' && verdict.randomFully === true)
      return { kind: verdict.kind, address: wordsOf(verdict), range, ...spanOf(natSpan(verdict)), random }
    }
    default:
      return undefined
  }
}

/** The ports a target names; undefined: none. */
export const natSpan = ({ port = 0, lastPort }: NatTarget): PortSpan | undefined =>
  port === 0 ? undefined : { from: port, to: lastPort ?? port }

const spanOf = (span: PortSpan | undefined): { readonly from: number; readonly to: number } => ({
  from: span?.from ?? 0,
  to: span?.to ?? 0,
})

/** False: there is nothing to translate to, and the packet is dropped. */
export function translate(engine: Engine, translation: Translation, inInterface: number): boolean {
  const { packet, host } = engine
  const { source, destination } = packet
  const { kind, range, address } = translation
  packet.natFrom = translation.from
  packet.natTo = translation.to
  packet.natRandom = translation.random
  if (kind === 'snat') {
    packet.natRange = range
    // Who comes from the range stays as it is, if it can.
    if (!isInRange(source, range!)) writeRangeAddress(range!, packet.family, source, destination, source)
    packet.ctState |= CT.SNAT
    return true
  }
  if (kind === 'redirect') {
    const at = 4 * (inInterface === INTERFACE.none ? INTERFACE.lo : inInterface)
    const { redirects } = host
    if ((redirects[at] | redirects[at + 1] | redirects[at + 2] | redirects[at + 3]) === 0) return false
    for (let i = 0; i < 4; i++) destination[i] = redirects[at + i]
  } else if (range === undefined) destination.set(address)
  else writeRangeAddress(range, packet.family, source, destination, destination)
  return true
}
