/** Two lists of texts -> what each has that the other lacks, as indexes, rising. */
export interface ListDiff {
  readonly onlyLeft: readonly number[]
  readonly onlyRight: readonly number[]
}

/** Order does not count: a text that stands n times more on one side is left over there n times, its last ones. */
export function diffBags(left: readonly string[], right: readonly string[]): ListDiff {
  const counts = new Map<string, number>()
  for (const text of right) counts.set(text, (counts.get(text) ?? 0) + 1)
  const onlyLeft = takeAway(left, counts)
  // What is left of the counts is what the right has more of: its last ones.
  const common = new Map<string, number>()
  for (const text of right) common.set(text, (common.get(text) ?? 0) + 1)
  for (const [text, count] of counts) common.set(text, common.get(text)! - count)
  return { onlyLeft, onlyRight: takeAway(right, common) }
}

/** Indexes of the texts that find no more of themselves in the counts, which are used up. */
function takeAway(texts: readonly string[], counts: Map<string, number>): number[] {
  const over: number[] = []
  texts.forEach((text, i) => {
    const count = counts.get(text) ?? 0
    if (count > 0) counts.set(text, count - 1)
    else over.push(i)
  })
  return over
}

/** Order counts: what is outside of a longest common subsequence. Lists too long for that are compared as bags. */
export function diffSequences(left: readonly string[], right: readonly string[]): ListDiff {
  let start = 0
  while (start < left.length && start < right.length && left[start] === right[start]) start++
  let leftEnd = left.length
  let rightEnd = right.length
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd--
    rightEnd--
  }
  const a = left.slice(start, leftEnd)
  const b = right.slice(start, rightEnd)
  const { onlyLeft, onlyRight } = a.length * b.length > MOST_CELLS ? diffBags(a, b) : longestCommon(a, b)
  return { onlyLeft: onlyLeft.map(i => i + start), onlyRight: onlyRight.map(i => i + start) }
}

/** 16 MB of lengths. */
const MOST_CELLS = 4_000_000

function longestCommon(left: readonly string[], right: readonly string[]): ListDiff {
  const width = right.length + 1
  // lengths[i * width + j]: of the longest common subsequence of left from i on and right from j on.
  const lengths = new Uint32Array((left.length + 1) * width)
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        left[i] === right[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
  const onlyLeft: number[] = []
  const onlyRight: number[] = []
  let i = 0
  let j = 0
  while (i < left.length || j < right.length)
    if (i < left.length && j < right.length && left[i] === right[j]) {
      i++
      j++
    } else if (j === right.length || (i < left.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]))
      onlyLeft.push(i++)
    else onlyRight.push(j++)
  return { onlyLeft, onlyRight }
}
