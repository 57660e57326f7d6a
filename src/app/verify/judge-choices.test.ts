import { describe, expect, it } from 'vitest'
import { type RandomStream, randomStream } from '../../sim/random.ts'
import { type Choices, judgeChoices } from './judge-choices.ts'

const choices = (chances: readonly number[], counts: readonly number[]): Choices => ({
  place: 'nat CHAIN rule 1',
  options: chances.map((chance, i) => ({ name: `option ${i}`, chance })),
  counts,
})

const even = (...counts: readonly number[]): Choices =>
  choices(
    counts.map(() => 1 / counts.length),
    counts,
  )

const judged = (...all: readonly Choices[]) => judgeChoices(all).map(c => c.likely)

describe('judgeChoices', () => {
  it('takes what is likely and refuses what is not', () => {
    expect(judged(even(500, 480, 520))).toEqual([true])
    expect(judged(even(500, 500, 350))).toEqual([false])
    expect(judged(even(500, 480, 520), even(1000, 0), even(1, 1))).toEqual([true, false, true])
  })

  it('says nothing of few draws', () => {
    const [{ pValue, likely, draws }] = judgeChoices([even(6, 0, 0)])
    expect([pValue, likely, draws]).toEqual([NaN, true, 6])
    expect(judged(even(), even(0, 0), even(1000))).toEqual([true, true, true])
  })

  it('takes rare options together', () => {
    const rare = choices([0.992, 0.004, 0.004], [992, 8, 0])
    expect(judgeChoices([rare])[0].pValue).toBeNaN()
    const twice = choices([0.984, 0.008, 0.008], [984, 16, 0])
    expect(judgeChoices([twice])[0].pValue).toBe(1)
    expect(judged(choices([0.98, 0.01, 0.01], [500, 250, 250]))).toEqual([false])
  })

  it('never takes what cannot be', () => {
    expect(judged(choices([1, 0], [1000, 1]), choices([1, 0], [0, 1]), choices([1, 0], [5, 0]))).toEqual([
      false,
      false,
      true,
    ])
  })

  it('raises no false alarm', () => {
    const stream = randomStream('judge-choices', 'runs')
    let alarms = 0
    for (let run = 0; run < 5000; run++) if (!judged(drawn(stream))[0]) alarms++
    expect(alarms).toBe(0)
  })
})

/** Choices made by chance, of 2 to 9 options with uneven chances, 20 to 519 draws. */
function drawn(stream: RandomStream): Choices {
  const weights = Array.from({ length: 2 + stream.below(8) }, () => 1 + stream.below(20))
  const total = weights.reduce((sum, w) => sum + w, 0)
  const counts = weights.map(() => 0)
  for (let n = 20 + stream.below(500); n > 0; n--) {
    let left = stream.below(total)
    let i = 0
    while (left >= weights[i]) left -= weights[i++]
    counts[i]++
  }
  return choices(
    weights.map(w => w / total),
    counts,
  )
}
