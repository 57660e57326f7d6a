import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { DISPATCH_WORDS } from '../dispatch.ts'
import { encodeChain } from '../encode-chain.ts'
import { type Encoder, newEncoder } from '../encoder.ts'
import { type Block, internChains } from '../intern-chains.ts'
import { randomViews } from '../testing/random-ruleset.ts'
import { pushNumber } from '../word-list.ts'
import { relocateBlock } from './relocate-block.ts'
import { RESOURCE } from './resource.ts'

describe.each([4, 6] as const)('relocateBlock, IPv%i', family => {
  it('writes what encoding at the other place writes, for random chains', () => {
    fc.assert(
      fc.property(randomViews(family, true), fc.array(fc.nat(50), { minLength: 5, maxLength: 5 }), ([view], pads) => {
        const interned = internChains([view])
        if (E.isLeft(interned)) throw new Error('not interned')
        for (const block of interned.right.blocks.filter(b => b.chain.rules.length > 0)) {
          const [moved, there] = [pads.map(pad => pad + 400), pads].map(starts => encodedAt(family, block, starts))
          relocateBlock(moved.encoder, moved.starts, moved.ends, there.starts)
          moved.encoder.blockPc.words[block.index] = there.starts[RESOURCE.code]
          expect(wordsAt(moved.encoder, block, there)).toEqual(wordsAt(there.encoder, block, there))
        }
      }),
      { numRuns: 60 },
    )
  })
})

interface Encoded {
  readonly encoder: Encoder
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** The block behind this much else: code, DNATs, dispatches, slots, entries. Rules have their ids. */
function encodedAt(family: 4 | 6, block: Block, [code, dnat, dispatch, slot, entry]: readonly number[]): Encoded {
  const encoder = newEncoder(family, { notesVerdicts: true })
  const fill = (list: Parameters<typeof pushNumber>[0], length: number): void => {
    while (list.length < length) pushNumber(list, 0)
  }
  fill(encoder.code, code)
  for (const list of [encoder.ruleEnds, encoder.ruleTarget, encoder.verdictPc!]) fill(list, block.firstRule)
  for (const list of [encoder.dnatPort, encoder.dnatRule]) fill(list, dnat)
  fill(encoder.dnatAddress, 4 * dnat)
  fill(encoder.dispatch, DISPATCH_WORDS * dispatch)
  fill(encoder.dispatchEntries, entry)
  // Targets and blocks before it lie somewhere.
  for (const list of [encoder.blockPc, encoder.blockRuleStart]) fill(list, block.index)
  encoder.dispatchCount = dispatch
  encoder.dispatchSlotCount = slot
  const starts = placesOf(encoder)
  encodeChain(encoder, block)
  return { encoder, starts, ends: placesOf(encoder) }
}

/** By RESOURCE. */
const placesOf = (encoder: Encoder): Int32Array =>
  Int32Array.of(
    encoder.code.length,
    encoder.ruleEnds.length,
    encoder.dnatRule.length,
    encoder.dispatchCount,
    encoder.dispatchSlotCount,
    encoder.dispatchEntries.length,
  )

function wordsAt(encoder: Encoder, { index }: Block, { starts, ends }: Encoded): unknown {
  const part = (list: { readonly words: Int32Array | Uint16Array | Uint8Array }, resource: number, stride = 1) =>
    list.words.slice(stride * starts[resource], stride * ends[resource])
  return {
    pc: encoder.blockPc.words[index],
    code: part(encoder.code, RESOURCE.code),
    verdicts: part(encoder.verdictPc!, RESOURCE.rule),
    dnats: [
      part(encoder.dnatAddress, RESOURCE.dnat, 4),
      part(encoder.dnatPort, RESOURCE.dnat),
      part(encoder.dnatRule, RESOURCE.dnat),
    ],
    dispatches: part(encoder.dispatch, RESOURCE.dispatch, DISPATCH_WORDS),
    entries: part(encoder.dispatchEntries, RESOURCE.entry),
  }
}
