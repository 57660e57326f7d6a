/** Bytes in memory as a source and sink: a log that no file is needed for. */
import * as E from 'fp-ts/lib/Either.js'
import type { ByteSink, ByteSource } from './byte-store.ts'

export class MemoryBytes implements ByteSource, ByteSink {
  readonly name: string
  private bytes: Uint8Array
  private used: number

  constructor(name: string, bytes: Uint8Array = new Uint8Array(0)) {
    this.name = name
    this.bytes = bytes
    this.used = bytes.length
  }

  get size(): number {
    return this.used
  }

  read(position: number, length: number): E.Either<never, Uint8Array> {
    return E.right(this.bytes.subarray(position, Math.min(this.used, position + length)))
  }

  append(bytes: Uint8Array): E.Either<never, void> {
    if (this.used + bytes.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.used + bytes.length, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.used))
      this.bytes = grown
    }
    this.bytes.set(bytes, this.used)
    this.used += bytes.length
    return E.right(undefined)
  }

  flush(): E.Either<never, void> {
    return E.right(undefined)
  }
}
