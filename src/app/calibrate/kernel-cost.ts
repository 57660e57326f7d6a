/**
 * Nanoseconds that this machine's kernel spends on a packet of each case, measured by native/kernel-cost in private network namespaces
 * without a way out. Needs root, Linux, python3, ip and the backends' tools.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { CostBackend } from '../../netfilter/cost/cost-profile.ts'
import { ioFailed, type Problem } from '../../problem/problem.ts'
import { nativeMend, runNative } from '../run-native.ts'
import type { CostCase } from './cost-case.ts'

export interface KernelCost {
  readonly kernel: string
  readonly cpu: string
  readonly tools: Readonly<Record<string, string>>
  /** Per case, the mean packet of each sample: two a round. */
  readonly cases: readonly { readonly ns: readonly number[]; readonly load_seconds: number }[]
}

export interface KernelCostRequest {
  readonly cases: readonly CostCase[]
  readonly rounds: number
  readonly mostSeconds: number
}

export const kernelCost =
  ({ cases, rounds, mostSeconds }: KernelCostRequest): TE.TaskEither<Problem, KernelCost> =>
  () =>
    ask<KernelCost>({
      cases: cases.map(c => ({
        backend: c.backend,
        rules: c.rules,
        sources: c.sources,
        packets: c.packets,
        destinations: c.destinations.map(d => [d.address, d.port, UDP]),
        established: c.established === undefined ? false : [c.established.address, c.established.port],
        forget_sets: c.forgetSets ?? [],
      })),
      rounds,
      most_seconds: mostSeconds,
    })

/** What this machine lacks to measure the backends, as words; none: nothing. */
export const kernelCostLacks =
  (backends: readonly CostBackend[]): TE.TaskEither<Problem, readonly string[]> =>
  async () => {
    if (process.platform !== 'linux') return E.right(['Linux'])
    const answer = await ask<{ readonly missing: readonly string[] }>({ missing: backends })
    return E.isLeft(answer) ? answer : E.right(answer.right.missing)
  }

const UDP = 17

const ask = <T>(request: unknown): Promise<E.Either<Problem, T>> =>
  runNative('kernel-cost', "measure this machine's kernel", request, answer => {
    const { problem } = answer as { readonly problem?: { readonly kind: string; readonly text: string } }
    return problem === undefined
      ? E.right(answer as T)
      : E.left(ioFailed("this machine's kernel", 'be measured', problem.text, nativeMend(problem.kind)))
  })
