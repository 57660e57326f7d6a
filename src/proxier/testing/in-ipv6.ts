/** Objects of tests that are written in IPv4, in IPv6: each IPv4 address a.b.c.d becomes fd00::a:b:c:d, a prefix grows by 96 bits. */
import type { ClusterEvent } from '../../cluster/cluster-event.ts'

/** Through its JSON: nothing that looks like an IPv4 address stays one. */
export function inIPv6(event: ClusterEvent): ClusterEvent {
  const text = JSON.stringify(event)
    .replaceAll(/\b(\d+)\.(\d+)\.(\d+)\.(\d+)\b/g, (_, ...octets: string[]) => {
      const [a, b, c, d] = octets.slice(0, 4).map(octet => Number(octet).toString(16))
      return `fd00::${a}:${b}:${c}:${d}`
    })
    .replaceAll(
      /(fd00::[\da-f:]+)\/(\d+)/g,
      (_, address: string, length: string) => `${address}/${Number(length) + 96}`,
    )
    .replaceAll('"IPv4"', '"IPv6"')
  return JSON.parse(text)
}
