/**
 * An IPC stream, each message of which has been checked before it goes on to apache-arrow, which believes what a stream says of itself:
 * frames and bodies are all there, metadata can be followed (check-flatbuffer.ts), and a batch has the vectors and buffers of its schema, each
 * within its body and no longer than the body could hold. What the values are is looked at afterwards (check-data.ts).
 * No more is held than a message, and of that no more than the stream really has.
 */
import * as A from 'apache-arrow'
import { checkFlatbuffer } from './check-flatbuffer.ts'

/** `pieces` are the bytes of the stream, in order; what comes behind its end mark is left. Throws, in a few words, at the first message that is none. */
export function* checkedMessages(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const bytes = new ByteTaker(pieces)
  const checker = new MessageChecker()
  for (;;) {
    const frame = bytes.take(8)
    if (frame === undefined) return checker.end()
    if (frame.length === 0) {
      yield frame
      continue
    }
    const view = new DataView(frame.buffer, frame.byteOffset, 8)
    const metadataBytes = view.getInt32(4, true)
    if (view.getInt32(0, true) !== -1 || metadataBytes < 0) throw new Error('a message has no frame')
    yield frame
    if (metadataBytes === 0) return checker.end()
    const metadata = bytes.take(atMost(metadataBytes, MOST_METADATA_BYTES))
    if (metadata === undefined) throw new Error(CUT_SHORT)
    const bodyBytes = checker.bodyBytes(metadata)
    yield metadata
    if (bodyBytes === 0) continue
    const body = bytes.take(atMost(bodyBytes, MOST_BODY_BYTES))
    if (body === undefined) throw new Error(CUT_SHORT)
    yield body
  }
}

/** The words of a million rules are some 150 MB, and one message. */
const MOST_BODY_BYTES = 2 ** 30
const MOST_METADATA_BYTES = 2 ** 24
const CUT_SHORT = 'it ends within a message'

const atMost = (byteCount: number, most: number): number => {
  if (byteCount > most) throw new Error(`a message claims ${byteCount} bytes`)
  return byteCount
}

class MessageChecker {
  private fields: readonly A.Field[] | undefined
  private wordsOf: ReadonlyMap<number, A.DataType> = new Map()
  /** Lists of words that have not come yet. */
  private readonly missing = new Set<number>()

  /** Of the body that follows this metadata. */
  bodyBytes(metadata: Uint8Array): number {
    checkFlatbuffer(metadata)
    const message = A.Message.decode(metadata)
    const { bodyLength, version } = message
    if (!(bodyLength >= 0)) throw new Error(`a message claims ${bodyLength} bytes`)
    if (version !== A.MetadataVersion.V5) throw new Error('it is of another version of Arrow')
    if (message.isSchema()) {
      if (this.fields !== undefined) throw new Error('it has a second schema')
      const { fields, dictionaries } = message.header()
      this.fields = fields
      this.wordsOf = dictionaries
      for (const id of dictionaries.keys()) this.missing.add(id)
    } else {
      if (this.fields === undefined) throw new Error('it does not begin with its schema')
      if (message.isRecordBatch()) {
        if (this.missing.size > 0) throw new Error('a batch comes before its words')
        checkBatch(
          message.header(),
          this.fields.map(f => f.type),
          bodyLength,
        )
      } else if (message.isDictionaryBatch()) {
        const { id, isDelta, data } = message.header()
        const type = this.wordsOf.get(id)
        if (type === undefined || isDelta) throw new Error('it has words of no column')
        this.missing.delete(id)
        checkBatch(data, [type], bodyLength)
      } else throw new Error('it has a message of another kind')
    }
    return bodyLength
  }

  end(): void {
    if (this.fields === undefined) throw new Error('it does not begin with its schema')
  }
}

/** As apache-arrow decodes it. */
interface Batch {
  readonly length: number
  readonly nodes: readonly { readonly length: number; readonly nullCount: number }[]
  readonly buffers: readonly { readonly offset: number; readonly length: number }[]
  readonly compression: unknown
  readonly variadicBufferCounts: readonly number[]
}

function checkBatch(batch: Batch, types: readonly A.DataType[], bodyBytes: number): void {
  const { length, nodes, buffers, compression, variadicBufferCounts } = batch
  if (compression !== null || variadicBufferCounts.length > 0)
    throw new Error('a batch is laid out as svcsim lays none')
  const vectors = sum(types, vectorsOf)
  const wanted = sum(types, buffersOf)
  if (nodes.length !== vectors || buffers.length !== wanted)
    throw new Error(`a batch has ${nodes.length} vectors in ${buffers.length} buffers, not ${vectors} in ${wanted}`)
  for (const rows of [length, ...nodes.map(n => n.length)])
    if (!(rows >= 0 && rows <= 8 * bodyBytes)) throw new Error(`a batch of ${bodyBytes} bytes claims ${rows} rows`)
  for (const { nullCount, length: rows } of nodes)
    if (!(nullCount >= 0 && nullCount <= rows)) throw new Error(`${nullCount} of ${rows} rows are null`)
  for (const { offset, length: byteCount } of buffers)
    if (!(offset >= 0 && byteCount >= 0 && offset + byteCount <= bodyBytes))
      throw new Error(`a buffer claims the bytes ${offset} to ${offset + byteCount} of ${bodyBytes}`)
}

const vectorsOf = (type: A.DataType): number =>
  1 + (A.DataType.isDictionary(type) ? 0 : sum(type.children ?? [], child => vectorsOf(child.type)))

/** Whether there are nulls; offsets or values or, of texts, both. */
function buffersOf(type: A.DataType): number {
  const own = A.DataType.isUtf8(type) ? 3 : A.DataType.isStruct(type) ? 1 : 2
  return own + (A.DataType.isDictionary(type) ? 0 : sum(type.children ?? [], child => buffersOf(child.type)))
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0)

/** Takes so many bytes at a time, without a copy where a piece has them all. */
class ByteTaker {
  private readonly pieces: Iterator<Uint8Array>
  private rest: Uint8Array = new Uint8Array(0)

  constructor(pieces: Iterable<Uint8Array>) {
    this.pieces = pieces[Symbol.iterator]()
  }

  /** undefined: it is over; nothing: so is what there is so far, as an empty piece says where a stream still grows. */
  take(byteCount: number): Uint8Array | undefined {
    const taken: Uint8Array[] = []
    let missing = byteCount
    while (missing > this.rest.length) {
      if (this.rest.length > 0) taken.push(this.rest)
      missing -= this.rest.length
      const { value, done } = this.pieces.next() as IteratorResult<Uint8Array, undefined>
      if (done === true) return undefined
      this.rest = value
      if (missing === byteCount && value.length === 0) return value
    }
    taken.push(this.rest.subarray(0, missing))
    this.rest = this.rest.subarray(missing)
    return taken.length === 1 ? taken[0] : Buffer.concat(taken)
  }
}
