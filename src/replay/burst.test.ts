import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../net/ip.ts'
import { parseIp, writeIpWords } from '../net/ip.ts'
import { compile } from '../netfilter/compile.ts'
import { CHUNK } from '../netfilter/count-ways.ts'
import { makeHostView } from '../netfilter/testing/make-rules.ts'
import { makeServiceRules, serviceAddress } from '../netfilter/testing/make-service-rules.ts'
import { draw32 } from '../sim/random.ts'
import { choiceTable } from '../workload/choice-table.ts'
import { type Burst, newBurst, PIECE } from './burst.ts'
import { withPool } from './pool.ts'

const SERVICES = 20
const SEED = { low: 3, high: 4 }

/** `count` connections to the Services in turn, one in 21 to an address that none has. */
function makeBurst(family: IpFamily, count: number, more: Partial<Burst> = {}): Burst {
  const program = E.getOrElseW(() => {
    throw new Error('does not compile')
  })(compile([makeServiceRules({ family, services: SERVICES, endpoints: 3 })]))
  const words = family === 4 ? 1 : 4
  const addresses = new Uint32Array(new SharedArrayBuffer(4 * words * count))
  const service = Array.from({ length: SERVICES + 1 }, (_, s) => {
    const address = new Uint32Array(4)
    writeIpWords(parseIp(serviceAddress(family, s))!.value, address, 0)
    return address.subarray(4 - words)
  })
  for (let i = 0; i < count; i++) addresses.set(service[i % (SERVICES + 1)], words * i)
  const ports = new Uint32Array(new SharedArrayBuffer(4 * count)).fill((6 << 16) | 80)
  const source = new Uint32Array(4)
  writeIpWords(parseIp(family === 4 ? '10.244.1.7' : 'fd00:244:1::7')!.value, source, 0)
  const sender = { view: 0, host: makeHostView(family), orderKey: 99, origin: 1 as const, source }
  return newBurst(program, sender, { seed: SEED, flowHigh: 0, count, destinations: { addresses, ports }, ...more })
}

const repeated = ({ destinations: { addresses, ports } }: Burst, times: number): Burst['destinations'] => {
  const all = { addresses: new Uint32Array(times * addresses.length), ports: new Uint32Array(times * ports.length) }
  for (let t = 0; t < times; t++) {
    all.addresses.set(addresses, t * addresses.length)
    all.ports.set(ports, t * ports.length)
  }
  return all
}

const send = async (burst: Burst, workers: number) =>
  E.getOrElseW(() => {
    throw new Error('no pool')
  })(await withPool(workers, pool => async () => E.right(await pool.send(burst)))())

describe.each([4, 6] as const)('a burst, IPv%d', family => {
  it('counts every connection, the same with 0, 1 and 3 workers, and on every road', async () => {
    const count = PIECE + 3 * CHUNK + 5
    const here = await send(makeBurst(family, count), 0)
    expect(here.outcomes.reduce((a, b) => a + b, 0)).toBe(count)
    expect(here.rulesEvaluated.count).toBe(count)
    expect(here.rules.evaluated.reduce((a, b) => a + b, 0)).toBe(here.rulesEvaluated.sum)
    expect(here.backendConnections.reduce((a, b) => a + b, 0)).toBe(count - Math.floor(count / (SERVICES + 1)))
    for (const road of ['plain', 'evaluate'] as const)
      expect(await send(makeBurst(family, count, { road }), 0)).toEqual(here)
    for (const workers of [1, 3]) expect(await send(makeBurst(family, count), workers)).toEqual(here)
  })

  it('draws destinations as it sends: the same as if they had been drawn before', async () => {
    const count = 3 * CHUNK + 2
    const choice = choiceTable([0, 5, 20], [6, 3, 1])
    const table = makeBurst(family, SERVICES + 1)
    const drawn = await send({ ...table, count, choice }, 0)
    const before = makeBurst(family, count)
    const words = family === 4 ? 1 : 4
    for (let i = 0; i < count; i++) {
      const word = draw32(SEED.low, SEED.high, i, 0, 1)
      const d = word < 0.6 * 2 ** 32 - 1 ? 0 : word < 0.9 * 2 ** 32 ? 5 : 20
      before.destinations.addresses.set(table.destinations.addresses.subarray(words * d, words * d + words), words * i)
    }
    expect(drawn).toEqual(await send(before, 0))
  })

  it('takes its destinations over and over', async () => {
    const once = makeBurst(family, 2 * CHUNK + 7 * (SERVICES + 1))
    const thrice = await send({ ...once, count: 3 * once.count }, 0)
    expect(thrice).toEqual(await send({ ...makeBurst(family, 3 * once.count), destinations: repeated(once, 3) }, 0))
  })

  it('is nothing without connections', async () => {
    const { rulesEvaluated, rules } = await send(makeBurst(family, 0), 2)
    expect([rulesEvaluated.count, rules.matched.some(n => n > 0)]).toEqual([0, false])
  })
})
