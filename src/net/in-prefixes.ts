/** Whether addresses, as text, lie in one of a few prefixes: made for many questions, as all pods of a node are asked. */
import { type IpPrefix, ipv4Word, networkAddress, parseIp, prefixContains, prefixSize } from './ip.ts'

/** What is no address counts as inside. */
export function inPrefixes(prefixes: readonly IpPrefix[]): (text: string) => boolean {
  const ranges = prefixes
    .filter(p => p.family === 4)
    .map(p => ({ first: Number(networkAddress(p)), end: Number(networkAddress(p) + prefixSize(p)) }))
  return text => {
    const word = ipv4Word(text)
    if (word >= 0) return ranges.some(({ first, end }) => word >= first && word < end)
    const address = parseIp(text)
    return address === undefined || prefixes.some(prefix => prefixContains(prefix, address))
  }
}
