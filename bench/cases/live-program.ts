/**
 * One changed Service in a program that follows its rules: its chains are written anew with an endpoint more, then with one less again, as
 * kube-proxy writes all chains of a Service that changed. After each change one connection to it is evaluated. The naive twin compiles
 * all rules anew. A Service that comes or goes changes KUBE-SERVICES too, a rule a Service: a case of its own.
 */
import type { IpFamily } from '../../src/net/ip.ts'
import { newPacket, writePacket } from '../../src/net/packet.ts'
import { compile } from '../../src/netfilter/compile.ts'
import { newEngine } from '../../src/netfilter/engine.ts'
import { evaluate } from '../../src/netfilter/evaluate.ts'
import { type ChainDelta, withDelta } from '../../src/netfilter/live/chain-delta.ts'
import { compileLive } from '../../src/netfilter/live/live-program.ts'
import { makeHostView, makePacket } from '../../src/netfilter/testing/make-rules.ts'
import { makeServiceRules, serviceAddress, serviceChains } from '../../src/netfilter/testing/make-service-rules.ts'
import type { Chain, Ruleset } from '../../src/ruleset/ruleset.ts'
import { type BenchCase, type BenchSize, mix, type PreparedCase, ROTATION } from '../bench-case.ts'
import { right } from '../right.ts'

interface LiveSize {
  readonly services: number
  readonly endpoints: number
  /** Services whose endpoints change twice; Services that go and come back. */
  readonly changed: number
  readonly replaced: number
}

const SIZES: Readonly<Record<BenchSize, LiveSize>> = {
  small: { services: 20, endpoints: 3, changed: 20, replaced: 5 },
  large: { services: 10_000, endpoints: 5, changed: 1_000, replaced: 10 },
}

const FAMILY: IpFamily = 4
/** The twin compiles everything this often in a round. */
const WHOLE_COMPILES = 2

/** A change, and the Service that it is about. */
interface Change {
  readonly service: number
  readonly delta: ChainDelta
}

export const liveCases: readonly BenchCase[] = [
  {
    name: 'compile one changed Service',
    unit: 'Services',
    prepare: size => prepared(SIZES[size], SIZES[size].changed, endpointChanges),
  },
  {
    name: 'compile one Service removed or added',
    unit: 'Services',
    prepare: size => prepared(SIZES[size], SIZES[size].replaced, serviceChanges),
  },
]

function prepared(
  shape: LiveSize,
  pairs: number,
  changesOf: (base: Ruleset, shape: LiveSize, service: number) => Change[],
): PreparedCase {
  const base = makeServiceRules({ family: FAMILY, ...shape })
  const rounds = Array.from({ length: ROTATION }, (_, round) => {
    const live = right(compileLive([base]))
    const changes = Array.from({ length: pairs }, (__, i) =>
      changesOf(base, shape, (Math.imul(ROTATION * i + round, 0x9e3779b1) >>> 0) % shape.services),
    ).flat()
    return { live, engine: live.newEngine(seedOf(round)), changes }
  })
  const host = makeHostView(FAMILY)
  const packet = newPacket(FAMILY)
  const probe = (engine: ReturnType<typeof newEngine>, { service }: Change, i: number): number => {
    writePacket(packet, packets[service])
    packet.flowLow = i
    const outcome = evaluate(engine, 0, host, 0, packet, 1)
    return outcome + Math.imul(packet.destination[3], 7) + engine.rulesEvaluated
  }
  const packets = Array.from({ length: shape.services }, (_, s) =>
    makePacket({ destination: serviceAddress(FAMILY, s) }, FAMILY),
  )
  return {
    size: `IPv${FAMILY}, ${shape.services} Services x ${shape.endpoints}`,
    items: 2 * pairs,
    run: (round, items) => {
      const { live, engine, changes } = rounds[round]
      let checksum = 0
      for (let i = 0; i < items; i++) {
        right(live.apply(changes[i].delta))
        checksum = mix(checksum, probe(engine, changes[i], i))
      }
      return checksum
    },
    naive: {
      items: WHOLE_COMPILES,
      run: (round, items) => {
        let rulesets: Ruleset[] = [base]
        let checksum = 0
        for (let i = 0; i < items; i++) {
          const change = rounds[round].changes[i]
          rulesets = withDelta(rulesets, change.delta)
          checksum = mix(checksum, probe(newEngine(right(compile(rulesets)), seedOf(round)), change, i))
        }
        return checksum
      },
    },
  }
}

const seedOf = (round: number) => ({ low: 7, high: round })

const natOf = (base: Ruleset): ReadonlyMap<string, Chain> => base.tables.find(t => t.name === 'nat')!.chains

const ownChains = (base: Ruleset, { endpoints }: LiveSize, service: number): Chain[] =>
  serviceChains(FAMILY, service, 0, endpoints).map(({ name }) => natOf(base).get(name)!)

/** One endpoint more, and as it was. */
const endpointChanges = (base: Ruleset, shape: LiveSize, service: number): Change[] => [
  {
    service,
    delta: { table: 'nat', chains: serviceChains(FAMILY, service, service * shape.endpoints, shape.endpoints + 1) },
  },
  {
    service,
    delta: {
      table: 'nat',
      chains: ownChains(base, shape, service),
      removed: [`KUBE-SEP-${service}-${shape.endpoints}`],
    },
  },
]

/** The Service goes, and is there again. */
function serviceChanges(base: Ruleset, shape: LiveSize, service: number): Change[] {
  const own = ownChains(base, shape, service)
  const services = natOf(base).get('KUBE-SERVICES')!
  const others = { ...services, rules: services.rules.filter((_, i) => i !== service) }
  return [
    { service, delta: { table: 'nat', chains: [others], removed: own.map(c => c.name) } },
    { service, delta: { table: 'nat', chains: [services, ...own] } },
  ]
}
