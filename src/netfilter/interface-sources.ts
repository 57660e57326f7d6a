import { INTERFACE } from './interface.ts'

/** An interface without an address borrows one: of `lo` first, then the uplink's, then the pods' (inet_select_addr: the order of the devices). */
export function interfaceSources(primary: Uint32Array, loopback: Uint32Array, podSide: Uint32Array): Uint32Array {
  const sources = new Uint32Array(16)
  const isSet = (words: Uint32Array): boolean => words.some(word => word !== 0)
  const borrowed = [loopback.subarray(0, 4), primary, podSide].find(isSet) ?? new Uint32Array(4)
  sources.set(borrowed, 4 * INTERFACE.lo)
  sources.set(isSet(primary) ? primary : borrowed, 4 * INTERFACE.uplink)
  sources.set(isSet(podSide) ? podSide : borrowed, 4 * INTERFACE.pod)
  return sources
}
