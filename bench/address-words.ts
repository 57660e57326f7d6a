import { parseIp, writeIpWords } from '../src/net/ip.ts'

/** The four words of an address that a benchmark writes as text. */
export function addressWords(text: string): Uint32Array {
  const words = new Uint32Array(4)
  writeIpWords(parseIp(text)!.value, words, 0)
  return words
}
