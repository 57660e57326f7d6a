/** With a memory or without: the same outcomes, translations, draws and counters, on any rules, nodes and packets. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../net/ip.ts'
import { copyPacket, type Packet } from '../net/packet.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { compileInterned } from './compile.ts'
import { type ProgramPrices, programPrices } from './cost/program-prices.ts'
import type { Engine } from './engine.ts'
import { newEngine } from './engine.ts'
import { evaluate, evaluateEstablished } from './evaluate.ts'
import { findRecord, foldRecords, hostKind, passFirst, passLater } from './hop-memo.ts'
import { newHopMemo, newPlaces, type Places } from './hop-records.ts'
import { type HostView, hostView } from './host.ts'
import { beginNode, endNode } from './node-order.ts'
import { OUTCOME } from './outcome.ts'
import type { Program } from './program.ts'
import { ruleTallies } from './rule-tallies.ts'
import { makeProfiles } from './testing/make-profiles.ts'
import { makeHostView, makePacket, type PacketWords } from './testing/make-rules.ts'
import { makeServiceRules, serviceAddress } from './testing/make-service-rules.ts'
import { type RandomStep, randomStep, randomViews } from './testing/random-ruleset.ts'
import { rulesOf } from './testing/rules-of-text.ts'

const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 400)
const SEED = { low: 0x1234_5678, high: 0x9abc_def0 }

interface Visit {
  readonly host: number
  readonly orderKey: number
  readonly steps: readonly RandomStep[]
}

const randomVisit = (family: IpFamily): fc.Arbitrary<Visit> =>
  fc.record({
    host: fc.nat(3),
    orderKey: fc.constantFrom(0, 1, 0xdead_beef | 0, 77),
    steps: fc.array(randomStep(family), { minLength: 4, maxLength: 40 }),
  })

/** Two nodes alike, one with an address that packets come from, one without any. */
const makeHosts = (family: IpFamily): HostView[] =>
  [['192.0.2.1', '2001:db8:1::1'], ['192.0.2.77', '2001:db8:1::77'], ['192.0.2.2', '2001:db8:1::2'], []].map(
    addresses => makeHostView(family, addresses),
  )

describe.each([4, 6] as const)('a hop with memory, IPv%i', family => {
  it(
    'equals evaluate in every number, on random rulesets',
    () => {
      let remembered = 0
      fc.assert(
        fc.property(
          randomViews(family),
          fc.array(randomVisit(family), { minLength: 1, maxLength: 4 }),
          (views, visits) => {
            const { program, prices } = priced(views)
            const plain = newEngine(program, SEED, prices)
            const memo = newHopMemo(newEngine(program, SEED, prices))
            const hosts = makeHosts(family)
            const placesOf = new Map<string, Places>()
            for (const { host: h, orderKey, steps } of visits) {
              const host = hosts[h]
              beginNode(plain, orderKey)
              beginNode(memo.engine, orderKey)
              for (const { view, packet, laterWeight } of steps) {
                // What the callers promise: one view, kind of host, origin, conntrack state and mark.
                const promised: Packet = { ...copyPacket(packet), ctState: 1, mark: 0 }
                const key = [view, hostKind(host), promised.origin].join()
                if (!placesOf.has(key)) placesOf.set(key, newPlaces(5_000))
                if (promised.origin === 2) promised.source.set(host.primary)
                remembered += compareStep(plain, memo, placesOf.get(key), view, host, orderKey, promised, laterWeight)
              }
              endNode(plain)
              endNode(memo.engine)
            }
            foldRecords(memo)
            expect(ruleTallies(memo.engine)).toEqual(ruleTallies(plain))
          },
        ),
        { numRuns: RUNS },
      )
      expect(remembered).toBeGreaterThan(5 * RUNS)
    },
    120_000 + 100 * RUNS,
  )

  it('knows Services: endpoints here and elsewhere, and the endpoint that sends to itself', () => {
    const { program, prices } = priced([makeServiceRules({ family, services: 9, endpoints: 3 })])
    const plain = newEngine(program, SEED, prices)
    const memo = newHopMemo(newEngine(program, SEED, prices))
    const places = newPlaces(5_000)
    // Endpoints 0 … 7 live on the first node, 8 … 15 on the second.
    const hosts = [0, 8].map((first, n) =>
      hostView(
        {
          localAddresses: [family === 4 ? `192.0.2.${n}` : `2001:db8::${n + 2}`],
          podPrefixes: [family === 4 ? `10.244.0.${first}/29` : `fd00:244::${first}/125`],
          uplinkName: 'eth0',
          podInterfaceName: 'cni0',
        },
        family,
      ),
    )
    for (const [visit, n] of [0, 1, 0, 1, 0, 1].entries()) {
      for (const engine of [plain, memo.engine]) beginNode(engine, 77 + n)
      for (let flowLow = 0; flowLow < 1_000; flowLow++) {
        // The node's endpoints send, and one client that is not of the cluster's pods.
        const client = flowLow % 9
        const pod = (8 * n + client).toString(family === 4 ? 10 : 16)
        const source =
          family === 4
            ? client < 8
              ? `10.244.0.${pod}`
              : '198.51.100.9'
            : client < 8
              ? `fd00:244::${pod}`
              : '2001:db8:9::9'
        const destination = serviceAddress(family, (flowLow >> 4) % 9)
        const packet = makePacket({ source, destination, flowLow, flowHigh: visit }, family)
        expect(compareStep(plain, memo, places, 0, hosts[n], 77 + n, packet, flowLow % 3)).toBe(1)
      }
      for (const engine of [plain, memo.engine]) endNode(engine)
    }
    foldRecords(memo)
    expect(ruleTallies(memo.engine)).toEqual(ruleTallies(plain))
    expect(sharedPlaces(places.blocks)).toBe(0)
    // 27 endpoints to each of two senders, 16 of them by another route as well; 16 by another once more when they send to themselves.
    expect(memo.hosts.length - 1).toBe(2 * 27 + 2 * 16 + 16)
  })
})

describe.each([4, 6] as const)('destinations that no rule tells apart, IPv%i', family => {
  const address = (four: string, six: string): string => (family === 4 ? four : six)
  const pod = (n: number): string => address(`10.244.1.${n}`, `fd00:244:1::${n}`)
  const away = (n: number): string => address(`10.244.2.${n}`, `fd00:244:2::${n}`)
  const node = address('192.0.2.1', '2001:db8:1::1')
  const nine = Array.from({ length: 9 }, (_, i) => `-A PREROUTING -d ${pod(20 + i)} -p tcp -m tcp --dport 80 -j ACCEPT`)

  /** Records that a packet to each of the places made, from the uplink. */
  function recordsOf(rules: string, sent: readonly (string | readonly [string, PacketWords])[]): number {
    const { program, prices } = priced([rulesOf(rules, family)])
    const plain = newEngine(program, SEED, prices)
    const memo = newHopMemo(newEngine(program, SEED, prices))
    const places = newPlaces(5_000)
    const source = address('198.51.100.9', '2001:db8:9::9')
    for (let round = 0; round < 2; round++)
      for (const one of sent) {
        const [destination, words] = typeof one === 'string' ? [one, {}] : one
        const packet = makePacket({ origin: 0, source, destination, ...words }, family)
        compareStep(plain, memo, places, 0, makeHostView(family), 0, packet, round)
      }
    foldRecords(memo)
    expect(ruleTallies(memo.engine)).toEqual(ruleTallies(plain))
    return memo.hosts.length - 1
  }
  const pods = [pod(5), pod(6), pod(7)]

  it.each<[string, string, Parameters<typeof recordsOf>[1], number]>([
    ['there are no rules', '*nat\n:PREROUTING ACCEPT', pods, 1],
    [
      'rules name others',
      `*nat\n:PREROUTING ACCEPT\n${nine.join('\n')}\n*filter\n:FORWARD DROP\n-A FORWARD -d ${pod(9)} -j DROP`,
      pods,
      1,
    ],
    [
      'all lie in a prefix',
      `*raw\n:PREROUTING ACCEPT\n-A PREROUTING -d ${pod(0)}/${address('24', '120')} -j DROP`,
      pods,
      1,
    ],
    ['one is named', `*filter\n:FORWARD ACCEPT\n-A FORWARD -d ${pod(6)} -j DROP`, pods, 2],
    ['one is excepted', `*filter\n:FORWARD ACCEPT\n-A FORWARD ! -d ${pod(6)} -j DROP`, pods, 2],
    [
      'two are named in a dispatch segment',
      `*nat\n:PREROUTING ACCEPT\n${nine.join('\n')}`,
      [...pods, pod(20), pod(21)],
      3,
    ],
    ['one is elsewhere', '*nat\n:PREROUTING ACCEPT', [...pods, away(5), away(6)], 2],
    ['the node itself is among them', '*nat\n:PREROUTING ACCEPT', [...pods, node], 2],
    ['ports differ', '*nat\n:PREROUTING ACCEPT', [...pods, [pod(8), { destinationPort: 81 }]], 2],
    [
      'protocols differ',
      '*nat\n:PREROUTING ACCEPT',
      [...pods, [pod(8), { protocol: 17 }], [pod(9), { protocol: 132 }]],
      3,
    ],
    [
      'sources are told apart',
      `*raw\n:PREROUTING ACCEPT\n-A PREROUTING -s ${address('198.51.100.9', '2001:db8:9::9')} -j DROP`,
      [...pods, ...pods.map(to => [to, { source: address('198.51.100.8', '2001:db8:9::8') }] as const)],
      2,
    ],
    [
      'one is translated',
      `*nat\n:PREROUTING ACCEPT\n-A PREROUTING -d ${pod(6)} -p tcp -j DNAT --to-destination ${pod(9)}`,
      pods,
      2,
    ],
    [
      'all are translated',
      `*nat\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp -j DNAT --to-destination ${pod(9)}`,
      pods,
      3,
    ],
    [
      'later packets alone are told apart',
      `*filter\n:FORWARD ACCEPT\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\n-A FORWARD -d ${pod(6)} -j DROP`,
      pods,
      2,
    ],
    [
      'chance decides',
      '*nat\n:PREROUTING ACCEPT\n-A PREROUTING -m statistic --mode random --probability 0.5 -j ACCEPT',
      pods,
      3,
    ],
    [
      'what tells them apart is behind a mark',
      `*mangle\n:PREROUTING ACCEPT\n-A PREROUTING -d ${pod(6)} -j MARK --set-xmark 0x1/0x1\n*filter\n:FORWARD ACCEPT\n-A FORWARD -m mark --mark 0x1/0x1 -j DROP`,
      pods,
      2,
    ],
    [
      'the node masquerades them all',
      '*nat\n:POSTROUTING ACCEPT\n-A POSTROUTING -j MASQUERADE',
      [...pods, away(5), away(6)],
      2,
    ],
  ])('have so many records where %s', (_, rules, sent, records) => {
    expect(recordsOf(rules, sent)).toBe(records)
  })

  it(
    'are counted as evaluate counts them, whatever rules name some of them',
    () => {
      const services = Array.from({ length: 14 }, (_, n) => serviceAddress(family, n))
      const ends = [...pods, pod(9), away(5), away(9), node, ...services]
      let shared = 0
      fc.assert(
        fc.property(
          randomViews(family),
          fc.array(randomStep(family), { minLength: 1, maxLength: 4 }),
          (views, steps) => {
            const { program, prices } = priced(views)
            const plain = newEngine(program, SEED, prices)
            const memo = newHopMemo(newEngine(program, SEED, prices))
            const host = makeHostView(family)
            const placesOf = new Map<string, Places>()
            for (const { view, packet, laterWeight } of steps) {
              const key = [view, packet.origin].join()
              if (!placesOf.has(key)) placesOf.set(key, newPlaces(5_000))
              for (const destination of ends) {
                const sent = { ...copyPacket(packet), ctState: 1, mark: 0 }
                if (sent.origin === 2) sent.source.set(host.primary)
                sent.destination.set(makePacket({ destination }, family).destination)
                compareStep(plain, memo, placesOf.get(key), view, host, 0, sent, laterWeight)
              }
            }
            foldRecords(memo)
            expect(ruleTallies(memo.engine)).toEqual(ruleTallies(plain))
            for (const { blocks } of placesOf.values()) shared += sharedPlaces(blocks)
          },
        ),
        { numRuns: RUNS },
      )
      expect(shared).toBeGreaterThan(RUNS)
    },
    120_000 + 100 * RUNS,
  )
})

/** Sends one packet and its later ones both ways; answers 1 when the memory knew them. */
function compareStep(
  plain: Engine,
  memo: ReturnType<typeof newHopMemo>,
  places: Places | undefined,
  view: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  later: number,
): number {
  const slow = copyPacket(packet)
  const fast = copyPacket(packet)
  const place = placeOf(packet)
  const kind = hostKind(host)
  const record = findRecord(memo, kind === undefined ? undefined : places, place, view, host, fast)
  const outcome = passFirst(memo, record, view, host, orderKey, fast)
  const expected = evaluate(plain, view, host, orderKey, slow, 1)
  const goesOn = expected === OUTCOME.toPod || expected === OUTCOME.toUplink
  const seen = ({ destination, destinationPort, source, draws }: Packet) => ({
    destination,
    destinationPort,
    draws,
    source: goesOn ? source : undefined,
  })
  expect({ outcome, dnat: memo.dnat, rules: memo.rulesEvaluated, cost: memo.costPs, ...seen(fast) }).toEqual({
    outcome: expected,
    dnat: plain.dnat,
    rules: plain.rulesEvaluated,
    cost: plain.costPs,
    ...seen(slow),
  })
  if (later > 0) {
    const laterOutcome = passLater(memo, record, view, host, orderKey, fast, later)
    const laterExpected = evaluateEstablished(plain, view, host, orderKey, slow, later)
    expect([laterOutcome, memo.rulesEvaluated]).toEqual([laterExpected, plain.rulesEvaluated])
  }
  return record === 0 ? 0 : 1
}

/** How many places have their block from another one. */
function sharedPlaces(blocks: Places['blocks']): number {
  let shared = 0
  for (const own of blocks.values()) {
    const known = own.filter(block => block > 0)
    shared += known.length - new Set(known).size
  }
  return shared
}

/** A number for each destination of the random world. */
const places = new Map<string, number>()
function placeOf({ destination, protocol, destinationPort, family }: Packet): number {
  const key = [family, destination.join(), protocol, destinationPort].join(' ')
  const known = places.get(key)
  if (known !== undefined) return known
  places.set(key, places.size)
  return places.size - 1
}

function priced(views: readonly Ruleset[]): { readonly program: Program; readonly prices: ProgramPrices } {
  const { program, interned } = right(compileInterned(views))
  return { program, prices: programPrices(program, interned, makeProfiles(), 10) }
}

function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}
