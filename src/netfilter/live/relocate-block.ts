/**
 * Moves the code of a block, as a linker does: what names a place in the block itself, or one of its DNAT or dispatch ids, is written
 * anew; jumps lead out of it and stay as they are. Its rule ids stay too. Cost: the block's words, none of its rules.
 */
import { DISPATCH, DISPATCH_WORDS, ENTRY_WORDS, PC_OFFSET } from '../dispatch.ts'
import type { Encoder } from '../encoder.ts'
import { OP, OP_WORDS } from '../opcode.ts'
import { RESOURCE } from './resource.ts'

/** By RESOURCE: the block's stretches so far, from `from` to `ends`, and where they begin then. */
export function relocateBlock(encoder: Encoder, from: Int32Array, ends: Int32Array, to: Int32Array): void {
  const { dnatAddress, dnatPort, dnatRule, verdictPc } = encoder
  const [fromDnat, endDnat, toDnat] = [from[RESOURCE.dnat], ends[RESOURCE.dnat], to[RESOURCE.dnat]]
  moveCode(encoder.code.words, from, ends, to)
  for (let rule = from[RESOURCE.rule]; rule < ends[RESOURCE.rule]; rule++)
    verdictPc!.words[rule] += to[RESOURCE.code] - from[RESOURCE.code]
  dnatAddress.words.copyWithin(4 * toDnat, 4 * fromDnat, 4 * endDnat)
  dnatPort.words.copyWithin(toDnat, fromDnat, endDnat)
  dnatRule.words.copyWithin(toDnat, fromDnat, endDnat)
  if (from[RESOURCE.dispatch] < ends[RESOURCE.dispatch]) moveDispatches(encoder, from, ends, to)
}

function moveCode(code: Int32Array, from: Int32Array, ends: Int32Array, to: Int32Array): void {
  const byCode = to[RESOURCE.code] - from[RESOURCE.code]
  const byDnat = to[RESOURCE.dnat] - from[RESOURCE.dnat]
  const byDispatch = to[RESOURCE.dispatch] - from[RESOURCE.dispatch]
  code.copyWithin(to[RESOURCE.code], from[RESOURCE.code], ends[RESOURCE.code])
  const end = ends[RESOURCE.code] + byCode
  for (let pc = to[RESOURCE.code]; pc < end; pc += OP_WORDS[code[pc]])
    switch (code[pc]) {
      case OP.RULE:
        code[pc + 2] += byCode
        break
      case OP.CANDIDATE:
        code[pc + 1] += byCode
        break
      case OP.DNAT:
        code[pc + 1] += byDnat
        break
      case OP.DISPATCH:
      case OP.PASS:
      case OP.HIT:
      case OP.LEAVE:
        code[pc + 1] += byDispatch
        break
    }
}

function moveDispatches(encoder: Encoder, from: Int32Array, ends: Int32Array, to: Int32Array): void {
  const { words: records } = encoder.dispatch
  const { words: entries } = encoder.dispatchEntries
  const byCode = to[RESOURCE.code] - from[RESOURCE.code]
  records.copyWithin(
    DISPATCH_WORDS * to[RESOURCE.dispatch],
    DISPATCH_WORDS * from[RESOURCE.dispatch],
    DISPATCH_WORDS * ends[RESOURCE.dispatch],
  )
  for (
    let id = to[RESOURCE.dispatch];
    id < to[RESOURCE.dispatch] + ends[RESOURCE.dispatch] - from[RESOURCE.dispatch];
    id++
  ) {
    const record = DISPATCH_WORDS * id
    records[record + DISPATCH.tableStart] += to[RESOURCE.entry] - from[RESOURCE.entry]
    records[record + DISPATCH.firstSlot] += to[RESOURCE.slot] - from[RESOURCE.slot]
    records[record + DISPATCH.afterPc] += byCode
  }
  entries.copyWithin(to[RESOURCE.entry], from[RESOURCE.entry], ends[RESOURCE.entry])
  const stride = ENTRY_WORDS[encoder.family]
  const pcOffset = PC_OFFSET[encoder.family]
  for (
    let at = to[RESOURCE.entry] + pcOffset;
    at < to[RESOURCE.entry] + ends[RESOURCE.entry] - from[RESOURCE.entry];
    at += stride
  )
    if (entries[at] !== 0) entries[at] += byCode
}
