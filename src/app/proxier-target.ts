/** Which kube-proxy is meant: that of which node, in which IP family, with which settings. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { IpFamily } from '../net/ip.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import type { ProxierConfig } from '../proxier/proxier-config.ts'
import { type ProxierFlags, proxierConfigOf } from './proxier-flags.ts'

export interface TargetFlags extends ProxierFlags {
  readonly node?: string
  readonly ipFamily: string
}

export interface ProxierTarget {
  readonly node: string
  readonly family: IpFamily
  readonly config: ProxierConfig
}

export function proxierTargetOf(flags: TargetFlags): E.Either<Problem, ProxierTarget> {
  const { node, ipFamily } = flags
  if (node === undefined) return E.left(badUsage('no node', 'add --node NAME'))
  if (ipFamily !== '4' && ipFamily !== '6')
    return E.left(badUsage(`--ip-family ${quoted(ipFamily)} is unknown`, 'write 4 or 6'))
  return pipe(
    proxierConfigOf(flags),
    E.map(config => ({ node, family: ipFamily === '4' ? 4 : 6, config })),
  )
}
