import { describe, expect, it } from 'vitest'
import { printRules } from '../ruleset/print-iptables.ts'
import { nodePortJumps } from './nodeport-jumps.ts'
import { DEFAULT_PROXIER_CONFIG, type ProxierConfig } from './proxier-config.ts'
import { proxierNode } from './proxier-node.ts'
import { makeNode } from './testing/make-objects.ts'

const NODE = makeNode('a', {
  addresses: [
    { type: 'Hostname', address: 'a' },
    { type: 'ExternalIP', address: '203.0.113.1' },
    { type: 'InternalIP', address: '172.18.0.2' },
    { type: 'InternalIP', address: 'fd00:172:18::2' },
  ],
})
const ALL = '-m addrtype --dst-type LOCAL '

/** Whether localhost takes nodePorts, and the destinations of the jumps. */
function addresses(parts: Partial<ProxierConfig>, family: 4 | 6 = 4, node = NODE): [boolean, string[]] {
  const { localhost, jumps } = nodePortJumps(
    { ...DEFAULT_PROXIER_CONFIG, ...parts },
    proxierNode(node, family, ''),
    family,
  )
  const texts = printRules('C', jumps, family).replaceAll(/-A C |-m comment --comment "[^"]*" |-j KUBE-NODEPORTS/g, '')
  return [localhost, texts.split('\n')]
}

describe('nodePortJumps', () => {
  it.each<[string, Partial<ProxierConfig>, 4 | 6, boolean, string[]]>([
    ['all by default', {}, 4, true, [ALL]],
    ['all but loopback in IPv6', {}, 6, false, [`! -d ::1/128 ${ALL}`]],
    ['all but loopback', { localhostNodePorts: false }, 4, false, [`! -d 127.0.0.0/8 ${ALL}`]],
    ['all by a /0', { nodePortAddresses: ['172.18.0.0/16', '0.0.0.0/0'] }, 4, true, [ALL]],
    [
      'all when the CIDRs are of the other family',
      { nodePortAddresses: ['172.18.0.0/16'] },
      6,
      false,
      [`! -d ::1/128 ${ALL}`],
    ],
    ['those in a CIDR', { nodePortAddresses: ['172.18.0.0/16'] }, 4, false, ['-d 172.18.0.2/32 ']],
    [
      'those in several, each once',
      { nodePortAddresses: ['172.0.0.0/8', '172.18.0.0/16', '127.0.0.0/8'] },
      4,
      true,
      ['-d 172.18.0.2/32 ', '-d 127.0.0.1/32 '],
    ],
    [
      'not loopback when it is switched off',
      { nodePortAddresses: ['127.0.0.0/8', '172.18.0.0/16'], localhostNodePorts: false },
      4,
      false,
      ['-d 172.18.0.2/32 '],
    ],
    ['no external address, which is on no interface', { nodePortAddresses: ['203.0.113.0/24'] }, 4, false, ['']],
    ['the primary one', { nodePortAddresses: ['primary'] }, 4, false, ['-d 172.18.0.2/32 ']],
    ['the primary one of IPv6', { nodePortAddresses: ['primary'] }, 6, false, ['-d fd00:172:18::2/128 ']],
  ])('are %s', (_, config, family, localhost, jumps) => {
    expect(addresses(config, family)).toEqual([localhost, jumps])
  })

  it('are all when there is no primary address of the family', () => {
    expect(addresses({ nodePortAddresses: ['primary'] }, 6, makeNode('b', { ip: '172.18.0.3' }))).toEqual([
      false,
      [`! -d ::1/128 ${ALL}`],
    ])
  })
})
