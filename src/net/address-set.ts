/**
 * A set of addresses, which come and go as canonical text. IPv4 addresses are kept as their words: 150,000 texts take five times as long
 * to hash. Text that is no address is kept as it is.
 */
import { formatIp, type IpAddress, ipv4Word } from './ip.ts'

export class AddressSet {
  readonly #four = new Set<number>()
  readonly #others = new Set<string>()

  constructor(texts: Iterable<string> = []) {
    for (const text of texts) this.add(text)
  }

  add(text: string): void {
    const word = ipv4Word(text)
    if (word < 0) this.#others.add(text)
    else this.#four.add(word | 0)
  }

  delete(text: string): void {
    const word = ipv4Word(text)
    if (word < 0) this.#others.delete(text)
    else this.#four.delete(word | 0)
  }

  /** Adds an address, and says its text; undefined when it is there already. */
  take(address: IpAddress): string | undefined {
    if (address.family === 4) return isNew(this.#four, Number(address.value) | 0) ? formatIp(address) : undefined
    const text = formatIp(address)
    return isNew(this.#others, text) ? text : undefined
  }
}

/** One look-up for both, the question and the answer. */
function isNew<T>(set: Set<T>, item: T): boolean {
  const { size } = set
  return set.add(item).size > size
}
