/**
 * Random numbers, all of them functions of the scenario's seed.
 *
 * Two kinds. A *stream* (seedrandom's alea) serves the control plane, where decisions come one after another. A *draw* serves the
 * data plane: it is counter-based, a pure function of (stream seed, flow number, draw number), so results do not depend on the
 * number of workers or on the order of jobs. The flow number is two 32-bit words, so it does not wrap.
 * Sequences are pinned by 'must not change' tests. This file alone imports seedrandom.
 */
import seedrandom from 'seedrandom'

/** A stream of uniform numbers in [0, 1), reproducible from its seed. */
export interface RandomStream {
  /** Uniform in [0, 1), 32 random bits. */
  next(): number
  /** Uniform whole number in [0, bound); bound from 1 to 2^32. */
  below(bound: number): number
}

/** The seed of one stream of draws: two 32-bit words. */
export interface StreamSeed {
  readonly low: number
  readonly high: number
}

/** The stream called `name` of a scenario's seed. Streams of different names are independent: one more draw in one moves no other. */
export function randomStream(seed: string, name: string): RandomStream {
  const generator = seedrandom.alea(`${seed}\u0000${name}`)
  return {
    next: () => generator.quick(),
    below: bound => Math.floor(generator.quick() * bound),
  }
}

/** The stream seed of the data-plane stream called `name`. */
export function streamSeed(seed: string, name: string): StreamSeed {
  const generator = seedrandom.alea(`${seed}\u0000${name}`)
  return { low: generator.int32() >>> 0, high: generator.int32() >>> 0 }
}

/**
 * Draw number `draw` of flow (flowLow, flowHigh): a uniform 32-bit word. Three rounds of the lowbias32 finalizer
 * (Wellons 2018, the multipliers found by Degski) over seed, flow and draw.
 */
export const draw32 = (seedLow: number, seedHigh: number, flowLow: number, flowHigh: number, draw: number): number =>
  drawOf(flowState(seedLow, seedHigh, flowLow, flowHigh), draw)

/** What all draws of one flow have in common: two of draw32's three rounds. For those who draw more than once. */
export function flowState(seedLow: number, seedHigh: number, flowLow: number, flowHigh: number): number {
  let x = (flowLow ^ seedLow) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
  x ^= x >>> 15
  x = (x + Math.imul(flowHigh ^ seedHigh, 0x9e3779b1)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
  return x ^ (x >>> 15)
}

/** Draw number `draw` of the flow with this state. */
export function drawOf(state: number, draw: number): number {
  let x = (state + Math.imul(draw + 1, 0x85ebca6b)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
  return (x ^ (x >>> 15)) >>> 0
}

/** `word` (32 random bits) scaled to [0, bound), as the kernel's reciprocal_scale does: floor(word * bound / 2^32). */
export const scale32 = (word: number, bound: number): number => Math.floor((word / 0x1_0000_0000) * bound)
