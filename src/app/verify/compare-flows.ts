/** What came of each flow, in the kernel and here. */
import type { FlowResult } from '../../replay/flows/flow-result.ts'

export interface ComparedFlow {
  readonly id: unknown
  readonly kernel: FlowSummary
  readonly svcsim: FlowSummary
  readonly equal: boolean
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

export const compareFlows = (kernel: readonly FlowResult[], svcsim: readonly FlowResult[]): readonly ComparedFlow[] =>
  kernel.map((flow, i) => {
    const [theirs, own] = [summary(flow), summary(svcsim[i])]
    return { id: flow.id, kernel: theirs, svcsim: own, equal: JSON.stringify(theirs) === JSON.stringify(own) }
  })

const summary = (flow: FlowResult): FlowSummary => ({
  outcome: Object.fromEntries(flow.outcome),
  backends: Object.fromEntries(flow.backends),
  source: Object.fromEntries(flow.source),
  splitCount: flow.splitCount,
  arrivalCount: flow.arrivalCount,
  answerCount: flow.answerCount,
  strayAnswerCount: flow.strayAnswerCount,
})
