/**
 * Names as Kubernetes generates them (apiserver names.SimpleNameGenerator): a base cut to 58 characters and five of an alphabet without
 * vowels and look-alikes. The five are a pure function of (seed, owner, how many names the owner has had), so a new workload
 * renames nobody else's pods.
 */
import type { StreamSeed } from '../sim/random.ts'
import { draw32, scale32, streamSeed } from '../sim/random.ts'

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const LONGEST_BASE = 58
const SUFFIX_LENGTH = 5
const SUFFIX_COUNT = SAFE_ALPHABET.length ** SUFFIX_LENGTH

export class GeneratedNames {
  readonly #seed: StreamSeed
  readonly #owners = new Map<string, { readonly hash: number; drawn: number }>()

  constructor(seed: string) {
    this.#seed = streamSeed(seed, 'generated names')
  }

  /** `base` and five characters drawn for `owner`, until the name is not `taken`. */
  next(base: string, owner: string, taken: (name: string) => boolean): string {
    let known = this.#owners.get(owner)
    if (known === undefined) {
      known = { hash: fnv1a32(owner), drawn: 0 }
      this.#owners.set(owner, known)
    }
    for (;;) {
      const word = draw32(this.#seed.low, this.#seed.high, known.hash, 0, known.drawn++)
      const name = base.slice(0, LONGEST_BASE) + suffix(scale32(word, SUFFIX_COUNT))
      if (!taken(name)) return name
    }
  }
}

/** The pod-template-hash of a template's text: its 32-bit FNV-1a sum in decimal, each digit replaced by one of the safe alphabet. */
export function templateHash(text: string): string {
  let hash = ''
  for (const digit of String(fnv1a32(text))) hash += SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]
  return hash
}

function suffix(number: number): string {
  let text = ''
  for (let i = 0, rest = number; i < SUFFIX_LENGTH; i++) {
    text += SAFE_ALPHABET[rest % SAFE_ALPHABET.length]
    rest = Math.floor(rest / SAFE_ALPHABET.length)
  }
  return text
}

/** Over UTF-16 code units, low byte first. */
function fnv1a32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 255), 0x01000193)
    if (unit > 255) hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return hash >>> 0
}
