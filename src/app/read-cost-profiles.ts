/**
 * `--cost-profile`: nothing (the shipped profiles), FILE (a calibration file), NAME (of a backend's shipped profile) or FILE#NAME. Where
 * one profile is asked for and no name is given, the caller's default backend decides.
 */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { COST_BACKENDS, type CostBackend, type CostProfile, type CostProfiles } from '../netfilter/cost/cost-profile.ts'
import { decodeCostProfiles } from '../netfilter/cost/decode-cost-profiles.ts'
import { badInput, badUsage, type Problem, quoted } from '../problem/problem.ts'
import { readInput } from './files.ts'

/** The profiles of all backends: what a run prices with. */
export const readCostProfiles = (flag: string | undefined): TE.TaskEither<Problem, CostProfiles> => {
  const { file, name } = partsOf(flag)
  return name === undefined
    ? pipe(
        readFile(file),
        TE.chainEitherK(profiles =>
          pipe(
            COST_BACKENDS,
            E.traverseArray(backend => profileNamed(file, profiles, backend)),
            E.map(([legacy, nft, nftables]) => ({ 'iptables-legacy': legacy, 'iptables-nft': nft, nftables })),
          ),
        ),
      )
    : TE.left(badUsage(`--cost-profile ${quoted(flag)} names one backend`, 'a run prices all: write the file alone'))
}

/** The profile asked for, by default that of a backend. */
export const readCostProfile = (
  flag: string | undefined,
  backend: CostBackend,
): TE.TaskEither<Problem, CostProfile> => {
  const { file, name } = partsOf(flag)
  return pipe(
    readFile(file),
    TE.chainEitherK(profiles => profileNamed(file, profiles, name ?? backend)),
  )
}

/** The profile that prices rules of this mode, by default their own backend's. */
export const readModeProfile = (
  flag: string | undefined,
  mode: 'iptables' | 'nftables',
): TE.TaskEither<Problem, CostProfile> =>
  pipe(
    readCostProfile(flag, mode === 'iptables' ? 'iptables-legacy' : 'nftables'),
    TE.filterOrElse(
      profile => mode === 'iptables' || profile.backend === 'nftables',
      ({ backend }): Problem =>
        badUsage(`--cost-profile ${backend} does not price rules of nftables`, 'choose the profile nftables'),
    ),
  )

function profileNamed(file: string, profiles: readonly CostProfile[], name: string): E.Either<Problem, CostProfile> {
  const found = profiles.find(p => p.backend === name)
  return found === undefined
    ? E.left(
        badInput({ file }, `holds no profile ${quoted(name)}`, `there are ${profiles.map(p => p.backend).join(', ')}`),
      )
    : E.right(found)
}

export const SHIPPED_PROFILES = join(import.meta.dirname, '../../profiles/linux-6.18-epyc.json')

function partsOf(flag: string | undefined): { readonly file: string; readonly name?: string } {
  if (flag === undefined) return { file: SHIPPED_PROFILES }
  if (COST_BACKENDS.some(b => b === flag)) return { file: SHIPPED_PROFILES, name: flag }
  const at = flag.lastIndexOf('#')
  return at < 0 ? { file: flag } : { file: flag.slice(0, at), name: flag.slice(at + 1) }
}

const readFile = (file: string): TE.TaskEither<Problem, readonly CostProfile[]> =>
  pipe(
    readInput(file),
    TE.chainEitherK(({ name, bytes }) =>
      pipe(
        E.tryCatch(
          (): unknown => JSON.parse(new TextDecoder().decode(bytes)),
          () => badInput({ file: name }, 'is no JSON', 'give a file that svcsim calibrate wrote'),
        ),
        E.chain(value => decodeCostProfiles(value, name)),
      ),
    ),
  )
