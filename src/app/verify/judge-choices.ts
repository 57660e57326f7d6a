/**
 * Whether the kernel's random choices are as likely as the rules say: one chi-square test for each place that draws, over all packets that
 * drew there. Bonferroni's bound shares the false-alarm rate among the tests.
 */
import { distribution } from '../../metrics/distribution.ts'

/** What was drawn at one place of the rules. */
export interface Choices {
  /** `nat KUBE-SVC-… rule 1`. */
  readonly place: string
  /** What could be drawn, with its chance; together 1. */
  readonly options: readonly { readonly name: string; readonly chance: number }[]
  /** How often each was. */
  readonly counts: readonly number[]
}

export interface JudgedChoices extends Choices {
  readonly draws: number
  /** NaN: too few draws to tell. */
  readonly pValue: number
  readonly likely: boolean
}

/**
 * Nominal chance that any of a run's tests fails by chance alone. Tails of small counts are heavier than chi-square's: of 1.2 million runs
 * with one test of 20 to 319 draws among 2 to 9 uneven options 3 raised a false alarm.
 */
export const FALSE_ALARM_RATE = 1e-6

/** Options expected less often than this are taken together, the rarest first. */
const LEAST_EXPECTED = 10

export function judgeChoices(all: readonly Choices[]): readonly JudgedChoices[] {
  const pooled = all.map(pool)
  const tests = pooled.filter(p => p.counts.length > 1).length
  return all.map((choices, i) => {
    const { counts, chances } = pooled[i]
    const pValue = impossible(choices) ? 0 : counts.length > 1 ? distribution(counts, chances).pValue : NaN
    return { ...choices, draws: sum(choices.counts), pValue, likely: !(pValue < FALSE_ALARM_RATE / Math.max(1, tests)) }
  })
}

/** Joins rare options until every cell is expected often enough. */
function pool({ options, counts }: Choices): {
  readonly counts: readonly number[]
  readonly chances: readonly number[]
} {
  const draws = sum(counts)
  const order = options.map((_, i) => i).sort((a, b) => options[a].chance - options[b].chance)
  const cells: { count: number; chance: number }[] = []
  for (const i of order) {
    const last = cells.at(-1)
    if (last !== undefined && draws * last.chance < LEAST_EXPECTED) {
      last.count += counts[i]
      last.chance += options[i].chance
    } else cells.push({ count: counts[i], chance: options[i].chance })
  }
  // The last cell, of the likeliest option, may still be rare when there are few draws.
  while (cells.length > 1 && draws * cells[cells.length - 1].chance < LEAST_EXPECTED) {
    const { count, chance } = cells.pop()!
    cells[cells.length - 1].count += count
    cells[cells.length - 1].chance += chance
  }
  return { counts: cells.map(c => c.count), chances: cells.map(c => c.chance) }
}

const impossible = ({ options, counts }: Choices): boolean => counts.some((n, i) => n > 0 && options[i].chance === 0)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)
