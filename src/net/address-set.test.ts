import { describe, expect, it } from 'vitest'
import { AddressSet } from './address-set.ts'
import { parseIp } from './ip.ts'

const ADDRESSES = ['0.0.0.0', '10.0.0.1', '128.0.0.0', '255.255.255.255', '::1', 'fd00::a00:1']
const take = (set: AddressSet, text: string) => set.take(parseIp(text)!)

describe('AddressSet', () => {
  it.each(ADDRESSES)('gives %s once, and again when it came back', text => {
    const set = new AddressSet()
    expect([take(set, text), take(set, text)]).toEqual([text, undefined])
    set.delete(text)
    expect([take(set, text), take(set, text)]).toEqual([text, undefined])
  })

  it('gives nothing that was brought', () => {
    const set = new AddressSet(ADDRESSES.slice(0, 3))
    for (const text of ADDRESSES.slice(3)) set.add(text)
    expect(ADDRESSES.map(a => take(set, a))).toEqual(ADDRESSES.map(() => undefined))
    expect(take(set, '10.0.0.2')).toBe('10.0.0.2')
  })

  it('bears what is no address', () => {
    const set = new AddressSet(['node-1.example', ''])
    set.delete('node-1.example')
    expect(take(set, '10.0.0.1')).toBe('10.0.0.1')
  })
})
