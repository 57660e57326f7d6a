/** `svcsim verify`: the same flows through this machine's kernel and through svcsim, and whether both agree. */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import type { NodeRules } from '../replay/flows/node-rules.ts'
import { streamSeed } from '../sim/random.ts'
import { decodeFlowFile } from '../workload/decode-flow-file.ts'
import { readInput } from './files.ts'
import { KERNEL_BACKENDS, type KernelBackend, kernelLacks } from './kernel-replay.ts'
import { oneOf, TEXT_OR_JSON } from './one-of.ts'
import { type LoadedRules, type RulesInputFlags, readRules, rulesInputOf } from './rules-input.ts'
import { refuseStdinTwice } from './stdin-once.ts'
import { differenceCount, type Verification, verifyRules } from './verify/verification.ts'
import { verificationJson } from './verify/verification-json.ts'
import { verificationText } from './verify/verification-text.ts'

export interface VerifyFlags extends RulesInputFlags {
  readonly flows?: string
  readonly seed: string
  readonly workers?: string
  readonly backend?: string
  readonly all?: true
  readonly format: string
}

export const verifyCommand = (flags: VerifyFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(requestOf(flags)),
    TE.bindTo('request'),
    TE.bind('input', () => rulesInputOf(flags)),
    TE.bind('rules', ({ input }) => readRules(input)),
    TE.bind('backend', ({ request, rules }) => TE.fromEither(backendOf(request.backend, rules.shown.mode))),
    TE.bind('flowFile', ({ request }) => pipe(readInput(request.flows), TE.chainEitherK(decodeFlowFile))),
    TE.chainFirst(({ backend, rules }) => refuseLacks(backend, rules)),
    TE.chain(({ rules, flowFile, backend }) => verifyRules(rules, flowFile, backend, streamSeed(flags.seed, 'flows'))),
    TE.chain(verification => print(verification, flags)),
  )

interface VerifyRequest {
  readonly flows: string
  readonly backend: KernelBackend | undefined
}

function requestOf({ flows, format, backend, rules, sets, objects }: VerifyFlags): E.Either<Problem, VerifyRequest> {
  const knownFormat = oneOf('--format', format, TEXT_OR_JSON)
  if (E.isLeft(knownFormat)) return knownFormat
  const known = KERNEL_BACKENDS.find(b => b === backend)
  if (backend !== undefined && known === undefined)
    return E.left(badUsage(`--backend ${quoted(backend)} is unknown`, `write ${KERNEL_BACKENDS.join(', ')}`))
  if (flows === undefined) return E.left(badUsage('no flows', 'add --flows FLOWS.json'))
  const twice = refuseStdinTwice(flows, rules, sets, ...(objects ?? []))
  if (twice !== undefined) return E.left(twice)
  return E.right({ flows, backend: known })
}

/** iptables rules can be loaded by either iptables, nftables rules by nft alone. */
function backendOf(wanted: KernelBackend | undefined, mode: NodeRules['mode']): E.Either<Problem, KernelBackend> {
  const backend = wanted ?? (mode === 'iptables' ? 'iptables-legacy' : 'nft')
  return (backend === 'nft') === (mode === 'nftables')
    ? E.right(backend)
    : E.left(badUsage(`--backend ${backend} does not load ${mode} rules`, `leave it out, or change the rules`))
}

const refuseLacks =
  (backend: KernelBackend, { shown, sets }: LoadedRules): TE.TaskEither<Problem, void> =>
  async () => {
    const lacks = await kernelLacks(backend, [shown.ruleset.family], sets !== undefined)
    return lacks.length === 0
      ? E.right(undefined)
      : E.left(badUsage(`verify asks this machine's kernel and needs ${lacks.join(', ')}`, 'run it where they are'))
  }

function print(verification: Verification, { format, all }: VerifyFlags): TE.TaskEither<Problem, void> {
  const text =
    format === 'json'
      ? `${JSON.stringify(verificationJson(verification), null, 1)}\n`
      : verificationText(verification, all === true)
  const differences = differenceCount(verification)
  return pipe(
    TE.fromIO(() => {
      process.stdout.write(text)
    }),
    TE.chain(() =>
      differences === 0
        ? TE.right(undefined)
        : TE.left<Problem>({ _tag: 'Differs', what: `the kernel and svcsim differ: ${differences}` }),
    ),
  )
}
