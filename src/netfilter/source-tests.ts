/**
 * The source prefixes that rules have been seen to ask for (the cluster CIDR, source ranges), each a bit of a packet's signature: two
 * packets of one signature pass all these tests alike. Grows as walks meet new ones; a bit that a walk did not look at does not matter to it.
 */
import type { IpFamily } from '../net/ip.ts'
import { OP } from './opcode.ts'

export interface SourceTests {
  /** Four mask words and four value words a test. */
  readonly words: number[]
}

export const TEST_WORDS = 8
const MOST_TESTS = 30

export const newSourceTests = (): SourceTests => ({ words: [] })

/** Bit k: the address whose four words begin at `offset` lies in prefix k. */
export function signatureOf({ words }: SourceTests, family: IpFamily, source: Uint32Array, offset = 0): number {
  let signature = 0
  for (let at = 0, bit = 1; at < words.length; at += TEST_WORDS, bit <<= 1) {
    if ((source[offset + 3] & words[at + 3]) !== words[at + 7]) continue
    if (
      family === 6 &&
      ((source[offset + 2] & words[at + 2]) !== words[at + 6] ||
        (source[offset + 1] & words[at + 1]) !== words[at + 5] ||
        (source[offset] & words[at]) !== words[at + 4])
    )
      continue
    signature |= bit
  }
  return signature
}

/** What a place of the code where a walk looked at the source means for packets like the one that walked. */
export const LOOK = {
  /** It is, or now is, part of the signature. */
  known: 0,
  added: 1,
  /** It asks for the one address `own`. */
  own: 2,
  /** Packets of one signature may pass it unlike. */
  unlike: 3,
} as const

/** Learns the test at `pc`; `own`: the address words that callers compare themselves, if any. */
export function learnTest(
  tests: SourceTests,
  code: Int32Array,
  pc: number,
  own: ArrayLike<number> | undefined,
): number {
  const op = code[pc]
  if (op === OP.SOURCE_LOCAL) return LOOK.known
  if (op === OP.SOURCE4 || op === OP.NOT_SOURCE4) {
    const [mask, value] = [code[pc + 1], code[pc + 2]]
    if (mask === -1 && own !== undefined && (own[3] | 0) === value) return LOOK.own
    return learn(tests, [0, 0, 0, mask, 0, 0, 0, value])
  }
  if (op !== OP.SOURCE6) return LOOK.unlike
  const test = [...code.subarray(pc + 2, pc + 2 + TEST_WORDS)]
  const isOwn = own !== undefined && [0, 1, 2, 3].every(i => test[i] === -1 && test[4 + i] === (own[i] | 0))
  return isOwn ? LOOK.own : learn(tests, test)
}

function learn({ words }: SourceTests, test: readonly number[]): number {
  for (let at = 0; at < words.length; at += TEST_WORDS)
    if (test.every((word, i) => words[at + i] === word)) return LOOK.known
  if (words.length === MOST_TESTS * TEST_WORDS) return LOOK.unlike
  words.push(...test)
  return LOOK.added
}
