/**
 * What a node adds to its rules: its own addresses (for `addrtype LOCAL` and local delivery), the prefixes it routes to its pods,
 * and the names of its interfaces. Everything else leaves by the uplink (the default route).
 */
import type { IpFamily } from '../net/ip.ts'
import { parseIp, parsePrefix, writeIpWords } from '../net/ip.ts'
import { interfaceRedirects } from './interface-redirects.ts'
import { interfaceSources } from './interface-sources.ts'

export interface Host {
  /** Addresses of the node; its primary address of each family comes first. Loopback (127.0.0.0/8, ::1) is local always. */
  readonly localAddresses: readonly string[]
  /** CIDRs routed to the pods of this node. */
  readonly podPrefixes: readonly string[]
  readonly uplinkName: string
  readonly podInterfaceName: string
  /** Which of the local addresses are addresses of `lo`, and the pods' interface's own address: none and none as a rule. */
  readonly loopbackAddresses?: readonly string[]
  readonly podSideAddress?: string
}

/** A Host compiled for one family: four words an address; prefixes as (words, mask words). */
export interface HostView {
  readonly family: IpFamily
  /** Primary address of the family. Zeroes when the node has none. */
  readonly primary: Uint32Array
  /** Per INTERFACE four words: the source after MASQUERADE when leaving there, and of the node's own answers. Zeroes: none. */
  readonly sources: Uint32Array
  /** Per INTERFACE four words: where REDIRECT sends what came in there, and to `lo` what the node sends. Zeroes: nowhere. */
  readonly redirects: Uint32Array
  /** Addresses of `lo`, four words each. */
  readonly loopback: Uint32Array
  readonly localCount: number
  readonly local: Uint32Array
  readonly podPrefixCount: number
  /** Per prefix: four words of network, four of mask. */
  readonly podPrefixes: Uint32Array
  readonly uplinkName: string
  readonly podInterfaceName: string
}

export function hostView(host: Host, family: IpFamily): HostView {
  const local = addressWords(host.localAddresses, family)
  const prefixes = host.podPrefixes.map(parsePrefix).filter(p => p?.family === family)
  const podPrefixes = new Uint32Array(8 * prefixes.length)
  prefixes.forEach((p, i) => {
    const bits = family === 4 ? 32 : 128
    const mask = ((1n << BigInt(p!.length)) - 1n) << BigInt(bits - p!.length)
    writeIpWords(p!.value & mask, podPrefixes, 8 * i)
    writeIpWords(mask, podPrefixes, 8 * i + 4)
  })
  const primary = new Uint32Array(4)
  if (local.length > 0) primary.set(local.subarray(0, 4))
  const loopback = addressWords(host.loopbackAddresses ?? [], family)
  const podSide = addressWords(host.podSideAddress === undefined ? [] : [host.podSideAddress], family)
  return {
    family,
    primary,
    sources: interfaceSources(primary, loopback, podSide),
    redirects: interfaceRedirects(family, local, loopback, podSide),
    loopback,
    localCount: local.length / 4,
    local,
    podPrefixCount: prefixes.length,
    podPrefixes,
    uplinkName: host.uplinkName,
    podInterfaceName: host.podInterfaceName,
  }
}

function addressWords(texts: readonly string[], family: IpFamily): Uint32Array {
  const addresses = texts.map(parseIp).filter(a => a?.family === family)
  const words = new Uint32Array(4 * addresses.length)
  addresses.forEach((a, i) => {
    writeIpWords(a!.value, words, 4 * i)
  })
  return words
}
