/** What one statement of an nftables rule does with a packet: the plain reading of nft(8), for trace-nft. */
import { formatIp, prefixContains, readIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { CT } from '../../net/packet.ts'
import type {
  NftProtocol,
  NftRule,
  NftSelector,
  NftStatement,
  NftTable,
  NftVerdict,
} from '../../ruleset/nft-ruleset.ts'
import { DYNAMIC_SET_SIZE } from '../../ruleset/nft-ruleset.ts'
import { SECOND_US } from '../../sim/time.ts'
import type { HostView } from '../host.ts'
import type { PacketPlace } from '../trace-match.ts'
import { addressPlace } from '../trace-match.ts'
import type { NftMemory } from './nft-memory.ts'

/** `false`: the rule does not go on. A verdict ends it too. */
export type StatementOutcome = boolean | NftVerdict

export interface StatementWorld {
  readonly table: NftTable
  readonly host: HostView
  readonly memory: NftMemory | undefined
  /** A random 32-bit word. */
  readonly draw: () => number
}

export function runStatement(
  rule: NftRule,
  statement: NftStatement,
  packet: Packet,
  place: PacketPlace,
  world: StatementWorld,
): StatementOutcome {
  switch (statement.kind) {
    case 'address': {
      const address = sideAddress(packet, statement.side)
      return statement.prefixes.some(prefix => prefixContains(prefix, address)) !== statement.negated
    }
    case 'lookup':
      return isElement(world, statement.set, keyText(statement.key, packet)) !== statement.negated
    case 'vmap':
      return world.table.sets.get(statement.map)!.elements.get(keyText(statement.key, packet))?.verdict ?? false
    case 'numgen': {
      const number =
        statement.mode === 'random'
          ? Math.floor((world.draw() * statement.modulus) / 2 ** 32)
          : nextNumber(memoryOf(world), rule, statement.modulus)
      return statement.verdicts[number] ?? false
    }
    case 'ctState':
      return statement.states.some(s => (place.ctState & CT_BIT[s]) !== 0) !== statement.negated
    case 'protocol':
      return (packet.protocol === NFT_PROTOCOL_NUMBER[statement.protocol]) !== statement.negated
    case 'destinationPort':
      return (
        (statement.protocol === 'th' || packet.protocol === NFT_PROTOCOL_NUMBER[statement.protocol]) &&
        (packet.destinationPort === statement.port) !== statement.negated
      )
    case 'inInterface':
      return namesInterface(statement.name, place.inInterface) !== statement.negated
    case 'fibLocal': {
      const { value } = sideAddress(packet, statement.side)
      return (addressPlace(world.host, value) === 'local') !== statement.negated
    }
    case 'mark':
      return ((packet.mark & statement.mask) >>> 0 === statement.value >>> 0) !== statement.negated
    case 'setMark':
      packet.mark = MARK_AFTER[statement.operation](packet.mark, statement.value) >>> 0
      return true
    case 'update':
      return addElement(world, statement.set, keyText(statement.key, packet))
    case 'counter':
      return true
  }
}

const MARK_AFTER = {
  or: (mark: number, value: number) => mark | value,
  xor: (mark: number, value: number) => mark ^ value,
  and: (mark: number, value: number) => mark & value,
  set: (_: number, value: number) => value,
} as const

export const NFT_PROTOCOL_NUMBER: Readonly<Record<NftProtocol, number>> = { tcp: 6, udp: 17, sctp: 132 }

const PROTOCOL_NAME: Readonly<Record<number, NftProtocol>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

export const CT_BIT = {
  invalid: CT.INVALID,
  established: CT.ESTABLISHED,
  related: CT.RELATED,
  new: CT.NEW,
  untracked: CT.UNTRACKED,
} as const

const sideAddress = (packet: Packet, side: 'source' | 'destination') => ({
  family: packet.family,
  value: readIpWords(packet[side], 0),
})

/** As nftKeyText writes keys; a protocol without a name has a number there, which no element has. */
const keyText = (selectors: readonly NftSelector[], packet: Packet): string =>
  selectors.map(selector => selectorText(selector, packet)).join(' . ')

function selectorText(selector: NftSelector, packet: Packet): string {
  switch (selector) {
    case 'source':
    case 'destination':
      return formatIp(sideAddress(packet, selector))
    case 'protocol':
      return PROTOCOL_NAME[packet.protocol] ?? `${packet.protocol}`
    case 'destinationPort':
      return `${packet.destinationPort}`
  }
}

/** `iifname "veth*"`. */
const namesInterface = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern

function isElement({ table, memory }: StatementWorld, setName: string, key: string): boolean {
  const set = table.sets.get(setName)!
  const dynamic = memory?.elements.get(set)
  return dynamic === undefined ? set.elements.has(key) : (dynamic.get(key) ?? 0) > memory!.nowUs
}

/** An element that is there already begins its time anew; a full set takes no other. */
function addElement(world: StatementWorld, setName: string, key: string): boolean {
  const memory = memoryOf(world)
  const set = world.table.sets.get(setName)!
  const elements = memory.elements.get(set)
  if (elements === undefined) return false
  const isThere = (elements.get(key) ?? 0) > memory.nowUs
  if (!isThere && elements.size >= (set.size ?? DYNAMIC_SET_SIZE)) {
    for (const [other, goneUs] of elements) if (goneUs <= memory.nowUs) elements.delete(other)
    if (elements.size >= (set.size ?? DYNAMIC_SET_SIZE)) return false
  }
  const { timeoutSeconds } = set
  elements.set(key, timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : memory.nowUs + timeoutSeconds * SECOND_US)
  return true
}

function nextNumber({ numbers }: NftMemory, rule: NftRule, modulus: number): number {
  const last = numbers.get(rule)
  const number = last === undefined || last + 1 >= modulus ? 0 : last + 1
  numbers.set(rule, number)
  return number
}

function memoryOf({ memory }: StatementWorld): NftMemory {
  if (memory === undefined) throw new Error('these rules need a memory')
  return memory
}
