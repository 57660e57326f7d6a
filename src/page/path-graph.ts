/**
 * The chains of a walk as a graph: a box a chain in the order they were met, right of the chain that sent the packet there; beside the way
 * that was taken, the ways that chance did not take. Pure: boxes and edges on a grid of columns and rows, in no unit.
 */
import { counted } from '../output/number-text.ts'
import type { HopStep } from './hop-rules.ts'
import type { WalkedFork, WalkedHop } from './walk-path.ts'

export interface PathGraph {
  readonly boxes: readonly GraphBox[]
  readonly edges: readonly GraphEdge[]
}

export interface GraphBox {
  readonly kind: 'base' | 'chain' | 'other' | 'rest'
  readonly name: string
  readonly note: string
  readonly column: number
  readonly row: number
  /** Of a way not taken: what to take to walk it. */
  readonly option?: { readonly fork: number; readonly option: number }
}

/** Between places of boxes. */
export interface GraphEdge {
  readonly from: number
  readonly to: number
  readonly taken: boolean
  /** Of a way that chance decides on. */
  readonly chance?: number
}

/** Ways not taken that are drawn. */
const OTHERS = 6

interface Visit {
  readonly key: string
  readonly step: HopStep
  evaluated: number
  matched: number[]
}

/** `hop`: place of the hop among those of the walk, `forks` of the whole walk. */
export function pathGraph({ steps, hooks }: WalkedHop, hop: number, forks: readonly WalkedFork[]): PathGraph {
  const visits = new Map<string, Visit>()
  const parents = new Map<string, { key: string; step: HopStep }>()
  for (const step of steps) {
    const key = keyOf(step, step.chain)
    const visit = visits.get(key) ?? { key, step, evaluated: 0, matched: [] }
    visits.set(key, visit)
    visit.evaluated++
    if (!step.matched) continue
    visit.matched.push(step.index + 1)
    if (step.target === undefined) continue
    const target = keyOf(step, step.target)
    if (!parents.has(target)) parents.set(target, { key, step })
  }
  const boxes: GraphBox[] = []
  const edges: GraphEdge[] = []
  const places = new Map<string, number>()
  const depth = (key: string): number => (parents.has(key) ? 1 + depth(parents.get(key)!.key) : 0)
  let lastBase = -1
  for (const { key, step, evaluated, matched } of visits.values()) {
    const parent = parents.get(key)
    const fork = parent === undefined ? undefined : forkAt(forks, hop, parent.step)
    const option = fork === undefined ? undefined : forks[fork].options[forks[fork].taken]
    const chance = option === undefined ? '' : `${chanceText(option.chance)} · `
    const place = boxes.push({
      kind: parent === undefined ? 'base' : 'chain',
      // Of nftables the built-in chains have names of their own.
      name: parent === undefined && step.chain === hooks[step.hook].hook ? `${step.table} ${step.chain}` : step.chain,
      note: `${chance}${counted(evaluated, 'rule')}${matchedText(matched)}`,
      column: depth(key),
      row: boxes.length,
    })
    places.set(key, place - 1)
    if (parent === undefined) {
      if (lastBase >= 0) edges.push({ from: lastBase, to: place - 1, taken: true })
      lastBase = place - 1
      continue
    }
    const from = places.get(parent.key)!
    edges.push({ from, to: place - 1, taken: true, ...(option === undefined ? {} : { chance: option.chance }) })
    if (fork !== undefined) addOthers(boxes, edges, from, depth(key), fork, forks[fork])
  }
  return { boxes, edges }
}

const keyOf = ({ hook, table }: HopStep, chain: string): string => `${hook} ${table} ${chain}`

/** A run of rules shares the draw of its first. */
function forkAt(forks: readonly WalkedFork[], hop: number, step: HopStep): number | undefined {
  const place = forks.findLastIndex(
    f => f.hop === hop && f.place.table === step.table && f.place.chain === step.chain && f.place.index <= step.index,
  )
  return place < 0 || step.index >= forks[place].place.index + forks[place].options.length ? undefined : place
}

function addOthers(
  boxes: GraphBox[],
  edges: GraphEdge[],
  from: number,
  column: number,
  fork: number,
  { options, taken }: WalkedFork,
): void {
  const others = [...options.keys()].filter(o => o !== taken)
  for (const option of others.slice(0, OTHERS)) {
    const { name, chance, ends } = options[option]
    const end = [...ends][0] ?? ''
    const place = boxes.push({
      kind: 'other',
      name,
      note: `${chanceText(chance)}${end === '' ? '' : ` · ${end}`}`,
      column,
      row: boxes.length,
      option: { fork, option },
    })
    edges.push({ from, to: place - 1, taken: false, chance })
  }
  if (others.length <= OTHERS) return
  const rest = others.slice(OTHERS)
  const chance = rest.reduce((sum, o) => sum + options[o].chance, 0)
  const place = boxes.push({
    kind: 'rest',
    name: `${rest.length} more`,
    note: `${chanceText(chance)} together`,
    column,
    row: boxes.length,
  })
  edges.push({ from, to: place - 1, taken: false, chance })
}

export const chanceText = (chance: number): string => `${Number((100 * chance).toPrecision(3))} %`

const matchedText = (matched: readonly number[]): string =>
  matched.length === 0
    ? ', none matched'
    : `, ${matched
        .slice(0, 4)
        .map(n => `#${n}`)
        .join(' ')} matched`
