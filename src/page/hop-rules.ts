/**
 * The rules of one place in PacketPaths, of either mode, opened for walking: a walk of a packet through them in the same words for both. The
 * engines are trace and trace-nft, the judges of all others.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { explainIptables } from '../app/trace/explain-iptables.ts'
import { explainNftables } from '../app/trace/explain-nftables.ts'
import type { ExplainedTrace } from '../app/trace/explained-trace.ts'
import type { Packet } from '../net/packet.ts'
import { asksConntrack, NO_CONNTRACK } from '../netfilter/conntrack/no-conntrack.ts'
import { PlainConntrack } from '../netfilter/conntrack/plain-conntrack.ts'
import { type CostItem, type CostProfile, spreadItems } from '../netfilter/cost/cost-profile.ts'
import { nftWayTerms, tracedNftWay } from '../netfilter/cost/nft-way-terms.ts'
import { rulesetSizes, traceTerms } from '../netfilter/cost/trace-terms.ts'
import type { HostView } from '../netfilter/host.ts'
import { iptablesForks } from '../netfilter/iptables-forks.ts'
import { newTraceMemory } from '../netfilter/memory/trace-memory.ts'
import { refuseNft } from '../netfilter/nft/check-nft.ts'
import { nftForks } from '../netfilter/nft/nft-forks.ts'
import { newNftMemory } from '../netfilter/nft/nft-memory.ts'
import { traceNft } from '../netfilter/nft/trace-nft.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import type { DrawPlace, ForkOption } from '../netfilter/steered-draws.ts'
import { trace } from '../netfilter/trace.ts'
import type { HookVisit } from '../netfilter/walk-hooks.ts'
import type { PacketPaths } from '../output/paths/packet-paths.ts'
import type { Problem } from '../problem/problem.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { streamSeed } from '../sim/random.ts'
import { pathNftables } from './path-nftables.ts'
import { pathRuleset } from './path-ruleset.ts'

export interface HopRules {
  optionsAt(place: DrawPlace): readonly ForkOption[]
  /** `drawn`: the words of `draw` so far, by `TABLE CHAIN INDEX`. */
  walk(
    host: HostView,
    packet: Packet,
    draw: (n: number, place: DrawPlace) => number,
    drawn: ReadonlyMap<string, number>,
  ): E.Either<Problem, HopWalk>
}

export interface HopWalk {
  readonly outcome: Outcome
  readonly hooks: readonly HookVisit[]
  readonly steps: readonly HopStep[]
  /** The packet as it left. */
  readonly packet: Packet
  readonly isTranslated: boolean
  /** In words: as many as rules were looked at, so made when they are read. */
  explain(): ExplainedTrace
  terms(profile: CostProfile): readonly CostItem[]
}

/** A rule that was looked at. */
export interface HopStep {
  /** Place in `hooks`. */
  readonly hook: number
  readonly table: string
  readonly chain: string
  /** Place in the chain, from 0. */
  readonly index: number
  /** Which rule it is: the same object for the same rule. */
  readonly rule: object
  readonly matched: boolean
  /** The chain that the packet was sent to. */
  readonly target?: string
  /** It stands for rules that are not in the page. */
  readonly standsIn: boolean
}

export const hopRules = (paths: PacketPaths, place: number): E.Either<Problem, HopRules> =>
  paths.mode === 'iptables' ? iptablesRules(paths, place) : nftablesRules(paths, place)

function iptablesRules(paths: PacketPaths, place: number): E.Either<Problem, HopRules> {
  const { recentLists, spread } = paths.rulesets[place]
  return E.map(({ ruleset, standIns }: PathRules): HopRules => {
    const sizes = { ...rulesetSizes(ruleset), recentLists }
    const forkOf = iptablesForks(ruleset)
    const asks = asksConntrack(ruleset)
    return {
      optionsAt: where => named(forkOf(where), ruleset, where),
      walk: (host, packet, draw, drawn) => {
        const memory = newTraceMemory(ruleset, asks ? conntrack() : NO_CONNTRACK)
        return E.map((traced: Traced): HopWalk => {
          const { outcome, hooks, steps, packet: left, dnat } = traced
          return {
            outcome,
            hooks,
            steps: steps.map(({ rule, ...step }) => ({
              ...step,
              rule,
              standsIn: standIns.has(rule),
              ...(step.matched && rule.verdict !== undefined && 'chain' in rule.verdict
                ? { target: rule.verdict.chain }
                : {}),
            })),
            packet: left,
            isTranslated: dnat !== undefined,
            explain: once(() => explainIptables(ruleset, packet, traced, drawn)),
            terms: ({ backend }) => traceTerms(backend, sizes, traced, spread),
          }
        })(trace(ruleset, host, packet, draw, { memory }))
      },
    }
  })(pathRuleset(paths, place))
}

type PathRules = Extract<ReturnType<typeof pathRuleset>, { _tag: 'Right' }>['right']
type Traced = Extract<ReturnType<typeof trace>, { _tag: 'Right' }>['right']

function nftablesRules(paths: PacketPaths, place: number): E.Either<Problem, HopRules> {
  const { spread } = paths.rulesets[place]
  return pipe(
    pathNftables(paths, place),
    E.filterOrElse(
      ruleset => refuseNft(ruleset) === undefined,
      ruleset => refuseNft(ruleset)!,
    ),
    E.map((ruleset): HopRules => {
      const forkOf = nftForks(ruleset)
      return {
        optionsAt: forkOf,
        walk: (host, packet, draw, drawn) => {
          const traced = traceNft(ruleset, host, packet, draw, { memory: newNftMemory(ruleset, conntrack()) })
          const { outcome, hooks, steps, packet: left, dnat } = traced
          return E.right({
            outcome,
            hooks,
            steps: steps.map(({ hook, table, chain, index, rule, stoppedAt, verdict }) => ({
              hook,
              table: table.name,
              chain: chain.name,
              index,
              rule,
              // A map that has nothing for the packet, as a rule's last part, decides nothing.
              matched: stoppedAt === undefined,
              standsIn: false,
              ...(verdict !== undefined && 'chain' in verdict ? { target: verdict.chain } : {}),
            })),
            packet: left,
            isTranslated: dnat !== undefined,
            explain: once(() => explainNftables(ruleset, packet, traced, drawn)),
            terms: () => {
              const way = tracedNftWay(traced, host)
              return [...nftWayTerms(way), ...(way.isTranslated ? spreadItems(spread) : [])]
            },
          })
        },
      }
    }),
  )
}

const conntrack = (): PlainConntrack => new PlainConntrack(streamSeed('path', 'page'))

/** What takes none of the rules that draw comes to the rule behind them, as a Service's last endpoint: it has that rule's name. */
function named(options: readonly ForkOption[], { tables }: Ruleset, { table, chain, index }: DrawPlace) {
  const { rules } = tables.find(t => t.name === table)!.chains.get(chain)!
  const behind = rules.slice(index).find(r => !r.matches.some(m => m.kind === 'statistic'))?.verdict
  return options.map(option =>
    option.name === 'none of them' && behind !== undefined && 'chain' in behind
      ? { ...option, name: behind.chain }
      : option,
  )
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
