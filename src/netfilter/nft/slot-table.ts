/** The slots of an NftProgram while it is compiled: a number for each name of a chain or set, and what it stands for in each view. */
import { newWordList, push } from '../word-list.ts'
import type { NftProgram } from './nft-program.ts'

export class SlotTable {
  readonly #names = new Map<string, { readonly chain: Map<string, number>; readonly set: Map<string, number> }>()
  readonly #values: number[] = []
  readonly #viewStart = [0, 0]
  /** Slot and value. */
  readonly #viewPairs = newWordList()

  slotOf(table: string, kind: 'chain' | 'set', name: string): number {
    let names = this.#names.get(table)
    if (names === undefined) {
      names = { chain: new Map(), set: new Map() }
      this.#names.set(table, names)
    }
    let slot = names[kind].get(name)
    if (slot === undefined) {
      slot = this.#values.push(0) - 1
      names[kind].set(name, slot)
    }
    return slot
  }

  /** In view 0. */
  setFirst(slot: number, value: number): void {
    this.#values[slot] = value
  }

  /** In the view after the last one that has ended, where it differs from view 0. */
  setOther(slot: number, value: number): void {
    push(this.#viewPairs, slot)
    push(this.#viewPairs, value)
  }

  endView(): void {
    this.#viewStart.push(this.#viewPairs.length / 2)
  }

  columns(): Pick<NftProgram, 'values' | 'viewStart' | 'viewPairs'> {
    const { words, length } = this.#viewPairs
    return {
      values: sharedWords(this.#values),
      viewStart: sharedWords(this.#viewStart),
      viewPairs: sharedWords(words.subarray(0, length)),
    }
  }
}

export function sharedWords(words: ArrayLike<number>): Int32Array {
  const array = new Int32Array(new SharedArrayBuffer(4 * words.length))
  array.set(words)
  return array
}
