import { describe, expect, it } from 'vitest'
import { parseIp, writeIpWords } from '../net/ip.ts'
import { AddressMap } from './address-map.ts'

const ADDRESSES = ['0.0.0.0', '10.0.0.1', '127.255.255.255', '128.0.0.0', '255.255.255.255', '::', '::1', 'fd00::a00:1']

describe('AddressMap', () => {
  const ask = (map: AddressMap, text: string) => {
    const { family, value } = parseIp(text)!
    const words = new Uint32Array(6)
    writeIpWords(value, words, 2)
    return map.get(family, words, 2)
  }

  it('finds every address, of either family, by its words', () => {
    const map = new AddressMap()
    for (const [i, address] of ADDRESSES.entries()) map.set(address, i)
    expect(ADDRESSES.map(a => ask(map, a))).toEqual([...ADDRESSES.keys()])
    expect(ask(map, '10.0.0.2')).toBeUndefined()
    expect(ask(map, 'fd00::2')).toBeUndefined()
  })

  it('keeps what was set last', () => {
    const map = new AddressMap()
    for (const number of [1, 2]) for (const address of ADDRESSES) map.set(address, number)
    expect(ADDRESSES.map(a => ask(map, a))).toEqual(ADDRESSES.map(() => 2))
  })
})
