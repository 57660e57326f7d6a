/** What came of each flow, in the kernel and here. */
import type { FlowResult } from '../../replay/flows/flow-result.ts'

export interface ComparedFlow {
  readonly id: unknown
  readonly kernel: FlowSummary
  readonly svcsim: FlowSummary
  readonly equal: boolean
  /** Not equal, but with choices that could not all be tried. */
  readonly withinChance: boolean
}

/** All of a FlowResult but how many source ports changed: a random port is the old one now and then. */
export interface FlowSummary {
  readonly outcome: Readonly<Record<string, number>>
  readonly backends: Readonly<Record<string, number>>
  readonly source: Readonly<Record<string, number>>
  readonly splitCount: number
  readonly arrivalCount: number
  readonly answerCount: number
  readonly strayAnswerCount: number
}

/** `unresolved`: connections, by their number through all flows, of which no way was found that agrees with the kernel, of too many. */
export function compareFlows(
  kernel: readonly FlowResult[],
  svcsim: readonly FlowResult[],
  unresolved: ReadonlySet<number> = new Set(),
): readonly ComparedFlow[] {
  let first = 0
  return kernel.map((flow, i) => {
    const [theirs, own] = [summary(flow), summary(svcsim[i])]
    const equal = JSON.stringify(theirs) === JSON.stringify(own)
    let isTouched = false
    for (let k = 0; k < flow.connectionCount; k++) if (unresolved.has(first + k)) isTouched = true
    first += flow.connectionCount
    return { id: flow.id, kernel: theirs, svcsim: own, equal, withinChance: !equal && isTouched }
  })
}

const summary = (flow: FlowResult): FlowSummary => ({
  outcome: Object.fromEntries(flow.outcome),
  backends: Object.fromEntries(flow.backends),
  source: Object.fromEntries(flow.source),
  splitCount: flow.splitCount,
  arrivalCount: flow.arrivalCount,
  answerCount: flow.answerCount,
  strayAnswerCount: flow.strayAnswerCount,
})
