/** Where a node's routes send an address, by both readings: the compiled one of evaluate and the plain one of trace. */
import { describe, expect, it } from 'vitest'
import { type IpFamily, parseIp, writeIpWords } from '../net/ip.ts'
import { hostView } from './host.ts'
import { INTERFACE } from './interface.ts'
import { answersAsItself, routeOf } from './route.ts'
import { addressPlace } from './trace-match.ts'

const NODE = {
  localAddresses: ['192.0.2.1', '192.0.2.9', '2001:db8:1::1', '2001:db8:2::9'],
  podPrefixes: ['10.244.1.0/24', '10.245.0.0/30', 'fd00:1:2:3::/64', 'fd00:5:6:7:8:9::/96', 'fd00::a:b:c:d/128'],
  uplinkName: 'eth0',
  podInterfaceName: 'cni0',
}

const PLACES = { local: INTERFACE.lo, pod: INTERFACE.pod, elsewhere: INTERFACE.uplink }

function words(text: string): Uint32Array {
  const all = new Uint32Array(4)
  writeIpWords(parseIp(text)!.value, all, 0)
  return all
}

describe('a route', () => {
  it.each<[IpFamily, keyof typeof PLACES, readonly string[]]>([
    [4, 'local', ['192.0.2.1', '192.0.2.9', '127.0.0.0', '127.255.255.255']],
    [4, 'pod', ['10.244.1.0', '10.244.1.255', '10.245.0.3']],
    [
      4,
      'elsewhere',
      ['192.0.2.2', '126.255.255.255', '128.0.0.0', '10.244.0.255', '10.244.2.0', '10.245.0.4', '0.0.0.0'],
    ],
    [6, 'local', ['::1', '2001:db8:1::1', '2001:db8:2::9']],
    [6, 'pod', ['fd00:1:2:3::', 'fd00:1:2:3:ffff::', 'fd00:5:6:7:8:9::', 'fd00:5:6:7:8:9:ffff:ffff', 'fd00::a:b:c:d']],
    // Each differs from one above in one of its four words.
    [
      6,
      'elsewhere',
      [
        ...[
          '::',
          '::2',
          '::1:0:1',
          '0:0:1::1',
          '1::1',
          '2001:db9:1::1',
          '2001:db8:1:1::1',
          '2001:db8:1::1:0:1',
          '2001:db8:1::9',
        ],
        ...['fd01:1:2:3::', 'fd00:1:2:4::', 'fd01:5:6:7:8:9::', 'fd00:5:6:8:8:9::', 'fd00:5:6:7:8:a::'],
        ...['fd01::a:b:c:d', 'fd00::1:a:b:c:d', 'fd00::a:c:c:d', 'fd00::a:b:c:e'],
      ],
    ],
  ])('IPv%i, %s', (family, place, addresses) => {
    const host = hostView(NODE, family)
    expect(addresses.map(text => routeOf(host, words(text)))).toEqual(addresses.map(() => PLACES[place]))
    expect(addresses.map(text => addressPlace(host, parseIp(text)!.value))).toEqual(addresses.map(() => place))
  })

  it('of a node that has nothing: loopback alone is its own', () => {
    for (const family of [4, 6] as const) {
      const host = hostView({ ...NODE, localAddresses: [], podPrefixes: [] }, family)
      const texts = family === 4 ? ['127.0.0.1', '192.0.2.1', '0.0.0.0'] : ['::1', '2001:db8:1::1', '::']
      expect(texts.map(text => routeOf(host, words(text)))).toEqual([INTERFACE.lo, INTERFACE.uplink, INTERFACE.uplink])
    }
  })
})

describe('what a masqueraded packet of the node to itself comes from', () => {
  it('IPv4: the address it goes to, where that is one of lo; IPv6: always', () => {
    const node = { ...NODE, loopbackAddresses: ['169.254.20.10', '169.254.20.11', 'fd00::10'] }
    const [four, six] = ([4, 6] as const).map(family => hostView(node, family))
    const answers = (texts: readonly string[]): boolean[] => texts.map(text => answersAsItself(four, words(text)))
    expect(answers(['169.254.20.10', '169.254.20.11', '192.0.2.1', '0.0.0.0'])).toEqual([true, true, false, false])
    expect(answersAsItself(hostView(NODE, 4), words('169.254.20.10'))).toBe(false)
    expect(['fd00::10', '2001:db8:1::1'].map(text => answersAsItself(six, words(text)))).toEqual([true, true])
  })
})
