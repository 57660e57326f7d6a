import process from 'node:process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type IpFamily, parseIp, readIpWords, writeIpWords } from '../../net/ip.ts'
import { CT, copyPacket, newPacket, type Packet } from '../../net/packet.ts'
import { type NatTarget, TCP_FLAG } from '../../ruleset/ruleset.ts'
import { SECOND_US } from '../../sim/time.ts'
import { translateSourceTo } from '../trace-nat.ts'
import { Conntrack, type ConntrackOptions } from './conntrack.ts'
import { PlainConntrack } from './plain-conntrack.ts'
import { SCTP_CHUNK, SCTP_STATE } from './sctp-states.ts'
import type { Tracker } from './tracker.ts'

const { SYN, ACK, FIN, RST, PSH } = TCP_FLAG
const SEED = { low: 3, high: 4 }
const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 300)

interface Words {
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly protocol?: number
  readonly tcpFlags?: number
  readonly sctpChunk?: number
}

/** UDP from 192.0.2.1:1000 to 10.96.0.1:53. */
function makePacket(words: Words = {}, family: IpFamily = 4): Packet {
  const packet = Object.assign(newPacket(family), {
    protocol: words.protocol ?? 17,
    sourcePort: words.sourcePort ?? 1_000,
    destinationPort: words.destinationPort ?? 53,
    tcpFlags: words.tcpFlags ?? SYN,
    sctpChunk: words.sctpChunk ?? SCTP_CHUNK.init,
  })
  writeIpWords(parseIp(words.source ?? '192.0.2.1')!.value, packet.source, 0)
  writeIpWords(parseIp(words.destination ?? '10.96.0.1')!.value, packet.destination, 0)
  packet.originalSource.set(packet.source)
  packet.originalDestination.set(packet.destination)
  packet.originalSourcePort = packet.sourcePort
  packet.originalDestinationPort = packet.destinationPort
  return packet
}

/** The same packet the other way. */
function answerTo(packet: Packet, words: Words = {}): Packet {
  const answer = copyPacket(packet)
  answer.originalSource.set(packet.destination)
  answer.originalDestination.set(packet.source)
  answer.source.set(packet.destination)
  answer.destination.set(packet.source)
  Object.assign(answer, {
    sourcePort: packet.destinationPort,
    originalSourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    originalDestinationPort: packet.sourcePort,
    ...words,
  })
  return answer
}

/** What a rule of POSTROUTING makes of a source. */
interface SourceNat {
  readonly source: string
  /** The first of as many addresses. */
  readonly count: number
  readonly random: boolean
  readonly ports: readonly [from: number, to: number]
}

/** Through a node without rules, or one that sends new connections to `backend`, from `sourceNat`; the packet's state as rules saw it. */
function pass(tracker: Tracker, packet: Packet, backend?: string, sourceNat?: SourceNat): number {
  tracker.begin()
  if (!tracker.track(packet)) return -1
  if (tracker.consultsNat) {
    if (backend !== undefined) {
      writeIpWords(parseIp(backend)!.value, packet.destination, 0)
      packet.ctState |= CT.DNAT
    }
    tracker.bindDestination(packet)
    if (sourceNat !== undefined) translateSource(packet, sourceNat)
    if (!tracker.bindSource(packet)) {
      tracker.release()
      return -2
    }
  }
  tracker.confirm()
  return packet.ctState
}

function translateSource(packet: Packet, { source, count, random, ports: [natFrom, natTo] }: SourceNat): void {
  const { family, value } = parseIp(source)!
  Object.assign(packet, { natFrom, natTo, natRandom: random })
  if (count === 1) writeIpWords(value, packet.source, 0)
  else {
    const target: NatTarget = { address: { family, value }, lastAddress: { family, value: value + BigInt(count - 1) } }
    translateSourceTo(packet, { ...target, random, ...(natTo > 0 && { port: natFrom, lastPort: natTo }) })
  }
}

const table = (options: ConntrackOptions = {}): Conntrack => new Conntrack(4, SEED, options)

describe('TCP', () => {
  const tcp = (tcpFlags: number): Packet => makePacket({ protocol: 6, tcpFlags })

  it.each<[string, number, number, number]>([
    ['SYN', SYN, CT.NEW, CT.NEW],
    ['ACK', ACK, CT.NEW, CT.INVALID],
    ['PSH ACK', PSH | ACK, CT.NEW, CT.INVALID],
    ['SYN ACK', SYN | ACK, CT.INVALID, CT.INVALID],
    ['RST', RST, CT.INVALID, CT.INVALID],
    ['FIN ACK', FIN | ACK, CT.INVALID, CT.INVALID],
    ['FIN alone', FIN, CT.INVALID, CT.INVALID],
    ['no flags', 0, CT.INVALID, CT.INVALID],
    ['SYN FIN', SYN | FIN, CT.INVALID, CT.INVALID],
  ])('without an entry: %s', (_, flags, loose, strict) => {
    expect(pass(table(), tcp(flags))).toBe(loose)
    expect(pass(table({ tcpLoose: false }), tcp(flags))).toBe(strict)
  })

  it('goes through its handshake, data and close', () => {
    const conntrack = table()
    const first = tcp(SYN)
    const answer = (tcpFlags: number): Packet => answerTo(first, { tcpFlags })
    const states = [
      first,
      answer(SYN | ACK),
      tcp(ACK),
      tcp(PSH | ACK),
      answer(ACK),
      tcp(FIN | ACK),
      answer(FIN | ACK),
      tcp(ACK),
    ]
    expect(states.map(p => pass(conntrack, p))).toEqual([CT.NEW, ...new Array(7).fill(CT.ESTABLISHED)])
    expect(conntrack.count).toBe(1)
  })

  it.each<[string, (connection: Conntrack, first: Packet) => void, number]>([
    ['SYN sent', () => {}, 120],
    ['SYN received', (c, p) => pass(c, answerTo(p, { tcpFlags: SYN | ACK })), 60],
    [
      'established',
      (c, p) => {
        pass(c, answerTo(p, { tcpFlags: SYN | ACK }))
        pass(c, tcp(ACK))
      },
      300,
    ],
    [
      'closed by a reset',
      (c, p) => {
        pass(c, answerTo(p, { tcpFlags: SYN | ACK }))
        pass(c, tcp(RST))
      },
      10,
    ],
  ])('is remembered for its time: %s', (_, go, seconds) => {
    for (const [afterUs, count] of [
      [seconds * SECOND_US - 1, 1],
      [seconds * SECOND_US, 0],
    ]) {
      const conntrack = table()
      const first = tcp(SYN)
      pass(conntrack, first)
      go(conntrack, first)
      conntrack.nowUs = afterUs
      // A SYN/ACK begins nothing.
      pass(conntrack, tcp(SYN | ACK))
      expect(conntrack.count).toBe(count)
    }
  })

  it('picked up in its middle is remembered for five minutes until answered', () => {
    const conntrack = table()
    pass(conntrack, tcp(ACK))
    conntrack.nowUs = 300 * SECOND_US
    pass(conntrack, tcp(SYN | ACK))
    expect(conntrack.count).toBe(0)
  })

  it('a SYN sent again does not prolong', () => {
    const conntrack = table()
    pass(conntrack, tcp(SYN))
    conntrack.nowUs = 100 * SECOND_US
    expect(pass(conntrack, tcp(SYN))).toBe(CT.NEW)
    conntrack.nowUs = 120 * SECOND_US
    pass(conntrack, tcp(SYN | ACK))
    expect(conntrack.count).toBe(0)
  })

  it('is forgotten when its only answer is a reset, and begins anew after a close', () => {
    const refused = table()
    const first = tcp(SYN)
    pass(refused, first)
    expect(pass(refused, answerTo(first, { tcpFlags: RST | ACK }))).toBe(CT.ESTABLISHED)
    expect(refused.count).toBe(0)
    const closed = table()
    for (const p of [tcp(SYN), answerTo(first, { tcpFlags: SYN | ACK }), tcp(ACK), tcp(FIN | ACK)]) pass(closed, p)
    for (const p of [answerTo(first, { tcpFlags: FIN | ACK }), tcp(ACK)]) pass(closed, p)
    expect(pass(closed, tcp(SYN), '10.244.0.5')).toBe(CT.NEW | CT.DNAT)
  })
})

describe('UDP', () => {
  it('is NEW until answered, keeps its backend, and outlives a change of rules', () => {
    const conntrack = table()
    expect(pass(conntrack, makePacket(), '10.244.0.5')).toBe(CT.NEW | CT.DNAT)
    const second = makePacket()
    expect(pass(conntrack, second, '10.244.0.6')).toBe(CT.NEW | CT.DNAT)
    expect(readIpWords(second.destination, 0)).toBe(parseIp('10.244.0.5')!.value)
    const answer = answerTo(second)
    expect(pass(conntrack, answer)).toBe(CT.ESTABLISHED | CT.DNAT)
    expect(readIpWords(answer.source, 0)).toBe(parseIp('10.96.0.1')!.value)
    expect(pass(conntrack, makePacket())).toBe(CT.ESTABLISHED | CT.DNAT)
    expect(conntrack.forgetWhere(e => e.protocol === 17)).toBe(1)
    expect(pass(conntrack, makePacket())).toBe(CT.NEW)
  })

  it.each<[string, number, number]>([
    ['unanswered: 30 seconds', 0, 30],
    ['answered at once: 30 seconds', 1, 30],
    ['answered after two seconds: 120 seconds', 2_500_000, 120],
  ])('%s', (_, gapUs, seconds) => {
    const conntrack = table()
    const first = makePacket()
    pass(conntrack, first)
    if (gapUs > 0) {
      pass(conntrack, answerTo(first))
      conntrack.nowUs = gapUs
      pass(conntrack, makePacket())
    }
    conntrack.nowUs = gapUs + seconds * SECOND_US - 1
    expect(conntrack.forgetWhere(() => false)).toBe(0)
    const alive = pass(conntrack, answerTo(first))
    expect(alive).toBe(CT.ESTABLISHED)
    conntrack.nowUs += 121 * SECOND_US
    expect(pass(conntrack, answerTo(first))).toBe(CT.NEW)
  })
})

describe('SCTP', () => {
  it('begins with INIT, and not with an ABORT or a COOKIE ACK', () => {
    const sctp = (sctpChunk: number): Packet => makePacket({ protocol: 132, sctpChunk })
    expect(pass(table(), sctp(SCTP_CHUNK.init))).toBe(CT.NEW)
    expect(pass(table(), sctp(SCTP_CHUNK.abort))).toBe(CT.INVALID)
    expect(pass(table(), sctp(SCTP_CHUNK.cookieAck))).toBe(CT.INVALID)
    const conntrack = table()
    const first = sctp(SCTP_CHUNK.init)
    pass(conntrack, first)
    expect(pass(conntrack, answerTo(first, { sctpChunk: SCTP_CHUNK.initAck }))).toBe(CT.ESTABLISHED)
    conntrack.nowUs = 3 * SECOND_US
    expect(pass(conntrack, sctp(SCTP_CHUNK.cookieEcho))).toBe(CT.NEW)
  })

  /** Each row: who sends, the chunk, the state after it and the seconds it is remembered, as nf_conntrack_proto_sctp.c has them. */
  type Row = readonly [from: 'client' | 'server', chunk: keyof typeof SCTP_CHUNK, keyof typeof SCTP_STATE, number]
  const SET_UP: readonly Row[] = [
    ['client', 'init', 'closed', 10],
    ['server', 'initAck', 'cookieWait', 3],
    ['client', 'cookieEcho', 'cookieEchoed', 3],
    ['server', 'cookieAck', 'established', 210],
  ]
  it.each<[string, readonly Row[], boolean]>([
    [
      'an association that the client ends',
      [
        ...SET_UP,
        ['client', 'other', 'established', 210],
        ['server', 'other', 'established', 210],
        ['server', 'heartbeat', 'established', 210],
        ['client', 'heartbeatAck', 'established', 210],
        ['client', 'shutdown', 'shutdownSent', 3],
        ['server', 'shutdownAck', 'shutdownAckSent', 3],
        ['client', 'shutdownComplete', 'closed', 10],
      ],
      true,
    ],
    [
      'an association that the server ends',
      [
        ...SET_UP,
        ['server', 'shutdown', 'shutdownRecd', 3],
        ['client', 'shutdownAck', 'shutdownAckSent', 3],
        ['server', 'shutdownComplete', 'closed', 10],
      ],
      true,
    ],
    ['one that is aborted', [...SET_UP, ['server', 'abort', 'closed', 10]], true],
    ['one whose cookie is stale', [...SET_UP.slice(0, 3), ['server', 'error', 'closed', 10]], false],
    ['one that is sent for again', [...SET_UP.slice(0, 2), ['client', 'init', 'cookieWait', 3]], false],
    [
      'one that is met by a heartbeat',
      [
        ['client', 'heartbeat', 'heartbeatSent', 30],
        ['server', 'heartbeatAck', 'established', 210],
      ],
      false,
    ],
  ])('goes with %s', (_, rows, assured) => {
    const conntrack = table()
    const first = makePacket({ protocol: 132 })
    for (const [from, chunk, state, seconds] of rows) {
      const sent = { protocol: 132, sctpChunk: SCTP_CHUNK[chunk] }
      pass(conntrack, from === 'client' ? makePacket(sent) : answerTo(first, sent))
      conntrack.nowUs += SECOND_US
      const [entry, ...others] = conntrack.entries()
      expect(others).toEqual([])
      const left = (entry.expiresUs - conntrack.nowUs) / SECOND_US
      expect([chunk, entry.state, left]).toEqual([chunk, SCTP_STATE[state], seconds - 1])
    }
    expect(conntrack.entries()[0].assured).toBe(assured)
  })
})

describe('the table', () => {
  it('grows, and finds every connection again from either side', () => {
    const conntrack = table()
    for (let port = 1; port <= 5_000; port++) pass(conntrack, makePacket({ sourcePort: port }), '10.244.0.5')
    expect(conntrack.count).toBe(5_000)
    for (let port = 1; port <= 5_000; port++) {
      const answer = answerTo(makePacket({ sourcePort: port, destination: '10.244.0.5' }))
      expect(pass(conntrack, answer)).toBe(CT.ESTABLISHED | CT.DNAT)
    }
    expect(conntrack.count).toBe(5_000)
  })

  it('gives masqueraded connections ports of their own', () => {
    const conntrack = table()
    const ports = new Set<number>()
    for (let client = 1; client <= 200; client++) {
      const packet = makePacket({ source: `192.0.2.${client}` })
      packet.flowLow = client
      conntrack.begin()
      conntrack.track(packet)
      conntrack.bindDestination(packet)
      writeIpWords(parseIp('172.18.0.2')!.value, packet.source, 0)
      expect(conntrack.bindSource(packet)).toBe(true)
      conntrack.confirm()
      ports.add(packet.sourcePort)
    }
    expect(ports.size).toBe(200)
  })

  it('has no port left when a small range is used up', () => {
    const conntrack = table()
    const bound = Array.from({ length: 4 }, (_, client) => {
      const packet = makePacket({ source: `192.0.2.${client + 1}` })
      conntrack.begin()
      conntrack.track(packet)
      conntrack.bindDestination(packet)
      Object.assign(packet, { natFrom: 2_000, natTo: 2_002 })
      writeIpWords(parseIp('172.18.0.2')!.value, packet.source, 0)
      const free = conntrack.bindSource(packet)
      if (free) conntrack.confirm()
      else conntrack.release()
      return free
    })
    expect(bound).toEqual([true, true, true, false])
  })

  it.each([4, 6] as const)('equals its slow twin on random packets, IPv%i', family => {
    const ips = family === 4 ? ['192.0.2.1', '192.0.2.2', '10.96.0.1'] : ['fd00::1', 'fd00::2', 'fd00:96::1']
    const backend = family === 4 ? '10.244.0.5' : 'fd00:244::5'
    const event = fc.record({
      source: fc.constantFrom(...ips),
      destination: fc.constantFrom(...ips, backend),
      sourcePort: fc.constantFrom(1_000, 1_001, 53),
      destinationPort: fc.constantFrom(53, 1_000),
      protocol: fc.constantFrom(6, 17, 132),
      tcpFlags: fc.constantFrom(SYN, SYN | ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK),
      sctpChunk: fc.nat(11),
      translated: fc.boolean(),
      sourceNat: fc.option(
        fc.record({
          source: fc.constantFrom(family === 4 ? '172.18.0.2' : 'fd00:18::2', ips[0]),
          count: fc.constantFrom(1, 1, 3),
          random: fc.boolean(),
          ports: fc.constantFrom([0, 0] as const, [0, 0] as const, [2_000, 2_001] as const, [999, 1_000] as const),
        }),
      ),
      flowLow: fc.nat(5),
      waitUs: fc.constantFrom(0, 0, 1, 3 * SECOND_US, 31 * SECOND_US, 130 * SECOND_US),
    })
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), events => {
        const fast = new Conntrack(family, SEED)
        const slow = new PlainConntrack(SEED)
        for (const { translated, sourceNat, flowLow, waitUs, ...words } of events) {
          fast.nowUs += waitUs
          slow.nowUs += waitUs
          const packet = Object.assign(makePacket(words, family), { flowLow })
          const twin = copyPacket(packet)
          const to = translated ? backend : undefined
          const from = sourceNat ?? undefined
          const state = pass(fast, packet, to, from)
          expect(state).toBe(pass(slow, twin, to, from))
          if (state !== -2) expect(packet).toEqual(twin)
          expect(fast.count).toBe(slow.count)
        }
      }),
      { numRuns: RUNS },
    )
  })
})
