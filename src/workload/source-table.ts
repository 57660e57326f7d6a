/** Addresses that connections come from, as words on shared buffers: every node's primary address and its pods', by family. */
import type { IpFamily } from '../net/ip.ts'
import { ipv4Word, parseIp, writeIpWords } from '../net/ip.ts'
import type { SourceTable } from './traffic.ts'

/** Addresses are canonical text, as cluster objects hold them. */
export interface TrafficNode {
  /** The node's own addresses; the first of a family is its primary one. */
  readonly addresses: readonly string[]
  readonly pods: readonly string[]
}

/** The table of one family, and which nodes have a primary address of it. */
export function sourceTable(
  nodes: readonly TrafficNode[],
  family: IpFamily,
): { readonly table: SourceTable; readonly hasAddress: readonly boolean[] } {
  const podStart = sharedWords(nodes.length + 1)
  const nodeAddress = sharedWords(4 * nodes.length)
  const pods = new Uint32Array(4 * nodes.reduce((sum, node) => sum + node.pods.length, 0))
  let end = 0
  nodes.forEach((node, n) => {
    const primary = node.addresses.find(a => isOf(family, a))
    if (primary !== undefined) writeAddress(primary, nodeAddress, 4 * n)
    for (const pod of node.pods) {
      if (!isOf(family, pod)) continue
      writeAddress(pod, pods, end)
      end += 4
    }
    podStart[n + 1] = end / 4
  })
  const podAddress = sharedWords(end)
  podAddress.set(pods.subarray(0, end))
  return {
    table: { nodeAddress, podStart, podAddress },
    hasAddress: nodes.map(n => n.addresses.some(a => isOf(family, a))),
  }
}

/** The addresses of one family among `texts`, four words each. */
export function addressWords(texts: readonly string[], family: IpFamily): Uint32Array {
  const own = texts.filter(t => isOf(family, t))
  const words = sharedWords(4 * own.length)
  own.forEach((text, i) => {
    writeAddress(text, words, 4 * i)
  })
  return words
}

/** Writes the words of an address that was checked where it was read. */
export function writeAddress(text: string, target: Uint32Array, offset: number): void {
  const word = ipv4Word(text)
  if (word >= 0) {
    target.fill(0, offset, offset + 3)
    target[offset + 3] = word
    return
  }
  const address = parseIp(text)
  if (address === undefined) throw new Error(`writeAddress: ${JSON.stringify(text)} is no address`)
  writeIpWords(address.value, target, offset)
}

const isOf = (family: IpFamily, text: string): boolean => text.includes(':') === (family === 6)

const sharedWords = (count: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(4 * count))
