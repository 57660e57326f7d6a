/** The inputs of a case of testdata/golden: the objects its kube-proxy saw, and its flags. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { proxierConfigOf } from '../src/app/proxier-flags.ts'
import { addProxierOptions } from '../src/cli/proxier-options.ts'
import type { ClusterEvent } from '../src/cluster/cluster-event.ts'
import { applyEvent, type ClusterState, emptyState } from '../src/cluster/cluster-state.ts'
import { readObjects } from '../src/cluster/read-objects.ts'
import { describeProblem } from '../src/problem/problem.ts'
import type { ProxierConfig, ProxyMode } from '../src/proxier/proxier-config.ts'

export const GOLDEN = join(import.meta.dirname, '../testdata/golden')

export function goldenState(name: string): ClusterState {
  const state = emptyState()
  applyGoldenFile(state, `${name}/objects.json`, 'MODIFIED')
  return state
}

export function applyGoldenFile(state: ClusterState, file: string, type: 'MODIFIED' | 'DELETED'): void {
  for (const event of goldenEvents(file, type)) applyEvent(state, event)
}

/** The objects of a file, each added (or changed), or deleted. */
export function goldenEvents(file: string, type: 'MODIFIED' | 'DELETED'): ClusterEvent[] {
  const read = readObjects([{ name: file, bytes: readFileSync(join(GOLDEN, file)) }])
  if (E.isLeft(read)) throw new Error(describeProblem(read.left))
  return read.right.items.map(({ object }, sequence) => ({ sequence, timeUs: 0, type, object }))
}

export const goldenConfig = (name: string, mode: ProxyMode = 'iptables'): ProxierConfig =>
  configOfFlags(
    `--proxy-mode=${mode} ${/^flags: (.*)$/m.exec(readFileSync(join(GOLDEN, name, 'config.txt'), 'utf8'))![1]}`
      .split(' ')
      .filter(flag => flag !== ''),
  )

/** The captures were made on a kernel with nfnetlink_acct. */
export function configOfFlags(flags: readonly string[]): ProxierConfig {
  const command = addProxierOptions(new Command().exitOverride())
  const config = proxierConfigOf(command.parse([...flags, '--nfacct', 'on'], { from: 'user' }).opts())
  if (E.isLeft(config)) throw new Error(describeProblem(config.left))
  return config.right
}

/** The inputs of a captured file, call by call. */
export const callsOf = (file: string): string[] =>
  readFileSync(join(GOLDEN, file), 'utf8')
    .split(/^#####.*\n#.*\n/m)
    .slice(1)
    .map(call => call.replace(/\n\n$/, '\n'))
