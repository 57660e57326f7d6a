import { describe, expect, it } from 'vitest'
import { newPacket } from '../../net/packet.ts'
import { TCP_FLAG } from '../../ruleset/ruleset.ts'
import { advance, INVALID_PACKET, MEMORY, PROTOCOL_STATE, REOPENS, remembered, timeoutUs } from './connection-memory.ts'
import { SCTP_CHUNK, SCTP_STATE } from './sctp-states.ts'
import { TCP_STATE } from './tcp-states.ts'

const { SYN, ACK, FIN, RST } = TCP_FLAG
/** Segments of the original direction; an r before the name is one of the other. */
const SEGMENTS: Readonly<Record<string, number>> = {
  S: SYN,
  SA: SYN | ACK,
  A: ACK,
  F: FIN | ACK,
  R: RST | ACK,
  X: SYN | FIN,
}

interface Options {
  readonly protocol?: number
  readonly loose?: boolean
  /** From this packet on, counted from 0, the first is long ago. */
  readonly agedFrom?: number
}

/** What is known after the last of these packets, and for how many seconds from it (0: as long as before it). */
function knownAfter(
  packets: string,
  { protocol = 6, loose = true, agedFrom = Number.POSITIVE_INFINITY }: Options = {},
) {
  let memory = 0
  let seconds = 0
  for (const [n, word] of packets.split(' ').entries()) {
    const direction = word.startsWith('r') ? 1 : 0
    const name = word.slice(direction)
    const packet = Object.assign(newPacket(4), {
      protocol,
      tcpFlags: SEGMENTS[name] ?? 0,
      sctpChunk: SCTP_CHUNK[name as keyof typeof SCTP_CHUNK] ?? 0,
    })
    const next = advance(memory, direction, packet, n >= agedFrom, loose)
    if (next === INVALID_PACKET) return 'invalid'
    if (next === REOPENS) return 'reopens'
    seconds = timeoutUs(memory, next, packet, n >= agedFrom) / 1e6
    if (seconds < 0) return 'forgotten'
    memory = remembered(next, direction)
  }
  const isAnswered = (memory & MEMORY.seenReply) !== 0
  const isAssured = (memory & MEMORY.assured) !== 0
  return [memory & PROTOCOL_STATE, seconds, isAssured ? 'assured' : isAnswered ? 'answered' : 'alone']
}

describe('TCP', () => {
  it.each<[string, keyof typeof TCP_STATE, number, string]>([
    ['S', 'synSent', 120, 'alone'],
    ['S S', 'synSent', 0, 'alone'],
    ['S rSA', 'synRecv', 60, 'answered'],
    ['S rSA rSA', 'synRecv', 0, 'answered'],
    ['S rSA A', 'established', 300, 'assured'],
    ['S rSA A rA A', 'established', 300, 'assured'],
    ['S rA', 'synSent', 0, 'answered'],
    ['S rS', 'synSent2', 0, 'answered'],
    ['S rS SA', 'synRecv', 60, 'answered'],
    ['S rS S', 'synSent2', 120, 'answered'],
    // Picked up in its middle: assured once both sides have been heard, and one again.
    ['A', 'established', 300, 'alone'],
    ['A A', 'established', 300, 'alone'],
    ['A rA', 'established', 300, 'answered'],
    ['A rA rA', 'established', 300, 'assured'],
    ['A F', 'finWait', 120, 'alone'],
    ['S rSA A F', 'finWait', 120, 'assured'],
    ['S rSA F', 'finWait', 120, 'answered'],
    ['S rSA A F rA', 'closeWait', 60, 'assured'],
    ['S rSA A F rF', 'lastAck', 30, 'assured'],
    ['S rSA A F rF A', 'timeWait', 120, 'assured'],
    ['S rSA A rF F rA', 'timeWait', 120, 'assured'],
    ['S rSA A R', 'close', 10, 'assured'],
    ['S rSA A rR', 'close', 10, 'assured'],
    ['S rSA rR', 'close', 10, 'answered'],
  ])('%s', (packets, state, seconds, known) => {
    expect(knownAfter(packets)).toEqual([TCP_STATE[state], seconds, known])
  })

  it.each([
    ['X', 'invalid'],
    ['SA', 'invalid'],
    ['R', 'invalid'],
    ['F', 'invalid'],
    ['S A', 'invalid'],
    ['S rS A', 'invalid'],
    ['S rSA A SA', 'invalid'],
    ['S rSA A rS', 'invalid'],
    ['S rR', 'forgotten'],
    ['A rR', 'forgotten'],
    ['A R', 'forgotten'],
  ])('%s: %s', (packets, end) => {
    expect(knownAfter(packets)).toBe(end)
  })

  it('only a SYN begins a connection without tcp_loose', () => {
    expect(knownAfter('A', { loose: false })).toBe('invalid')
    expect(knownAfter('S', { loose: false })).toEqual([TCP_STATE.synSent, 120, 'alone'])
    expect(knownAfter('S rSA A', { loose: false })).toEqual([TCP_STATE.established, 300, 'assured'])
  })

  it('a SYN in a connection changes nothing, unless the other side takes it for a new one', () => {
    expect(knownAfter('S rSA A S')).toEqual([TCP_STATE.established, 0, 'assured'])
    expect(knownAfter('S rSA A S rSA')).toEqual([TCP_STATE.synRecv, 60, 'assured'])
    expect(knownAfter('S rSA A S rA rSA')).toEqual([TCP_STATE.established, 0, 'assured'])
    expect(knownAfter('S rSA A S A rSA')).toEqual([TCP_STATE.established, 0, 'assured'])
    expect(knownAfter('S rSA A rSA')).toEqual([TCP_STATE.established, 0, 'assured'])
    expect(knownAfter('S rSA A F S')).toEqual([TCP_STATE.finWait, 0, 'assured'])
    // What had begun to end has still.
    expect(knownAfter('S rSA A F S rF A S')).toBe('reopens')
  })

  it('a SYN behind the end begins anew, if its sender or both have ended', () => {
    expect(knownAfter('S rSA A F rF A S')).toBe('reopens')
    expect(knownAfter('S rSA A rF F rA S')).toBe('reopens')
    expect(knownAfter('S rSA A R S')).toBe('reopens')
    expect(knownAfter('S rSA A rR S')).toEqual([TCP_STATE.synSent, 120, 'assured'])
    expect(knownAfter('S rSA A F rR S')).toBe('reopens')
    // Of another kind than a reset was the last.
    expect(knownAfter('S rSA A R A S')).toEqual([TCP_STATE.synSent, 120, 'assured'])
    expect(knownAfter('S rSA A R rA S')).toEqual([TCP_STATE.synSent, 120, 'assured'])
  })
})

describe('UDP', () => {
  it.each<[string, number, number, string]>([
    ['U', 9, 30, 'alone'],
    ['U U', 0, 30, 'alone'],
    ['U rU', 9, 30, 'answered'],
    ['U rU', 0, 30, 'answered'],
    ['U rU U', 9, 30, 'answered'],
    ['U rU U', 2, 120, 'assured'],
    ['U rU rU', 2, 120, 'assured'],
  ])('%s, long after the first from packet %i on', (packets, agedFrom, seconds, known) => {
    expect(knownAfter(packets, { protocol: 17, agedFrom })).toEqual([0, seconds, known])
  })
})

describe('SCTP', () => {
  it.each<[string, keyof typeof SCTP_STATE, number, string]>([
    ['init', 'closed', 10, 'alone'],
    ['init rinitAck', 'cookieWait', 3, 'answered'],
    ['init rinitAck cookieEcho', 'cookieEchoed', 3, 'answered'],
    ['init rinitAck cookieEcho rcookieAck', 'established', 210, 'assured'],
  ])('%s', (packets, state, seconds, known) => {
    expect(knownAfter(packets, { protocol: 132 })).toEqual([SCTP_STATE[state], seconds, known])
  })

  it.each(['abort', 'cookieAck', 'shutdownComplete', 'other'])('nothing begins with %s', chunk => {
    expect(knownAfter(chunk, { protocol: 132 })).toBe('invalid')
  })
})

it.each([
  [1, 30],
  [58, 30],
  [47, 600],
])('protocol %i is remembered for %i seconds', (protocol, seconds) => {
  expect(knownAfter('P', { protocol })).toEqual([0, seconds, 'alone'])
  expect(knownAfter('P rP', { protocol, agedFrom: 0 })).toEqual([0, seconds, 'answered'])
})
