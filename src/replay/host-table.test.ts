import { describe, expect, it } from 'vitest'
import { hostView } from '../netfilter/host.ts'
import { hostTable, hostViews } from './host-table.ts'

const makeHost = (n: number) => ({
  localAddresses: n === 1 ? ['fd00::1'] : [`10.0.0.${n}`, `10.0.1.${n}`, `fd00::${n}`],
  podPrefixes: n === 1 ? [] : [`10.64.${n}.0/24`, `fd01:${n}::/64`],
  uplinkName: n === 2 ? 'bond0' : 'eth0',
  podInterfaceName: 'cni0',
})

describe('hostTable', () => {
  it.each([4, 6] as const)('gives back the views it was made of, IPv%d', family => {
    const views = [0, 1, 2, 3].map(n => hostView(makeHost(n), family))
    expect(hostViews(hostTable(family, views))).toEqual(views)
  })

  it('is empty for no nodes', () => {
    expect(hostViews(hostTable(4, []))).toEqual([])
  })

  it('refuses a view of the other family', () => {
    expect(() => hostTable(4, [hostView(makeHost(0), 6)])).toThrow(/node 0 is of family 6/)
  })
})
