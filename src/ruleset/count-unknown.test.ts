import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { countUnknown } from './count-unknown.ts'
import { parseIptables } from './parse-iptables.ts'

it('counts what is held verbatim by name, with the first rule of each', () => {
  const read = parseIptables(`*filter
:INPUT ACCEPT [0:0]
:A - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j A
-A INPUT -m owner --uid-owner 1 -m owner --uid-owner 2 -j TRACE
-A A -m string --string x --algo bm
-A A -m owner --uid-owner 0 -j DROP
-A A -m string --string y --algo bm -j LOG
-A A -m owner --gid-owner 0
COMMIT
`)
  expect(E.isRight(read) && countUnknown(read.right.ruleset)).toEqual([
    { kind: 'match', name: 'owner', ruleCount: 3, first: { table: 'filter', chain: 'INPUT', index: 1 } },
    { kind: 'match', name: 'string', ruleCount: 2, first: { table: 'filter', chain: 'A', index: 0 } },
    { kind: 'target', name: 'TRACE', ruleCount: 1, first: { table: 'filter', chain: 'INPUT', index: 1 } },
  ])
})
