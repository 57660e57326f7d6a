/**
 * Hashes in the names of kube-proxy's chains, of both modes, under the new names: made again of the new names, so that rules still fit the objects. What a hash
 * was made of is found in comments and objects; a hash that nothing explains (another kube-proxy's, say) becomes another hash.
 */
import { hash16 } from '../../proxier/chain-names.ts'
import { hashed } from '../../proxier/nftables-names.ts'
import type { Renamer } from './renamer.ts'

const PROTOCOLS = ['tcp', 'udp', 'sctp']

export class ChainHashes {
  readonly #renamed = new Map<string, string>()
  /** What nft names of eight characters of hash were made of: names longer than 240 characters do not say it themselves. */
  readonly #nftBases = new Map<string, string>()
  readonly #renamer: Renamer

  constructor(renamer: Renamer) {
    this.#renamer = renamer
  }

  /** A Service port, as `namespace/name:port`: its chains KUBE-SVC-, -SVL-, -EXT-, -FW- are known from now on. */
  addServicePort(label: string): void {
    for (const protocol of PROTOCOLS) {
      for (const old of spellings(label))
        this.#renamed.set(hash16(old + protocol), hash16(this.#renamer.servicePort(old) + protocol))
      this.#addBase(nftBase(label, protocol))
    }
  }

  /** One of its endpoints, as `10.0.0.1:80` or `[fd00::1]:80`: its chain KUBE-SEP- is known. */
  addEndpoint(label: string, protocol: string, endpoint: string): void {
    const moved = renamedEndpoint(endpoint, this.#renamer)
    const [, six, four, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(endpoint) ?? []
    if (port !== undefined) this.#addBase(`${nftBase(label, protocol)}__${(six ?? four).replaceAll(':', '.')}/${port}`)
    for (const old of spellings(label))
      this.#renamed.set(hash16(old + protocol + endpoint), hash16(this.#renamer.servicePort(old) + protocol + moved))
  }

  /** The new hash of one of 16 characters. */
  of(hash: string): string {
    return this.#renamed.get(hash) ?? this.#renamer.opaqueHash(hash)
  }

  /** The new form of `HASH-namespace/name/tcp/port`, or of an endpoint's `…__10.0.0.1/80`, which stand behind `service-` and the like. */
  ofNft(name: string): string {
    const base = this.#nftBases.get(name.slice(0, 8)) ?? name.slice(9)
    const match = /^([^/]+)\/([^/]+)\/(tcp|udp|sctp)\/([^/_]*)(?:__([\da-f.]+)\/(\d+))?$/.exec(base)
    if (match === null) return hashed(this.#renamer.name('chain', base))
    const [, namespace, service, protocol, port, written, endpointPort] = match
    const newService = this.#renamer.servicePort(`${namespace}/${service}`)
    const newPort = this.#renamer.name('port', port)
    const address =
      written && this.#renamer.address(/^(\d+\.){3}\d+$/.test(written) ? written : written.replaceAll('.', ':'))
    return hashed(
      `${newService}/${protocol}/${newPort}${address ? `__${address.replaceAll(':', '.')}/${endpointPort}` : ''}`,
    )
  }

  #addBase(base: string): void {
    this.#nftBases.set(hash16(base).slice(0, 8), base)
  }
}

/** `namespace/name/tcp/port`, which nftables mode hashes. */
function nftBase(label: string, protocol: string): string {
  const [, service, port] = /^([^:]*):?(.*)$/.exec(label)!
  return `${service}/${protocol}/${port}`
}

/** Releases before 1.20 wrote a colon behind the name of a Service whose port has none. */
const spellings = (label: string): readonly string[] => (label.includes(':') ? [label] : [label, `${label}:`])

/** `10.0.0.1:80`, `[fd00::1]:80` under its new address; a text that is no endpoint as it is. */
export function renamedEndpoint(text: string, renamer: Renamer): string {
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(:.*)?$/.exec(text)
  const address = match && renamer.address(match[1] ?? match[2])
  if (match === null || address === null || address === undefined) return text
  return `${match[1] === undefined ? address : `[${address}]`}${match[3] ?? ''}`
}
