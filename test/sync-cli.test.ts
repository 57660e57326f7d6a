/** `svcsim rules --sync` as its users start it, on the golden sequence of affinity and policy. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { canonicalRestore } from '../src/proxier/testing/canonical-restore.ts'
import { callsOf, GOLDEN } from './golden-case.ts'
import { svcsim } from './svcsim-process.ts'

const CASE = '71-seq-affinity-and-policy'
const FLAGS = ['--node', 'node-a', '--cluster-cidr', '10.244.0.0/16', '--nfacct', 'on']
const stateFile = (name: string): string => join(GOLDEN, CASE, name)

describe('svcsim rules --sync', () => {
  it('prints every sync below its number', async () => {
    const states = ['objects.json', 'step-1.json', 'step-2.json', 'step-3.json'].map(stateFile)
    const { code, stdout, stderr } = await svcsim(['rules', '--sync', ...states, '--all', ...FLAGS])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [nothing, ...syncs] = stdout.split(/^##### \d\n/m)
    expect([nothing, stdout.match(/^##### .*$/gm)]).toEqual(['', ['##### 0', '##### 1', '##### 2', '##### 3']])
    const captured = [CASE, ...[1, 2, 3].map(step => `${CASE}/after-step-${step}`)]
    expect(syncs.map(text => canonicalRestore(text))).toEqual(
      captured.map(folder => canonicalRestore(callsOf(`${folder}/iptables-restore-input.txt`)[0])),
    )
  })

  it('prints the last alone, with changes from stdin', async () => {
    const step = readFileSync(stateFile('step-1.json'))
    const args = ['rules', '--sync', stateFile('objects.json'), '-', ...FLAGS]
    const { code, stdout } = await svcsim(args, { stdin: step })
    expect([code, canonicalRestore(stdout)]).toEqual([
      0,
      canonicalRestore(callsOf(`${CASE}/after-step-1/iptables-restore-input.txt`)[0]),
    ])
  })

  it('says when there is nothing to sync for', async () => {
    const states = ['objects.json', 'step-1.json'].map(stateFile)
    const { code, stdout, stderr } = await svcsim(['rules', '--sync', ...states, '--ip-family', '6', ...FLAGS])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: 'svcsim: state 1 changes nothing for kube-proxy: no sync\n',
    })
  })

  it('refuses to delete what is not there', async () => {
    const args = ['rules', '--sync', stateFile('objects.json'), '-', ...FLAGS]
    const { code, stdout, stderr } = await svcsim(args, {
      stdin: '{"delete": [{"kind": "Service", "metadata": {"name": "wbe"}}]}',
    })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe(
      'svcsim: standard input:1:13: delete[0]: there is no Service default/wbe to delete; did you mean default/web?\n',
    )
  })
})
