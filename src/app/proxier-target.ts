/** Which kube-proxy is meant: that of which node, in which IP family, with which settings. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { IpFamily } from '../net/ip.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import {
  DEFAULT_CONFIGURATION,
  type KubeProxyConfiguration,
  readKubeProxyConfiguration,
} from '../proxier/kube-proxy-configuration.ts'
import type { ProxierConfig } from '../proxier/proxier-config.ts'
import { readInput } from './files.ts'
import { type ProxierFlags, proxierConfigOf } from './proxier-flags.ts'

export interface TargetFlags extends ProxierFlags {
  readonly node?: string
  readonly ipFamily: string
  /** A file of kube-proxy's settings, which flags override. */
  readonly config?: string
  readonly objects?: readonly string[]
}

export interface ProxierTarget {
  readonly node: string
  readonly family: IpFamily
  readonly config: ProxierConfig
}

export const proxierTargetOf = (flags: TargetFlags): TE.TaskEither<Problem, ProxierTarget> =>
  pipe(
    readConfiguration(flags),
    TE.chainEitherK(file => targetOf(flags, file)),
  )

function readConfiguration({ config, objects }: TargetFlags): TE.TaskEither<Problem, KubeProxyConfiguration> {
  if (config === undefined) return TE.right(DEFAULT_CONFIGURATION)
  if (config === '-' && objects?.includes('-'))
    return TE.left(badUsage('--config and --objects are both standard input', 'give - once'))
  return pipe(readInput(config), TE.chainEitherK(readKubeProxyConfiguration))
}

export function targetOf(flags: TargetFlags, file: KubeProxyConfiguration): E.Either<Problem, ProxierTarget> {
  const { ipFamily } = flags
  const node = flags.node ?? file.hostnameOverride
  if (node === '') return E.left(badUsage('no node', 'add --node NAME'))
  if (ipFamily !== '4' && ipFamily !== '6')
    return E.left(badUsage(`--ip-family ${quoted(ipFamily)} is unknown`, 'write 4 or 6'))
  return pipe(
    proxierConfigOf(flags, file),
    E.map(config => ({ node, family: ipFamily === '4' ? 4 : 6, config })),
  )
}
