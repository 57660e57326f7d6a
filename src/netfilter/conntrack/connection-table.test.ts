import { describe, expect, it } from 'vitest'
import { formatIp, type IpFamily, parseIp, writeIpWords } from '../../net/ip.ts'
import { newPacket, type Packet } from '../../net/packet.ts'
import { MEMORY } from './connection-memory.ts'
import { ConnectionTable } from './connection-table.ts'

/** UDP from 192.0.2.1, or 2001:db8::1, and this port to port 53 of a Service. */
function makePacket(port: number, family: IpFamily = 4): Packet {
  const [source, destination] = family === 4 ? ['192.0.2.1', '10.96.0.1'] : ['2001:db8::1', 'fd00:96::1']
  const packet = Object.assign(newPacket(family), { protocol: 17, sourcePort: port, destinationPort: 53 })
  writeIpWords(parseIp(source)!.value, packet.source, 0)
  writeIpWords(parseIp(destination)!.value, packet.destination, 0)
  packet.originalSource.set(packet.source)
  packet.originalDestination.set(packet.destination)
  return Object.assign(packet, { originalSourcePort: port, originalDestinationPort: 53 })
}

const portsOf = (port: number): number => ((port << 16) | 53) >>> 0

interface Kept {
  readonly lifeUs?: number
  readonly memory?: number
  readonly family?: IpFamily
  /** What its source became. */
  readonly became?: { readonly source: Uint32Array; readonly port: number }
}

/** A connection from this port, confirmed. */
function keep(
  table: ConnectionTable,
  port: number,
  { lifeUs = 1_000, memory = 0, family = 4, became }: Kept = {},
): number {
  const packet = makePacket(port, family)
  const entry = table.add(packet, portsOf(port))
  if (entry < 0) return entry
  table.memory[entry] = memory
  const { source = packet.source, port: answered = port } = became ?? {}
  table.index.write(2 * entry + 1, packet.destination, source, ((53 << 16) | answered) >>> 0)
  if (became !== undefined) table.noteSource(entry)
  table.expireIn(entry, lifeUs)
  table.confirm(entry)
  return entry
}

const find = (table: ConnectionTable, port: number): number => {
  const { source, destination } = makePacket(port)
  return table.find(17, source, destination, portsOf(port)) >> 1
}

const ports = (table: ConnectionTable): number[] =>
  table
    .entries()
    .map(e => e.original.sourcePort)
    .sort((a, b) => a - b)

describe('ConnectionTable', () => {
  it('uses entries again that were given back, forgotten or have expired', () => {
    const table = new ConnectionTable(4, 1_000)
    for (let n = 0; n < 500; n++) {
      expect(table.release(table.add(makePacket(n), portsOf(n)))).toBe(true)
      table.forget(keep(table, n))
      keep(table, n, { lifeUs: 1 })
      table.nowUs++
      expect(find(table, n)).toBe(-1)
    }
    expect([table.memory.length, table.count]).toEqual([64, 0])
  })

  it('grows, and keeps what it holds', () => {
    const table = new ConnectionTable(4, 1_000)
    const entries = Array.from({ length: 200 }, (_, n) => keep(table, n, { memory: n }))
    expect(table.memory.length).toBe(256)
    expect(new Set(entries).size).toBe(200)
    entries.forEach((entry, n) => {
      expect([find(table, n), table.memory[entry]]).toEqual([entry, n])
    })
    table.noteSource(entries[199])
    expect(table.count).toBe(200)
  })

  it('gives a confirmed entry back to nobody', () => {
    const table = new ConnectionTable(4, 1_000)
    const entry = keep(table, 1)
    expect(table.release(entry)).toBe(false)
    table.confirm(entry)
    expect([table.count, find(table, 1)]).toEqual([1, entry])
  })

  it('forgets an entry in the microsecond in which it expires, and not before', () => {
    const table = new ConnectionTable(4, 1_000)
    keep(table, 1, { lifeUs: 10 })
    table.nowUs = 9
    expect([ports(table), find(table, 1) >= 0]).toEqual([[1], true])
    table.nowUs = 10
    expect(ports(table)).toEqual([])
    expect([find(table, 1), table.count]).toEqual([-1, 0])
  })

  it('makes room of what has expired, and drops nothing for it', () => {
    const table = new ConnectionTable(4, 16)
    for (let n = 0; n < 16; n++) keep(table, n, { lifeUs: n === 3 ? 10 : 100, memory: MEMORY.assured })
    table.nowUs = 9
    expect(keep(table, 20)).toBe(-1)
    expect([table.fullDrops, table.count]).toEqual([1, 16])
    table.nowUs = 10
    expect(keep(table, 20)).toBeGreaterThanOrEqual(0)
    expect(ports(table)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20])
    expect([table.fullDrops, table.earlyDrops]).toEqual([1, 0])
    // The others are looked through again when the next of them expires.
    table.nowUs = 100
    expect(keep(table, 21)).toBeGreaterThanOrEqual(0)
    expect(ports(table)).toEqual([20, 21])
  })

  it('gives up connections that nobody answered, near the new one, and never those that were', () => {
    const table = new ConnectionTable(4, 64)
    for (let n = 0; n < 64; n++) keep(table, n, { memory: n % 2 === 0 ? MEMORY.assured : 0 })
    for (let n = 100; n < 400; n++) keep(table, n, { memory: MEMORY.assured })
    expect(table.earlyDrops).toBeGreaterThan(0)
    expect(table.fullDrops).toBeGreaterThan(0)
    expect(table.count).toBeLessThanOrEqual(64)
    const left = ports(table)
    for (let n = 0; n < 64; n += 2) expect(left).toContain(n)
    expect(table.count).toBe(left.length)
    // Every entry that was given up or never confirmed can be had again.
    expect(table.memory.length).toBe(64)
  })

  it.each([
    [4, '192.0.2.1', '10.96.0.1'],
    [6, '2001:db8::1', 'fd00:96::1'],
  ] as const)('says what it remembers, IPv%i', (family, source, destination) => {
    const table = new ConnectionTable(family, 1_000)
    keep(table, 1_234, { family, lifeUs: 50 })
    keep(table, 1_235, { family, memory: MEMORY.seenReply })
    keep(table, 1_236, { family, memory: MEMORY.seenReply | MEMORY.assured | 3 })
    table.add(makePacket(1_237, family), portsOf(1_237))
    const [first, second, third, ...more] = table.entries()
    const told = ({ original, reply }: typeof first) =>
      [original, reply].map(t => [formatIp(t.source), t.sourcePort, formatIp(t.destination), t.destinationPort])
    expect(told(first)).toEqual([
      [source, 1_234, destination, 53],
      [destination, 53, source, 1_234],
    ])
    expect(first).toMatchObject({ protocol: 17, assured: false, seenReply: false, state: 0, expiresUs: 50 })
    expect([second.assured, second.seenReply]).toEqual([false, true])
    expect([third.assured, third.seenReply, third.state]).toEqual([true, true, 3])
    expect(more).toEqual([])
  })

  it('deletes what is asked for alone', () => {
    const table = new ConnectionTable(4, 1_000)
    for (let n = 0; n < 70; n++) keep(table, n)
    expect(table.forgetWhere(e => e.original.sourcePort % 10 === 3)).toBe(7)
    expect(table.forgetWhere(e => e.original.sourcePort % 10 === 3)).toBe(0)
    expect([table.count, find(table, 3), find(table, 4) >= 0]).toEqual([63, -1, true])
  })

  it('knows what a source became as long as that connection is there', () => {
    const table = new ConnectionTable(4, 1_000)
    const masqueraded = makePacket(9)
    writeIpWords(parseIp('192.168.10.1')!.value, masqueraded.source, 0)
    const entry = keep(table, 9, { became: { source: masqueraded.source, port: 7_000 } })
    expect(table.earlierSource(masqueraded)?.port).toBe(7_000)
    table.forget(entry)
    expect(table.earlierSource(masqueraded)).toBeUndefined()
    // Its entry is another's now, whose source stayed as it was.
    expect(keep(table, 9)).toBe(entry)
    expect(table.earlierSource(masqueraded)).toBeUndefined()
  })
})
