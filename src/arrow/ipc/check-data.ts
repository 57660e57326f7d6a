/**
 * A column of a file that may be anyone's: throws where its buffers do not hold the rows that it claims, so that reading it afterwards costs
 * no more than its bytes and meets no text that is not there. apache-arrow itself believes the lengths that a file declares.
 */
import * as A from 'apache-arrow'

export function checkData(data: A.Data): void {
  const { type, length, values, valueOffsets, dictionary } = data
  if (A.DataType.isUtf8(type)) checkTexts(length, valueOffsets, values.length)
  else if (length > values.length * (A.DataType.isBool(type) ? 8 : 1))
    throw new Error(`a column claims ${length} rows and holds ${values.length} values`)
  if (data.nullCount > 0 && length > data.nullBitmap.length * 8)
    throw new Error(`a column claims ${length} rows and says of ${data.nullBitmap.length * 8} whether they are null`)
  if (dictionary !== undefined) checkWords(length, values, dictionary)
}

function checkTexts(length: number, offsets: Int32Array, byteCount: number): void {
  if (length === 0) return
  if (offsets.length <= length) throw new Error(`a column claims ${length} texts and holds ${offsets.length - 1}`)
  for (let row = 0; row < length; row++)
    if (offsets[row] < 0 || offsets[row] > offsets[row + 1]) throw new Error(`text ${row} ends before it begins`)
  if (offsets[length] > byteCount) throw new Error(`its texts end at byte ${offsets[length]} of ${byteCount}`)
}

/** Batches share their dictionaries: a list of words is looked at once. */
const checked = new WeakSet<A.Vector>()

function checkWords(length: number, indices: ArrayLike<number>, dictionary: A.Vector): void {
  if (!checked.has(dictionary)) for (const chunk of dictionary.data) checkData(chunk)
  checked.add(dictionary)
  for (let row = 0; row < length; row++)
    if (!(indices[row] >= 0 && indices[row] < dictionary.length))
      throw new Error(`row ${row} names word ${indices[row]} of ${dictionary.length}`)
}
