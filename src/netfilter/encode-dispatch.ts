/** Encodes a dispatch segment: its record, its hash table, and the code of each candidate (grammar: program.ts; table: dispatch.ts). */
import { writeIpWords } from '../net/ip.ts'
import { protocolNumber } from '../ruleset/protocol-number.ts'
import { DISPATCH, DISPATCH_WORDS, ENTRY_WORDS, hashKey4, hashKey6, PC_OFFSET } from './dispatch.ts'
import { demandsSomething, encodeMatch } from './encode-match.ts'
import { encodeVerdict, leads } from './encode-verdict.ts'
import type { Encoder } from './encoder.ts'
import type { EncodedBlock } from './intern-chains.ts'
import { OP } from './opcode.ts'
import type { DispatchKey, KeyShape, Segment } from './segment-chain.ts'
import { dispatchKey } from './segment-chain.ts'
import { push, reserve } from './word-list.ts'

/** `targetsTaken` of the block's targets are those of rules before; answers how many there are up to the segment's end. */
export function encodeDispatch(
  encoder: Encoder,
  block: EncodedBlock,
  { first, count }: Segment,
  targetsTaken: number,
): number {
  const { code } = encoder
  let taken = targetsTaken
  const id = encoder.dispatchCount++
  const record = reserveRecord(encoder, count)
  const words = encoder.dispatch.words
  words[record + DISPATCH.firstRule] = block.firstRule + first
  push(code, OP.DISPATCH)
  push(code, id)
  const passPc = code.length
  push(code, OP.PASS)
  push(code, id)
  for (let slot = 0; slot < count; slot++) {
    const rule = block.chain.rules[first + slot]
    const key = dispatchKey(rule)
    if (key === undefined) throw new Error('a dispatch segment holds a rule without a key')
    if (slot === 0) {
      words[record + DISPATCH.addressMask] = key.address === undefined ? 0 : -1
      words[record + DISPATCH.portMask] = PORT_MASK[key.shape]
    }
    enterKey(encoder, record, key, code.length)
    const others = rule.matches.filter(m => demandsSomething(m) && !key.covered.includes(m))
    if (others.length > 0) {
      push(code, OP.CANDIDATE)
      push(code, passPc)
      for (const match of others) encodeMatch(encoder, match)
    }
    push(code, OP.HIT)
    push(code, id)
    push(code, slot)
    const target = leads(rule) ? block.targets[taken++] : undefined
    encodeVerdict(encoder, block.firstRule + first + slot, rule.verdict, target)
    push(code, OP.LEAVE)
    push(code, id)
    push(code, slot)
  }
  words[record + DISPATCH.afterPc] = code.length
  return taken
}

/** What of (protocol << 16 | port) each shape compares. */
const PORT_MASK: Readonly<Record<KeyShape, number>> = {
  address: 0,
  'address+protocol': 0xff0000,
  'address+protocol+port': 0xffffff,
  'protocol+port': 0xffffff,
}

/** A record with its empty table and its slots; the other words are filled in by the caller. */
function reserveRecord(encoder: Encoder, size: number): number {
  const { dispatch, dispatchEntries } = encoder
  const record = dispatch.length
  const entryCount = 2 ** (33 - Math.clz32(size - 1))
  const tableWords = entryCount * ENTRY_WORDS[encoder.family]
  reserve(dispatch, DISPATCH_WORDS)
  dispatch.words[record + DISPATCH.size] = size
  dispatch.words[record + DISPATCH.tableStart] = dispatchEntries.length
  dispatch.words[record + DISPATCH.tableMask] = entryCount - 1
  dispatch.words[record + DISPATCH.firstSlot] = encoder.dispatchSlotCount
  dispatch.length += DISPATCH_WORDS
  reserve(dispatchEntries, tableWords)
  dispatchEntries.words.fill(0, dispatchEntries.length, dispatchEntries.length + tableWords)
  dispatchEntries.length += tableWords
  encoder.dispatchSlotCount += size
  return record
}

function enterKey(encoder: Encoder, record: number, key: DispatchKey, pc: number): void {
  const start = encoder.dispatch.words[record + DISPATCH.tableStart]
  const mask = encoder.dispatch.words[record + DISPATCH.tableMask]
  const entries = encoder.dispatchEntries.words
  const ports =
    ((key.protocol === undefined ? 0 : protocolNumber(key.protocol) << 16) | (key.port ?? 0)) & PORT_MASK[key.shape]
  writeIpWords(key.address ?? 0n, scratch, 0)
  const [a, b, c, d] = scratch
  const stride = ENTRY_WORDS[encoder.family]
  const pcOffset = PC_OFFSET[encoder.family]
  let i = (encoder.family === 4 ? hashKey4(d, ports) : hashKey6(a, b, c, d, ports)) & mask
  while (entries[start + stride * i + pcOffset] !== 0) i = (i + 1) & mask
  const at = start + stride * i
  if (encoder.family === 4) entries[at] = d
  else entries.set(scratch, at)
  entries[at + pcOffset - 1] = ports
  entries[at + pcOffset] = pc
}

const scratch = new Uint32Array(4)
