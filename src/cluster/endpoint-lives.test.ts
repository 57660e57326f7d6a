import { describe, expect, it } from 'vitest'
import { type EndpointLife, EndpointLives } from './endpoint-lives.ts'

const life = (pod: string, upUs: number, goneUs: number, addresses = ['10.0.0.1']): EndpointLife => ({
  pod,
  nodeName: 'n',
  addresses,
  upUs,
  readyUs: upUs,
  terminatingUs: goneUs,
  downUs: goneUs,
  goneUs,
  cut: false,
})

describe('lives of an address', () => {
  const lives = new EndpointLives([life('b', 50, 60), life('a', 10, 40), life('c', 0, 9, ['10.0.0.2', 'fd00::2'])])

  it('come in order of time, whoever had it', () => {
    expect(lives.of('10.0.0.1').map(l => l.pod)).toEqual(['a', 'b'])
    expect(lives.of('10.9.9.9')).toEqual([])
    expect(lives.addressCount).toBe(3)
  })

  it.each([
    ['10.0.0.1', 9, undefined],
    ['10.0.0.1', 10, 'a'],
    ['10.0.0.1', 45, 'a'],
    ['10.0.0.1', 50, 'b'],
    ['fd00::2', 5, 'c'],
  ])('%s at %d', (address, timeUs, pod) => {
    expect(lives.at(address, timeUs)?.pod).toBe(pod)
  })
})
