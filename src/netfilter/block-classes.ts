/**
 * Destinations that the rules do not tell apart share one block of hop-memo.ts. A walk without a draw or a translation is known by the tests of its
 * destination's address that it met: a packet that agrees in all else that blocks compare, and whose address answers these tests alike,
 * takes the same steps, one after another. Most pods are one class where they arrive: no rule names them there.
 */
import { DISPATCH_WORDS, findCandidate4, findCandidate6 } from './dispatch.ts'
import { inPrefix6 } from './in-prefix6.ts'
import { OP } from './opcode.ts'
import type { Program } from './program.ts'

export interface BlockClass {
  readonly block: number
  /** What packets must agree in, as blocks have it. */
  readonly signature: number
  readonly ports: number
  readonly facts: number
  /** Places in the code where the address was looked at, each followed by its answer. */
  readonly answers: readonly number[]
}

/** More would be looked through in vain. */
const MOST_CLASSES = 32

/** `tests`: where the walks of the block's packets, first and later, looked at their destination's address. */
export function addClass(
  classes: BlockClass[],
  program: Program,
  found: Omit<BlockClass, 'answers'>,
  destination: Uint32Array,
  tests: readonly number[],
): void {
  if (classes.length === MOST_CLASSES) return
  const answers = [...new Set(tests)].flatMap(pc => [pc, answerAt(program, pc, destination, found.ports)])
  classes.push({ ...found, answers })
}

/** The block of a packet's class; 0: none is known. */
export function classBlock(
  classes: readonly BlockClass[],
  program: Program,
  signature: number,
  ports: number,
  facts: number,
  destination: Uint32Array,
): number {
  for (const one of classes)
    if (one.signature === signature && one.ports === ports && one.facts === facts)
      if (answersAlike(program, one, destination)) return one.block
  return 0
}

function answersAlike(program: Program, { answers, ports }: BlockClass, destination: Uint32Array): boolean {
  for (let i = 0; i < answers.length; i += 2)
    if (answerAt(program, answers[i], destination, ports) !== answers[i + 1]) return false
  return true
}

function answerAt(program: Program, pc: number, destination: Uint32Array, ports: number): number {
  const { code, dispatch, dispatchEntries, family } = program
  switch (code[pc]) {
    case OP.DISPATCH: {
      const record = DISPATCH_WORDS * code[pc + 1]
      return family === 4
        ? findCandidate4(dispatch, dispatchEntries, record, destination[3] | 0, ports)
        : findCandidate6(dispatch, dispatchEntries, record, destination, ports)
    }
    case OP.DESTINATION4:
    case OP.NOT_DESTINATION4:
      return (destination[3] & code[pc + 1]) === code[pc + 2] ? 1 : 0
    case OP.DESTINATION6:
      return inPrefix6(code, pc + 2, destination)
    default:
      throw new Error(`no test of an address: ${code[pc]} at ${pc}`)
  }
}
