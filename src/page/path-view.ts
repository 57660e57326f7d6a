/**
 * The path of a packet: the reader chooses a node, a sender and a destination, and what chance takes; the page walks the packet through the
 * rules (walk-path.ts) and shows the chains, the branches and every rule that was looked at.
 */
import * as E from 'fp-ts/lib/Either.js'
import { countText, ratioText } from '../output/number-text.ts'
import type { PacketPaths, PathDestination } from '../output/paths/packet-paths.ts'
import { describeProblem } from '../problem/problem.ts'
import { drawGraph } from './draw-graph.ts'
import { element } from './element.ts'
import { chanceText, pathGraph } from './path-graph.ts'
import { rulesTable } from './rules-table.ts'
import { type PathChoice, type PathWalk, PathWalker, type WalkedFork } from './walk-path.ts'

/** Ways that are walked to tell what each costs. */
const BRANCHES = 24

export function showPaths(place: HTMLElement, paths: PacketPaths): void {
  const walker = new PathWalker(paths)
  let choice: PathChoice = { node: 0, sender: sendersOf(paths, 0)[0][0], destination: 0, taken: [] }
  const choices = element('div', { class: 'choices' })
  const found = element('div')
  place.append(choices, found)
  const update = (change: Partial<PathChoice>): void => {
    choice = fitting(paths, { ...choice, taken: [], ...change })
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.id : ''
    const walk = walker.walk(choice)
    choices.replaceChildren(...selects(paths, choice, E.isRight(walk) ? walk.right.forks : [], update))
    const shown = E.isLeft(walk)
      ? [element('p', { class: 'warning' }, describeProblem(walk.left))]
      : walkElements(walker, choice, walk.right, update)
    found.replaceChildren(...shown)
    if (focused !== '') document.getElementById(focused)?.focus()
  }
  update({})
}

type Update = (change: Partial<PathChoice>) => void

/** A sender of another family or node than the choice has gives way. */
function fitting(paths: PacketPaths, choice: PathChoice): PathChoice {
  const { family } = paths.destinations[choice.destination]
  const senders = sendersOf(paths, choice.node).filter(([value]) => !isAddress(value) || familyOf(value) === family)
  const sender = senders.some(([value]) => value === choice.sender) ? choice.sender : senders[0][0]
  return { ...choice, sender }
}

const isAddress = (sender: string): boolean => sender.includes('.') || sender.includes(':')
const familyOf = (address: string): number => (address.includes(':') ? 6 : 4)

const sendersOf = ({ nodes }: PacketPaths, node: number): readonly (readonly [value: string, text: string])[] => [
  ...nodes[node].pods.map(p => [p.address, `pod ${p.name} (${p.address})`] as const),
  ['node', 'the node itself'],
  ['outside', 'a client outside the cluster'],
]

const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

const destinationText = ({ service, way, family, address, port, protocol }: PathDestination): string => {
  const host = family === 6 && address !== '' ? `[${address}]` : address
  const where = address === '' ? `${way} ${port}` : `${way} ${host}:${port}`
  return `${service}, ${where}/${PROTOCOLS[protocol] ?? protocol}`
}

function selects(
  paths: PacketPaths,
  choice: PathChoice,
  forks: readonly WalkedFork[],
  update: Update,
): readonly Node[] {
  const { nodes, destinations } = paths
  const places = nodes.flatMap(({ name, why }, i) => (why === '' ? [] : [[String(i), `${name} (${why})`] as const]))
  return [
    select('path-node', 'At node', places, String(choice.node), value => update({ node: Number(value) })),
    select('path-sender', 'from', sendersOf(paths, choice.node), choice.sender, sender => update({ sender })),
    select(
      'path-destination',
      'to',
      destinations.map((d, i) => [String(i), destinationText(d)]),
      String(choice.destination),
      value => update({ destination: Number(value) }),
    ),
    ...forks.map(({ options, taken }, f) =>
      select(
        `path-fork-${f}`,
        'chance chooses',
        options.map(({ name, chance, ends }, o) => [
          String(o),
          `${name}, ${[...ends][0] ?? ''} (${chanceText(chance)})`,
        ]),
        String(taken),
        value => update({ taken: withTaken(forks, f, Number(value)) }),
      ),
    ),
  ]
}

/** What was taken before fork `f`, and there; what comes after is another way's. */
const withTaken = (forks: readonly WalkedFork[], f: number, option: number): readonly number[] => [
  ...forks.slice(0, f).map(fork => fork.taken),
  option,
]

function select(
  id: string,
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
  change: (value: string) => void,
): HTMLElement {
  const made = element(
    'select',
    { id },
    ...options.map(([value, text]) => element('option', value === chosen ? { value, selected: '' } : { value }, text)),
  )
  made.addEventListener('change', () => change(made.value))
  return element('label', { for: id }, label, made)
}

function walkElements(walker: PathWalker, choice: PathChoice, walk: PathWalk, update: Update): readonly Node[] {
  return [
    element('p', { class: 'answer', role: 'status' }, answer(walk)),
    ...walk.hops.map((hop, h) =>
      element(
        'figure',
        {},
        element('h3', {}, `${HOPS[h]}: ${hop.node.name}, ${countText(hop.steps.length)} rules evaluated`),
        element(
          'div',
          { class: 'scrolled', tabindex: 0, role: 'region', 'aria-label': `Chains at ${hop.node.name}` },
          drawGraph(pathGraph(hop, h, walk.forks), graphLabel(walk, h), (fork, option) =>
            update({ taken: withTaken(walk.forks, fork, option) }),
          ),
        ),
        element('figcaption', {}, hop.explain().sentence),
      ),
    ),
    ...walk.forks.map((_, f) => branchesTable(walker, choice, walk, f)),
    ...walk.hops.map(hop => rulesTable(hop)),
  ]
}

const HOPS = ['First hop', 'Second hop']

function answer({ hops, end, rulesEvaluated, modelled, forks }: PathWalk): string {
  const chance = forks.reduce((product, { options, taken }) => product * options[taken].chance, 1)
  const branch = forks.length === 0 ? '' : ` Chance leads here in ${chanceText(chance)} of connections.`
  const way = hops.length === 1 ? 'on one node' : 'over two nodes'
  const last = hops[hops.length - 1].explain().sentence
  const times = modelled.map(({ backend, ns }) => `${ratioText(ns / 1000)} µs with ${backend}`).join(', ')
  return `The packet evaluates ${countText(rulesEvaluated)} rules ${way}${end === '' ? '' : ` and goes to ${end}`}. ${last}${branch} Modelled processor time: ${times}.`
}

const graphLabel = ({ hops }: PathWalk, h: number): string => {
  const chains = [...new Set(hops[h].steps.map(s => `${s.table} ${s.chain}`))]
  return `Chains that the packet walks at ${hops[h].node.name}: ${chains.join(', ')}`
}

/** What every way costs that chance may take at one place; walked when the reader asks, as each way is a packet of its own. */
function branchesTable(walker: PathWalker, choice: PathChoice, walk: PathWalk, f: number): HTMLElement {
  const { options, place } = walk.forks[f]
  const title = `Branches of ${place.chain}`
  const details = element('details', {}, element('summary', {}, `${title}: ${options.length}, with what each costs`))
  const fill = (): void => {
    const rows = options.slice(0, BRANCHES).flatMap(({ name, chance }, option) => {
      const way = walker.walk({ ...choice, taken: withTaken(walk.forks, f, option) })
      if (E.isLeft(way)) return []
      const { rulesEvaluated, modelled, end } = way.right
      return [[name, end, chanceText(chance), countText(rulesEvaluated), ...modelled.map(m => ratioText(m.ns / 1000))]]
    })
    const heads = ['branch', 'goes to', 'chance', 'rules evaluated', ...walk.modelled.map(m => `${m.backend}, µs`)]
    const cells = (row: readonly string[], name: 'th' | 'td'): readonly Node[] =>
      row.map((cell, i) => element(name, { class: i < 2 ? 'text' : 'figures' }, cell))
    details.append(
      element(
        'div',
        { class: 'table', role: 'region', tabindex: 0, 'aria-label': title },
        element(
          'table',
          {},
          element('thead', {}, element('tr', {}, ...cells(heads, 'th'))),
          element('tbody', {}, ...rows.map(row => element('tr', {}, ...cells(row, 'td')))),
        ),
      ),
      ...(options.length > BRANCHES ? [element('p', { class: 'note' }, `The first ${BRANCHES} of them.`)] : []),
    )
  }
  details.addEventListener('toggle', fill, { once: true })
  return details
}
