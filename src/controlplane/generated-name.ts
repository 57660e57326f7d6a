/**
 * Names as Kubernetes generates them (apiserver names.SimpleNameGenerator): a base cut to 58 characters and five of an alphabet without
 * vowels and look-alikes. Each owner has a stream of its own, so a new workload renames nobody else's pods.
 */
import type { RandomStream } from '../sim/random.ts'
import { randomStream } from '../sim/random.ts'

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const LONGEST_BASE = 58

export class GeneratedNames {
  readonly #seed: string
  readonly #streams = new Map<string, RandomStream>()

  constructor(seed: string) {
    this.#seed = seed
  }

  /** `base` and five characters from the stream called `owner`, until it is not `taken`. */
  next(base: string, owner: string, taken: (name: string) => boolean): string {
    let stream = this.#streams.get(owner)
    if (stream === undefined) {
      stream = randomStream(this.#seed, `names of ${owner}`)
      this.#streams.set(owner, stream)
    }
    for (;;) {
      const name = base.slice(0, LONGEST_BASE) + safeCharacters(stream, 5)
      if (!taken(name)) return name
    }
  }
}

/** `length` characters of the safe alphabet. */
export function safeCharacters(stream: RandomStream, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += SAFE_ALPHABET[stream.below(SAFE_ALPHABET.length)]
  return text
}
