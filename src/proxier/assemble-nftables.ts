/**
 * Puts what all Service ports add, and what every node has, together to a node's nftables ruleset. The first ruleset is made whole;
 * each later one lies over it and holds only what differs, with equal chains and sets the same object wherever they occur.
 */
import type { IpFamily } from '../net/ip.ts'
import type { NftChain, NftElement, NftRuleset, NftSet } from '../ruleset/nft-ruleset.ts'
import { printNftRules } from '../ruleset/print-nft-rule.ts'
import { type Segment, SegmentedMap } from '../ruleset/segmented-map.ts'
import type { NftablesSetting } from './nftables-setting.ts'
import { SERVICE_SET_NAMES, type SetupStep, setupChains } from './nftables-setup.ts'
import type { NftablesVariant } from './nftables-variants.ts'
import type { Assemble, DependentVariants } from './node-views.ts'
import { numbering } from './numbering.ts'
import { Pool } from './pool.ts'

/** `first`: the variants of all Service ports on some node; that node's ruleset is the one the others lie over. */
export function nftablesAssembler(
  firstSetting: NftablesSetting,
  first: readonly NftablesVariant[],
  family: IpFamily,
): Assemble<NftablesSetting, NftablesVariant, NftRuleset> {
  const fixedChains = new Pool<NftChain>()
  const fixedSets = new Pool<NftSet>()
  const numberOf = numbering<Segment<NftElement>>()
  const baseElements = new Map(
    SERVICE_SET_NAMES.map(name => [name, new SegmentedMap(first.map(variant => variant.elements[name]))]),
  )

  const chainsOf = (setup: readonly SetupStep[]): Segment<NftChain> =>
    setupChains(setup).map(chain => {
      const key = `${chain.name} ${printNftRules(chain.rules, family)}`
      return [chain.name, fixedChains.keep(key, () => chain).value]
    })

  /** With its elements: those of all Service ports, or the set's own. */
  const filled = (set: NftSet, differing: Dependent): NftSet => {
    const name = SERVICE_SET_NAMES.find(n => n === set.name)
    if (name === undefined) return fixedSets.keep(`${set.name} ${[...set.elements.keys()].join()}`, () => set).value
    const changed = changedSegments(first, differing, variant => variant.elements[name])
    const key = [...changed].map(([i, segment]) => `${i}:${numberOf(segment)}`).join()
    return fixedSets.keep(`${name} ${key}`, () => ({ ...set, elements: baseElements.get(name)!.with(changed) })).value
  }

  const setsOf = (setup: readonly SetupStep[], differing: Dependent): Segment<NftSet> =>
    setup.flatMap(step =>
      step.kind === 'set' || step.kind === 'filledSet' ? [[step.set.name, filled(step.set, differing)] as const] : [],
    )

  const ownChains = chainsOf(firstSetting.setup)
  const ownSets = setsOf(firstSetting.setup, [])
  const chains = new SegmentedMap([ownChains, ...first.map(variant => variant.chains)])
  const sets = new SegmentedMap([ownSets, ...first.map(variant => variant.sets)])

  return (setting, dependent) => {
    const differing = dependent.filter(([i, variant]) => variant !== first[i])
    const chainsHere = differingFrom(ownChains, chainsOf(setting.setup))
    const setsHere = differingFrom(ownSets, setsOf(setting.setup, differing))
    const table = {
      name: 'kube-proxy',
      comment: 'rules for kube-proxy',
      chains: chains.with(
        overlay(
          chainsHere,
          changedSegments(first, differing, variant => variant.chains),
        ),
      ),
      sets: sets.with(
        overlay(
          setsHere,
          changedSegments(first, differing, variant => variant.sets),
        ),
      ),
    }
    return { family, tables: [table] }
  }
}

type Dependent = DependentVariants<NftablesVariant>

/** What of a part is another than in the first node's variants, by Service port. */
function changedSegments<V>(
  first: readonly NftablesVariant[],
  differing: Dependent,
  part: (variant: NftablesVariant) => Segment<V>,
): Map<number, Segment<V>> {
  const changed = new Map<number, Segment<V>>()
  for (const [i, variant] of differing) if (part(variant) !== part(first[i])) changed.set(i, part(variant))
  return changed
}

/** undefined: the same objects in the same order. */
const differingFrom = <V>(own: Segment<V>, here: Segment<V>): Segment<V> | undefined =>
  own.length === here.length && own.every(([, value], i) => value === here[i][1]) ? undefined : here

/** Segments of the whole table: the first is the node's own, the Service ports' follow. */
function overlay<V>(
  own: Segment<V> | undefined,
  ofPorts: ReadonlyMap<number, Segment<V>>,
): ReadonlyMap<number, Segment<V>> {
  const segments = new Map<number, Segment<V>>()
  if (own !== undefined) segments.set(0, own)
  for (const [i, segment] of ofPorts) segments.set(i + 1, segment)
  return segments
}
