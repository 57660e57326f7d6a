import { describe, expect, it } from 'vitest'
import { parseIp } from '../net/ip.ts'
import type { ConntrackEntry } from '../netfilter/conntrack/conntrack-entry.ts'
import { isStaleUdpEntry, type UdpServicePort } from './stale-udp-entries.ts'

const dns: UdpServicePort = {
  addresses: ['10.96.0.10', '203.0.113.5'],
  port: 53,
  nodePort: 30_053,
  servingAddresses: ['10.244.1.5'],
}

/** From a client to `to`, answered by `by`. */
function makeEntry(to: string, port: number, by: string, protocol = 17): ConntrackEntry {
  const ip = (text: string) => parseIp(text)!
  const client = { address: ip('192.0.2.9'), port: 5_000 }
  return {
    protocol,
    original: { source: client.address, sourcePort: client.port, destination: ip(to), destinationPort: port },
    reply: { source: ip(by), sourcePort: 53, destination: client.address, destinationPort: client.port },
    assured: false,
    seenReply: true,
  }
}

describe('stale UDP entries', () => {
  it.each<[string, ConntrackEntry, boolean]>([
    ['to an endpoint that is gone', makeEntry('10.96.0.10', 53, '10.244.2.6'), true],
    ['to one that serves', makeEntry('10.96.0.10', 53, '10.244.1.5'), false],
    ['by the load balancer address', makeEntry('203.0.113.5', 53, '10.244.2.6'), true],
    ['by the node port, at any address', makeEntry('172.18.0.2', 30_053, '10.244.2.6'), true],
    ['to another port of the address', makeEntry('10.96.0.10', 54, '10.244.2.6'), false],
    ['to another address', makeEntry('10.96.0.11', 53, '10.244.2.6'), false],
    ['never translated', makeEntry('10.96.0.10', 53, '10.96.0.10'), true],
    ['TCP', makeEntry('10.96.0.10', 53, '10.244.2.6', 6), false],
  ])('%s', (_, entry, stale) => {
    expect(isStaleUdpEntry([dns])(entry)).toBe(stale)
  })

  it('are none while nothing serves, and without Services', () => {
    const entry = makeEntry('10.96.0.10', 53, '10.244.2.6')
    expect(isStaleUdpEntry([{ ...dns, servingAddresses: [] }])(entry)).toBe(false)
    expect(isStaleUdpEntry([])(entry)).toBe(false)
  })
})
