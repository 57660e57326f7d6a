/**
 * One packet on its way through the rules of a run, for the page: parsed from the texts in PacketPaths, walked by trace, the judge of all
 * evaluators; over both hops where the rules send it to another node. Pure; what is drawn is chosen by the reader.
 */
import * as E from 'fp-ts/lib/Either.js'
import { formatIp, type IpFamily, parseIp, readIpWords, writeIpWords } from '../net/ip.ts'
import { CT, newPacket, ORIGIN, type Origin, type Packet } from '../net/packet.ts'
import { itemsNs } from '../netfilter/cost/cost-profile.ts'
import { type HostView, hostView } from '../netfilter/host.ts'
import { OUTCOME } from '../netfilter/outcome.ts'
import type { DrawPlace, ForkOption } from '../netfilter/steered-draws.ts'
import type { PacketPaths, PathNode } from '../output/paths/packet-paths.ts'
import { badInput, type Problem } from '../problem/problem.ts'
import { type HopRules, type HopWalk, hopRules } from './hop-rules.ts'

export interface PathChoice {
  /** Place of the node where the packet meets the rules. */
  readonly node: number
  /** `outside`, `node`, or the address of one of its pods. */
  readonly sender: string
  /** Place of the destination. */
  readonly destination: number
  /** Which option is taken at each draw, in the order they are drawn; the first where nothing is said. */
  readonly taken: readonly number[]
}

export interface PathWalk {
  readonly hops: readonly WalkedHop[]
  /** Where the endpoint that was chosen runs, as `pod NAME on NODE`; empty when none was. */
  readonly end: string
  readonly rulesEvaluated: number
  /** Of both hops, by backend, in ns. */
  readonly modelled: readonly { readonly backend: string; readonly ns: number }[]
  readonly forks: readonly WalkedFork[]
}

export interface WalkedHop extends HopWalk {
  readonly node: PathNode
  readonly family: IpFamily
}

/** A place where chance chose. */
export interface WalkedFork {
  /** Place in `hops`. */
  readonly hop: number
  readonly place: DrawPlace
  readonly options: readonly ForkOption[]
  readonly taken: number
}

const CLIENT_PORT = 40_000
/** A client outside the cluster, of addresses kept for documentation (RFC 5737, RFC 3849). */
const OUTSIDE = { 4: '198.51.100.1', 6: '2001:db8:ffff::1' } as const

export class PathWalker {
  readonly paths: PacketPaths
  readonly #rules = new Map<number, HopRules>()

  constructor(paths: PacketPaths) {
    this.paths = paths
  }

  walk(choice: PathChoice): E.Either<Problem, PathWalk> {
    const { nodes, destinations, profiles } = this.paths
    const destination = destinations[choice.destination]
    const forks: WalkedFork[] = []
    const modelled = profiles.map(({ backend }) => ({ backend, ns: 0 }))
    const hops: WalkedHop[] = []
    let packet: Packet | undefined = firstPacket(nodes[choice.node], choice, destination)
    let at = choice.node
    let end = ''
    while (packet !== undefined) {
      const { family } = packet
      const place: number = nodes[at][hops.length === 0 ? 'sent' : 'translated'][family === 4 ? 0 : 1]
      if (place < 0) return E.left(noRules(nodes[at], family))
      const opened = this.#open(place)
      if (E.isLeft(opened)) return opened
      const rules: HopRules = opened.right
      const drawn = new Map<string, number>()
      const draw = (_: number, where: DrawPlace): number => {
        const options = rules.optionsAt(where)
        const taken = Math.min(choice.taken[forks.length] ?? 0, options.length - 1)
        forks.push({ hop: hops.length, place: where, options, taken })
        drawn.set(`${where.table} ${where.chain} ${where.index}`, options[taken].bound)
        return options[taken].bound
      }
      const walked = rules.walk(hostOf(nodes[at], family), packet, draw, drawn)
      if (E.isLeft(walked)) return walked
      const way: HopWalk = walked.right
      hops.push({ node: nodes[at], family, ...way })
      profiles.forEach((profile, i) => {
        modelled[i].ns += itemsNs(profile, way.terms(profile))
      })
      const backend = !way.isTranslated && hops.length === 1 ? undefined : this.#backendOf(way.packet)
      end = backend === undefined ? end : endText(backend.pod, backend.address, nodes[backend.node]?.name)
      const next = backend?.node ?? -1
      const goesOn = hops.length === 1 && way.outcome === OUTCOME.toUplink && next >= 0 && next !== at
      packet = goesOn ? translatedPacket(way.packet) : undefined
      at = goesOn ? next : at
    }
    const rulesEvaluated = hops.reduce((sum, hop) => sum + hop.steps.length, 0)
    return E.right({ hops, end, rulesEvaluated, modelled, forks })
  }

  #backendOf({ family, destination }: Packet): PacketPaths['backends'][number] | undefined {
    const address = formatIp({ family, value: readIpWords(destination, 0) })
    return this.paths.backends.find(b => b.address === address)
  }

  #open(place: number): E.Either<Problem, HopRules> {
    const known = this.#rules.get(place)
    if (known !== undefined) return E.right(known)
    const opened = hopRules(this.paths, place)
    if (E.isRight(opened)) this.#rules.set(place, opened.right)
    return opened
  }
}

const noRules = ({ name }: PathNode, family: number): Problem =>
  badInput({ field: name }, `has no rules of IPv${family}`, 'choose another node')

const endText = (pod: string, address: string, node: string | undefined): string =>
  `${pod === '' ? address : `pod ${pod}`}${node === undefined ? ', on no node of the cluster' : ` on ${node}`}`

const hostOf = (node: PathNode, family: 4 | 6): HostView =>
  hostView(
    {
      localAddresses: node.addresses,
      podPrefixes: node.podPrefixes,
      uplinkName: node.uplinkName,
      podInterfaceName: node.podInterfaceName,
    },
    family,
  )

function firstPacket(
  node: PathNode,
  { sender }: PathChoice,
  { family, address, port, protocol }: PacketPaths['destinations'][number],
): Packet {
  const own = node.addresses.find(a => a.includes(':') === (family === 6)) ?? ''
  const from: Readonly<Record<string, readonly [string, Origin]>> = {
    outside: [OUTSIDE[family], ORIGIN.uplink],
    node: [own, ORIGIN.node],
  }
  const [source, origin] = from[sender] ?? [sender, ORIGIN.pod]
  const packet = newPacket(family)
  writeIpWords(parseIp(source)?.value ?? 0n, packet.source, 0)
  writeIpWords(parseIp(address === '' ? own : address)?.value ?? 0n, packet.destination, 0)
  return Object.assign(packet, { protocol, sourcePort: CLIENT_PORT, destinationPort: port, origin })
}

/** As it arrives at the node of its endpoint: a new connection from the uplink, without the mark of the other node. */
function translatedPacket(left: Packet): Packet {
  const packet = newPacket(left.family)
  packet.source.set(left.source)
  packet.destination.set(left.destination)
  const { protocol, sourcePort, destinationPort } = left
  return Object.assign(packet, { protocol, sourcePort, destinationPort, origin: ORIGIN.uplink, ctState: CT.NEW })
}
