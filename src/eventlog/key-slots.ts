/**
 * Numbers for keys: a hash table from the bytes of (kind, namespace, name) to slots, which count up from 0 in the order they are
 * made. Linear probing over FNV-1a (Fowler, Noll, Vo), at most half full. A key may be given a new slot later; the old one stays,
 * without an entry. Written by hand, as a Map wants a string a key, and making and hashing that string costs more than all else a
 * fold does with a row.
 */
import type { EventRows } from './event-batch.ts'

const NONE = -1
const FNV_BASIS = 0x811c_9dc5
const FNV_PRIME = 0x0100_0193

export class KeySlots {
  /** Slots made so far. */
  count = 0
  readonly capacity: number
  private readonly hashes: Int32Array
  private readonly keyFrom: Float64Array
  private readonly keyTo: Float64Array
  private keys = new Uint8Array(1024)
  private keysEnd = 0
  private readonly entries: Int32Array
  private readonly mask: number
  /** The key asked for last. */
  private key = new Uint8Array(256)
  private keyLength = 0
  private hash = 0

  /** For up to `capacity` slots, a power of two. */
  constructor(capacity: number) {
    this.capacity = capacity
    this.hashes = new Int32Array(capacity)
    this.keyFrom = new Float64Array(capacity)
    this.keyTo = new Float64Array(capacity)
    this.entries = new Int32Array(capacity * 2).fill(NONE)
    this.mask = capacity * 2 - 1
  }

  /** The entry of a row's key; `slotAt` says which slot it has, if any. */
  entryOf(rows: EventRows, row: number): number {
    this.readKey(rows, row)
    return this.probe()
  }

  /** -1: the key has no slot yet. */
  slotAt(entry: number): number {
    return this.entries[entry]
  }

  /** A new slot for the key that was asked for last; `entry` is what `entryOf` said of it. */
  create(entry: number): number {
    const slot = this.count++
    const known = this.entries[entry]
    this.entries[entry] = slot
    this.hashes[slot] = this.hash
    if (known === NONE) this.storeKey(slot)
    else {
      this.keyFrom[slot] = this.keyFrom[known]
      this.keyTo[slot] = this.keyTo[known]
    }
    return slot
  }

  /** The slots that `keep` wants, in their order and numbered anew from 0, with room for `capacity`. */
  rebuilt(capacity: number, keep: (slot: number) => boolean): KeySlots {
    const next = new KeySlots(capacity)
    for (let slot = 0; slot < this.count; slot++) {
      if (!keep(slot)) continue
      next.takeKey(this.keys.subarray(this.keyFrom[slot], this.keyTo[slot]), this.hashes[slot])
      next.create(next.probe())
    }
    return next
  }

  private readKey({ kind, namespaces, names }: EventRows, row: number): void {
    const namespaceAt = namespaces.offsets!
    const nameAt = names.offsets!
    const longest = namespaceAt[row + 1] - namespaceAt[row] + nameAt[row + 1] - nameAt[row] + 2
    if (longest > this.key.length) this.key = new Uint8Array(longest * 2)
    this.keyLength = 0
    this.hash = FNV_BASIS
    this.take(kind[row])
    this.takeAll(namespaces.values as Uint8Array, namespaceAt[row], namespaceAt[row + 1])
    this.take(0)
    this.takeAll(names.values as Uint8Array, nameAt[row], nameAt[row + 1])
  }

  private take(byte: number): void {
    this.key[this.keyLength++] = byte
    this.hash = Math.imul(this.hash ^ byte, FNV_PRIME)
  }

  private takeAll(bytes: Uint8Array, from: number, to: number): void {
    const { key } = this
    let { hash, keyLength } = this
    for (let i = from; i < to; i++) {
      const byte = bytes[i]
      key[keyLength++] = byte
      hash = Math.imul(hash ^ byte, FNV_PRIME)
    }
    this.hash = hash
    this.keyLength = keyLength
  }

  private takeKey(bytes: Uint8Array, hash: number): void {
    if (bytes.length > this.key.length) this.key = new Uint8Array(bytes.length * 2)
    this.key.set(bytes)
    this.keyLength = bytes.length
    this.hash = hash
  }

  private probe(): number {
    const { entries, hashes, mask, hash } = this
    for (let entry = (hash ^ (hash >>> 15)) & mask; ; entry = (entry + 1) & mask) {
      const slot = entries[entry]
      if (slot === NONE || (hashes[slot] === hash && this.hasKey(slot))) return entry
    }
  }

  private hasKey(slot: number): boolean {
    const { key, keys, keyLength } = this
    const from = this.keyFrom[slot]
    if (this.keyTo[slot] - from !== keyLength) return false
    for (let i = 0; i < keyLength; i++) if (keys[from + i] !== key[i]) return false
    return true
  }

  private storeKey(slot: number): void {
    const { keyLength, keysEnd } = this
    if (keysEnd + keyLength > this.keys.length) {
      const grown = new Uint8Array(Math.max(keysEnd + keyLength, this.keys.length * 2))
      grown.set(this.keys)
      this.keys = grown
    }
    this.keys.set(this.key.subarray(0, keyLength), keysEnd)
    this.keyFrom[slot] = keysEnd
    this.keysEnd += keyLength
    this.keyTo[slot] = this.keysEnd
  }
}
