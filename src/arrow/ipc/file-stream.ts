/**
 * The IPC stream inside an Arrow file: a file is its magic, padded to 8 bytes, a stream with an end mark, a footer, and the magic again.
 * Reading front to back needs no footer, but a file without its last magic is not whole.
 */
const MAGIC = 'ARROW1'
const PADDED_MAGIC = 8

export const hasMagic = (bytes: Uint8Array): boolean =>
  bytes.length === MAGIC.length && String.fromCharCode(...bytes) === MAGIC

export class FileStream {
  private readonly pieces: Iterator<Uint8Array>
  private tail = new Uint8Array(0)

  /** `pieces` are the bytes of the file, in order. */
  constructor(pieces: Iterable<Uint8Array>) {
    this.pieces = pieces[Symbol.iterator]()
  }

  /** From the stream's first byte on. */
  *stream(): Generator<Uint8Array> {
    let toSkip = PADDED_MAGIC
    for (let piece = this.next(); piece !== undefined; piece = this.next()) {
      if (toSkip < piece.length) yield piece.subarray(toSkip)
      toSkip = Math.max(0, toSkip - piece.length)
    }
  }

  /** Reads what is left; throws when the file is cut short. */
  end(): void {
    while (this.next() !== undefined);
    if (!hasMagic(this.tail)) throw new Error('it ends before its end')
  }

  private next(): Uint8Array | undefined {
    const { value, done } = this.pieces.next()
    if (done) return undefined
    const piece: Uint8Array = value
    this.tail = Buffer.concat([this.tail, piece.subarray(-MAGIC.length)]).subarray(-MAGIC.length)
    return piece
  }
}
