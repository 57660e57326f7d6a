/**
 * Who jumps where: per block the rules whose jumps and gotos lead to it, as doubly linked lists through three words a rule. Adding and
 * removing a call takes constant time, though a mark chain has a call from every endpoint.
 */
import { grown, newWordList, type WordList } from '../word-list.ts'

export class CallSites {
  /** Per block: 1 + its first rule; per rule: 1 + the next, the one before, of the same block; 0: none. */
  readonly #first = newWordList()
  readonly #next = newWordList()
  readonly #previous = newWordList()
  /** Per rule: the block it stands in. */
  readonly #caller = newWordList()

  /** A block of these rules, which lead nowhere yet, and to which nothing leads. */
  enter(block: number, firstRule: number, ruleCount: number): void {
    ensure(this.#first, block + 1)
    for (const list of [this.#next, this.#previous, this.#caller]) ensure(list, firstRule + ruleCount)
    this.#first.words[block] = 0
    this.#caller.words.fill(block, firstRule, firstRule + ruleCount)
  }

  link(rule: number, block: number): void {
    const first = this.#first.words[block]
    this.#next.words[rule] = first
    this.#previous.words[rule] = 0
    if (first !== 0) this.#previous.words[first - 1] = rule + 1
    this.#first.words[block] = rule + 1
  }

  /** `block`: where the rule led. */
  unlink(rule: number, block: number): void {
    const next = this.#next.words[rule]
    const previous = this.#previous.words[rule]
    if (previous === 0) this.#first.words[block] = next
    else this.#next.words[previous - 1] = next
    if (next !== 0) this.#previous.words[next - 1] = previous
  }

  /** The rules that lead to a block, the last linked first. */
  *callsOf(block: number): Generator<number> {
    for (let rule = this.#first.words[block]; rule !== 0; rule = this.#next.words[rule - 1]) yield rule - 1
  }

  callerOf(rule: number): number {
    return this.#caller.words[rule]
  }
}

function ensure(list: WordList, length: number): void {
  if (length > list.words.length) list.words = grown(list.words, length)
}
