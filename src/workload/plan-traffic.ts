/**
 * Turns what a user asks for (a budget of packets, classes of sources with weights) into a TrafficPlan. The budget becomes
 * connections (budget / mean packets), connections are split over classes by weight and over nodes: equally where pods or nodes send
 * (largest remainder), by a true multinomial draw where clients outside do. A class of both families becomes two, split by the weight
 * of their destinations. Nodes without pods send nothing as class `pod`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { ORIGIN } from '../net/packet.ts'
import type { Problem } from '../problem/problem.ts'
import { badInput, quoted } from '../problem/problem.ts'
import type { StreamSeed } from '../sim/random.ts'
import { draw32, streamSeed } from '../sim/random.ts'
import { choiceTable, choose } from './choice-table.ts'
import type { ClassDraft } from './draft-class.ts'
import { draftClass } from './draft-class.ts'
import { drawUnreached, flowHighOf } from './draw-flow.ts'
import { largestRemainder } from './largest-remainder.ts'
import { packetsLaw } from './packets-per-connection.ts'
import { sourceTable, writeAddress } from './source-table.ts'
import type { DestinationTable, TrafficPlan } from './traffic.ts'
import { DESTINATION, DESTINATION_WORDS, MAX_CLASSES, NO_NODE } from './traffic.ts'
import type { TrafficDestination, TrafficRequest } from './traffic-request.ts'

export function planTraffic(request: TrafficRequest): E.Either<Problem, TrafficPlan> {
  const wrong = problemOf(request)
  if (wrong !== undefined) return E.left(wrong)
  const law = packetsLaw(request.packetsPerConnection, 'traffic.packetsPerConnection')
  if (E.isLeft(law)) return law
  const sources = { 4: sourceTable(request.nodes, 4), 6: sourceTable(request.nodes, 6) }
  const drafts: ClassDraft[] = []
  const silent: TrafficPlan['silent'][number][] = []
  request.classes.forEach((wanted, asked) => {
    const parts = ([4, 6] as const).flatMap(
      family => draftClass(request, asked, family, sources[family].table, sources[family].hasAddress) ?? [],
    )
    for (const part of parts)
      if ('why' in part) silent.push(part)
      else drafts.push(part)
    if (wanted.weight > 0 && parts.length === 0) silent.push({ asked, why: 'it has no destination' })
  })
  const connections = drafts.length === 0 ? 0 : Math.round(request.packets / law.right.mean)
  const split = largestRemainder(
    connections,
    drafts.map(d => d.weight),
  )
  const nodeCount = request.nodes.length
  const plan: TrafficPlan = {
    seed: streamSeed(request.seed, 'traffic'),
    nodeCount,
    connections,
    packetsLaw: law.right,
    destinations: destinationTable(request.destinations),
    sources: { 4: sources[4].table, 6: sources[6].table },
    classes: drafts.map(({ weight: _, unreachedGroup: __, ...kind }, c) => ({
      ...kind,
      connections: split[c],
      connectionsOfNode: new Float64Array(new SharedArrayBuffer(8 * nodeCount)),
    })),
    noTarget: new Float64Array(request.destinations.length),
    silent,
  }
  const ingressSeed = streamSeed(request.seed, 'ingress')
  plan.classes.forEach((kind, c) => {
    if (kind.origin === ORIGIN.uplink) drawIngress(plan, c, drafts[c].unreachedGroup, ingressSeed)
    else kind.connectionsOfNode.set(largestRemainder(kind.connections, kind.chanceOfNode))
  })
  const tooMany = plan.classes.some(k => k.connectionsOfNode.some(n => n > 0xffff_ffff))
  return tooMany
    ? E.left(
        badInput({ field: 'traffic.packets' }, 'one node sends more than 2^32 connections', 'ask for fewer packets'),
      )
    : E.right(plan)
}

/** One draw a connection decides its ingress node; what finds none is counted here, for no node ever sees it. */
function drawIngress(plan: TrafficPlan, classIndex: number, unreachedGroup: number, seed: StreamSeed): void {
  const { connections, chanceOfNode, connectionsOfNode } = plan.classes[classIndex]
  const { nodeCount, noTarget } = plan
  const nodes = choiceTable(
    Array.from({ length: nodeCount + 1 }, (_, n) => n),
    chanceOfNode,
  )
  const flowHigh = flowHighOf(classIndex, NO_NODE)
  for (let i = 0; i < connections; i++) {
    // The draw number carries the flow number's bits above 2^32.
    const word = draw32(seed.low, seed.high, i >>> 0, flowHigh, Math.floor(i / 0x1_0000_0000))
    const node = choose(nodes, word)
    if (node < nodeCount) connectionsOfNode[node]++
    else noTarget[drawUnreached(plan, classIndex, unreachedGroup, i)]++
  }
}

function destinationTable(destinations: readonly TrafficDestination[]): DestinationTable {
  const words = new Uint32Array(new SharedArrayBuffer(4 * DESTINATION_WORDS * destinations.length))
  destinations.forEach(({ family, address, protocol, port }, d) => {
    const at = DESTINATION_WORDS * d
    words[at + DESTINATION.family] = family
    words[at + DESTINATION.protocol] = protocol
    words[at + DESTINATION.port] = port
    if (address === undefined) words[at + DESTINATION.atIngress] = 1
    else writeAddress(address, words, at + DESTINATION.address)
  })
  return { count: destinations.length, words }
}

function problemOf(request: TrafficRequest): Problem | undefined {
  const { packets, nodes, classes } = request
  if (!(Number.isSafeInteger(packets) && packets >= 0))
    return badInput({ field: 'traffic.packets' }, `packets is ${quoted(packets)}`, 'use a whole number from 0 on')
  if (nodes.length >= NO_NODE)
    return badInput({ field: 'cluster.nodes' }, `${nodes.length} nodes are too many`, `use at most ${NO_NODE - 1}`)
  if (2 * classes.length > MAX_CLASSES)
    return badInput(
      { field: 'traffic.sources' },
      `${classes.length} classes are too many`,
      `use at most ${MAX_CLASSES / 2}`,
    )
  const wrong = classes.findIndex(c => !isWeight(c.weight) || !Array.from(c.weights).every(isWeight))
  return wrong < 0
    ? undefined
    : badInput({ field: `traffic.sources[${wrong}]` }, 'a weight is negative or no number', 'use weights from 0 on')
}

const isWeight = (weight: number): boolean => weight >= 0 && weight < Infinity
