import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../../net/ip.ts'
import { copyPacket, ORIGIN, type Packet } from '../../net/packet.ts'
import type { NftChain } from '../../ruleset/nft-ruleset.ts'
import { draw32 } from '../../sim/random.ts'
import { Conntrack } from '../conntrack/conntrack.ts'
import { PlainConntrack } from '../conntrack/plain-conntrack.ts'
import { tracedNftWay } from '../cost/nft-way-terms.ts'
import { OUTCOME } from '../outcome.ts'
import { makeHostView } from '../testing/make-rules.ts'
import { randomNft } from '../testing/random-nft.ts'
import { randomPacket } from '../testing/random-ruleset.ts'
import { refuseNft } from './check-nft.ts'
import { compileNft } from './compile-nft.ts'
import { evaluateNft } from './evaluate-nft.ts'
import { newNftEngine } from './nft-engine.ts'
import { newNftMemory } from './nft-memory.ts'
import { traceNft } from './trace-nft.ts'

const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 300)
const SEED = { low: 0x1234_5678, high: 0x9abc_def0 }

const randomEvent = (family: IpFamily) =>
  fc.record({
    packet: randomPacket(family),
    waitUs: fc.constantFrom(0, 0, 1_000, 2_500_000, 5_000_000, 40_000_000),
    again: fc.nat(2),
    answers: fc.nat(1),
  })

describe.each([4, 6] as const)('evaluateNft, IPv%i', family => {
  it(
    'equals trace-nft in every number, on random rulesets and what a node remembers',
    () => {
      fc.assert(
        fc.property(
          randomNft(family),
          fc.array(randomEvent(family), { minLength: 1, maxLength: 12 }),
          (ruleset, events) => {
            expect(refuseNft(ruleset)).toBeUndefined()
            const host = makeHostView(family)
            const conntrack = new Conntrack(family, SEED)
            const plain = new PlainConntrack(SEED)
            const engine = newNftEngine(compileNft(ruleset), host, SEED, conntrack)
            const memory = newNftMemory(ruleset, plain)
            const counts = new Map<NftChain, { evaluated: number[]; matched: number[]; policy: number }>()
            for (const { chains } of ruleset.tables)
              for (const chain of chains.values())
                counts.set(chain, { evaluated: chain.rules.map(() => 0), matched: chain.rules.map(() => 0), policy: 0 })
            const send = (packet: Packet): Packet => {
              const draw = (n: number): number => draw32(SEED.low, SEED.high, packet.flowLow, packet.flowHigh, n)
              const onPolicy = (_: unknown, chain: NftChain): void => void counts.get(chain)!.policy++
              const traced = traceNft(ruleset, host, packet, draw, { memory, onPolicy })
              for (const { chain, index, matched } of traced.steps) {
                counts.get(chain)!.evaluated[index]++
                if (matched) counts.get(chain)!.matched[index]++
              }
              const outcome = evaluateNft(engine, packet, 40)
              const isDropped = outcome === OUTCOME.dropped
              const rejection = outcome === OUTCOME.rejected ? engine.rejection : 0
              expect({
                outcome,
                rejection,
                packet: isDropped ? packet.mark : packet,
                entries: conntrack.count,
              }).toEqual({
                outcome: traced.outcome,
                rejection: traced.rejection,
                packet: isDropped ? traced.packet.mark : traced.packet,
                entries: plain.count,
              })
              const { numgens, lookups, updates, masqueraded: isMasqueraded } = engine
              const seen = tracedNftWay(traced, host)
              expect({ numgens, lookups, updates, isMasqueraded }).toEqual({
                numgens: seen.numgens,
                lookups: seen.lookups,
                updates: seen.updates,
                isMasqueraded: seen.isMasqueraded,
              })
              return packet
            }
            for (const { packet, waitUs, again, answers } of events) {
              for (const clock of [conntrack, plain, memory, engine]) clock.nowUs += waitUs
              for (let n = 0; n <= again; n++) {
                const sent = send(copyPacket(packet))
                for (let a = 0; a < answers; a++) send(answerTo(sent))
              }
            }
            const { firstRuleOfChain } = engine.program
            let bases = 0
            ;[...counts].forEach(([chain, { evaluated, matched, policy }], n) => {
              const first = firstRuleOfChain[n]
              const end = first + chain.rules.length
              expect([...engine.evaluated.subarray(first, end)]).toEqual(evaluated)
              expect([...engine.matched.subarray(first, end)]).toEqual(matched)
              expect([...engine.matchedBytes.subarray(first, end)]).toEqual(matched.map(m => 40 * m))
              if (chain.hook !== undefined) expect(engine.policyHits[bases++]).toBe(policy)
            })
          },
        ),
        { numRuns: RUNS },
      )
    },
    120_000 + 100 * RUNS,
  )
})

/** What the receiver of a packet sends back. */
function answerTo(sent: Packet): Packet {
  const answer = copyPacket(sent)
  answer.source.set(sent.destination)
  answer.destination.set(sent.source)
  return Object.assign(answer, {
    sourcePort: sent.destinationPort,
    destinationPort: sent.sourcePort,
    mark: 0,
    origin: ORIGIN.pod,
    tcpFlags: 18,
  })
}
