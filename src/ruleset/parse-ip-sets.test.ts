import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { parseIpSets } from './parse-ip-sets.ts'
import { printIpSets } from './print-ip-sets.ts'

/** As Linux 6.18 with ipset 7.17 saves them. */
const SAVED = `create a hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 bucketsize 12 initval 0x349f2dfe
add a 10.0.0.0
create a2 hash:ip family inet hashsize 1024 maxelem 65536 bitmask 255.255.0.255 bucketsize 12 initval 0x9bc25930
add a2 10.0.0.5
create b hash:ip,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x5e6c076e
add b 1.2.3.4,sctp:99
add b 1.2.3.4,icmp:network-prohibited
add b 1.2.3.4,200:0
add b 1.2.3.4,icmp:echo-request
add b 1.2.3.4,gre:0
add b 9.9.9.9,tcp:0
add b 1.2.3.4,udplite:5
create c hash:net family inet hashsize 1024 maxelem 65536 timeout 300 bucketsize 12 initval 0xc7b5cebf
add c 10.1.0.0/16 timeout 0 nomatch
add c 10.1.2.3 timeout 9
add c 11.0.0.2/31 timeout 299
create d hash:net family inet6 hashsize 1024 maxelem 65536 comment bucketsize 12 initval 0x2444093d
add d fd00::/8 comment "a b c"
add d 2001:db8::1 comment "x"
create f hash:ip,port,net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xdff9e9e7
add f 1.1.1.1,tcp:80,10.0.0.0/16 nomatch
create g bitmap:port range 80-100
add g 90
create h bitmap:ip range 10.0.0.0-10.0.0.255
add h 10.0.0.3
create h2 bitmap:ip range 10.0.0.0-10.0.255.255 netmask 24
add h2 10.0.5.0
create k hash:ip family inet hashsize 1024 maxelem 2 counters skbinfo bucketsize 12 initval 0x42fefcc1
add k 1.1.1.1 packets 5 bytes 7 skbmark 0x11
create m hash:ip,port family inet6 hashsize 1024 maxelem 65536 bucketsize 12 initval 0xb3706344
add m fd00::1,ipv6-icmp:port-unreachable
create mac hash:mac hashsize 1024 maxelem 65536
add mac 01:02:03:04:05:06
create l list:set size 8
add l c
add l mac
`

const read = (text: string) => {
  const sets = parseIpSets(text)
  if (E.isLeft(sets)) throw new Error(describeProblem(sets.left))
  return sets.right
}

const pair = (protocol: number, port: number): bigint => BigInt(protocol * 65_536 + port)

describe('parseIpSets', () => {
  it('reads what ipset saves', () => {
    const sets = read(SAVED)
    expect([...sets.keys()]).toEqual(['a', 'a2', 'b', 'c', 'd', 'f', 'g', 'h', 'h2', 'k', 'm', 'mac', 'l'])
    expect(sets.get('a')).toMatchObject({
      type: 'hash:ip',
      family: 4,
      mask: 0xffff_ff00n,
      elements: [{ values: [0x0a00_0000n] }],
    })
    expect(sets.get('a2')).toMatchObject({ mask: 0xffff_00ffn })
    expect(sets.get('b')).toMatchObject({
      elements: [
        pair(132, 99),
        pair(1, 3 * 256 + 9),
        pair(200, 0),
        pair(1, 8 * 256),
        pair(47, 0),
        pair(6, 0),
        pair(136, 5),
      ].map((value, i) => ({ values: [i === 5 ? 0x0909_0909n : 0x0102_0304n, value] })),
    })
    expect(sets.get('c')).toMatchObject({
      elements: [
        { values: [0x0a01_0000n], length: 16, nomatch: true },
        { values: [0x0a01_0203n], length: 32, timeoutS: 9 },
        { values: [0x0b00_0002n], length: 31, timeoutS: 299 },
      ],
    })
    expect(sets.get('c')).not.toHaveProperty('elements.0.timeoutS')
    expect(sets.get('d')).toMatchObject({
      family: 6,
      elements: [{ values: [0xfdn << 120n], length: 8 }, { length: 128 }],
    })
    expect(sets.get('g')).toMatchObject({ elements: [{ values: [90n] }] })
    expect(sets.get('g')).not.toHaveProperty('family')
    expect(sets.get('m')).toMatchObject({ elements: [{ values: [expect.anything(), pair(58, 256 + 4)] }] })
    expect(sets.get('mac')).toEqual({ kind: 'unmodelled', name: 'mac', type: 'hash:mac' })
    expect(sets.get('l')).toMatchObject({ kind: 'list', members: [{ set: { name: 'c' } }, { set: { name: 'mac' } }] })
  })

  it('prints what it read, but for what it does not model', () => {
    const sets = read(SAVED)
    const printed = read(printIpSets(sets.values()))
    expect([...printed.keys()]).toEqual([...sets.keys()].filter(name => name !== 'mac' && name !== 'l'))
    for (const [name, set] of printed) expect(set).toEqual(sets.get(name))
  })

  it('spreads ranges, as ipset does', () => {
    const sets = read(
      'create b hash:ip,port\nadd b 10.0.0.0/31,80-81\ncreate n hash:net\nadd n 11.0.0.1-11.0.0.6\n# end\nCOMMIT\n',
    )
    expect(sets.get('b')).toMatchObject({
      elements: [0, 1].flatMap(a => [80, 81].map(p => ({ values: [0x0a00_0000n + BigInt(a), pair(6, p)] }))),
    })
    expect(sets.get('n')).toMatchObject({ elements: [32, 31, 31, 32].map(length => ({ length })) })
  })

  it('takes an element twice with -exist alone: the later one counts', () => {
    const text = 'create n hash:net timeout 5\nadd n 10.0.0.0/8\n'
    expect(read(`${text}add n 10.0.0.0/8 nomatch timeout 0 -exist\n`).get('n')).toMatchObject({
      elements: [{ length: 8, nomatch: true }],
    })
    expect(E.isLeft(parseIpSets(`${text}add n 10.0.0.0/8\n`))).toBe(true)
  })

  it('is empty for an empty text', () => {
    expect(read('').size).toBe(0)
    expect(printIpSets([])).toBe('')
  })

  const B = 'create b hash:ip,port\n'
  it.each([
    ['flush a', '"flush" is neither create nor add'],
    ['Name: a', '"Name:" is neither create nor add'],
    ['create a', 'create has too few words'],
    ['create a hash:nothing', 'set type "hash:nothing" is not known'],
    [`create ${'a'.repeat(32)} hash:ip`, 'is longer than 31 characters'],
    ['create a hash:ip\ncreate a hash:ip', 'set "a" is created twice'],
    ['create a hash:ip family inet5', 'family "inet5" is unknown'],
    ['create a hash:ip netmask 33', 'netmask "33" is no number up to 32'],
    ['create a hash:ip bitmask fd00::', 'is no mask of the family'],
    ['create a hash:ip maxelem', 'maxelem has no value'],
    ['create a hash:ip loud', 'option "loud" is not known'],
    ['create a hash:ip constructor 1', 'option "constructor" is not known'],
    ['create a bitmap:port', 'has no range'],
    ['create a bitmap:port range 80-70000', 'is no range'],
    ['create a bitmap:ip range 10.0.0.0/8', 'is no range'],
    ['add a 1.2.3.4', 'set "a" is not created before'],
    ['create a hash:ip\nadd a 1.2.3.4 timeout 5', 'set "a" has no timeouts'],
    ['create a hash:ip timeout 1\nadd a 1.2.3.4 timeout 2147484', 'is no number up to 2147483'],
    ['create a hash:ip\nadd a 1.2.3.4 nomatch', 'a hash:ip set knows no nomatch'],
    ['create a hash:ip\nadd a fd00::1', '"fd00::1" is no address of IPv4'],
    ['create a hash:ip\nadd a 1.2.3', '"1.2.3" is no address of IPv4'],
    ['create a hash:ip\nadd a 0.0.0.0', 'has an address of zeros'],
    ['create a hash:ip\nadd a 9.0.0.0/8', 'stands for more than 65536 elements'],
    ['create a hash:ip\nadd a 1.2.3.4-1.2.3.3', 'runs backwards'],
    ['create a hash:ip maxelem 1\nadd a 1.2.3.4-1.2.3.5', 'set "a" is full with 1'],
    ['create a hash:net\nadd a 0.0.0.0/0', '"0.0.0.0/0" is every address'],
    ['create a hash:net family inet6\nadd a 10.0.0.0/8', 'is no address of IPv6'],
    [`${B}add b 1.2.3.4`, 'has 1 parts, and an element of hash:ip,port 2'],
    [`${B}add b 1.2.3.4,http`, '"http" is no port of tcp'],
    [`${B}add b 1.2.3.4,0:0`, 'protocol "0" of "0:0" is not known'],
    [`${B}add b 1.2.3.4,gre:5`, '"5" is no port of gre'],
    [`${B}add b 1.2.3.4,tcp:90-80`, '"90-80" is no port of tcp'],
    [`${B}add b 1.2.3.4,icmpv6:1/0`, 'is of IPv6, the set of IPv4'],
    [`${B}add b 1.2.3.4,icmp:nothing`, '"nothing" is no type of icmp'],
    ['create g bitmap:port range 80-90\nadd g 91', '"91" is out of the range of the set'],
    ['create g bitmap:port range 80-90\nadd g http', '"http" is no port'],
    ['create l list:set\nadd l a', 'set "a" is not created before'],
    ['create l list:set\ncreate k list:set\nadd l k', '"k" is a list itself'],
    ['create l list:set\ncreate a hash:ip\nadd l a\nadd l a', '"a" is in the list already'],
    ['create a hash:ip comment\nadd a 1.2.3.4 comment "open', 'option "open" is not known'],
  ])('refuses %j', (text, what) => {
    const sets = parseIpSets(text, 'sets')
    expect(E.isLeft(sets) && describeProblem(sets.left)).toMatch(new RegExp(`^sets:${text.split('\n').length}:\\d+: `))
    expect(E.isLeft(sets) && describeProblem(sets.left)).toContain(what)
  })

  it('refuses bytes that are no text', () => {
    const sets = parseIpSets(Uint8Array.of(0xff, 0xfe, 10))
    expect(E.isLeft(sets) && describeProblem(sets.left)).toContain('the line is not UTF-8')
  })
})
