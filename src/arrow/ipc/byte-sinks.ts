/**
 * Where an IPC writer puts its bytes, at once and in order. apache-arrow's own Node stream has no back-pressure: a file of 803 MB was
 * 982 MB of memory.
 */
import { AsyncByteQueue } from 'apache-arrow'

type Written = Parameters<AsyncByteQueue['write']>[0]

/** Hands each piece on as it comes; it may look into memory that is used again. */
export class ByteDoor extends AsyncByteQueue {
  private readonly take: (bytes: Uint8Array) => void

  constructor(take: (bytes: Uint8Array) => void) {
    super()
    this.take = take
  }

  override write(piece: Written): void {
    const bytes = piece as Uint8Array
    if (bytes.byteLength > 0) this.take(bytes)
  }
}

/** Keeps the pieces until they are taken as one array. */
export class ByteGatherer extends AsyncByteQueue {
  private pieces: Uint8Array[] = []
  private byteCount = 0

  override write(piece: Written): void {
    const bytes = piece as Uint8Array
    if (bytes.byteLength === 0) return
    this.pieces.push(bytes)
    this.byteCount += bytes.byteLength
  }

  take(): Uint8Array {
    const all = new Uint8Array(this.byteCount)
    let at = 0
    for (const piece of this.pieces) {
      all.set(piece, at)
      at += piece.byteLength
    }
    this.pieces = []
    this.byteCount = 0
    return all
  }
}
