import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeService } from '../../test/make-cluster-objects.ts'
import type { ServiceFamily } from './service-families.ts'
import { withFamilies } from './service-families.ts'

const SINGLE: ServiceFamily[] = ['IPv4']
const DUAL: ServiceFamily[] = ['IPv4', 'IPv6']

const outcome = (more: Parameters<typeof makeService>[1], cluster: readonly ServiceFamily[]) => {
  const result = withFamilies(makeService('s', more), cluster)
  return E.isLeft(result) ? result.left.field : [result.right.ipFamilies, result.right.ipFamilyPolicy]
}

describe('withFamilies', () => {
  it.each([
    ['nothing said', {}, SINGLE, [['IPv4'], 'SingleStack']],
    ['nothing said, IPv6 first', {}, ['IPv6', 'IPv4'] as ServiceFamily[], [['IPv6'], 'SingleStack']],
    ['prefers dual, has it', { ipFamilyPolicy: 'PreferDualStack' }, DUAL, [['IPv4', 'IPv6'], 'PreferDualStack']],
    ['prefers dual, lacks it', { ipFamilyPolicy: 'PreferDualStack' }, SINGLE, [['IPv4'], 'PreferDualStack']],
    ['requires dual', { ipFamilyPolicy: 'RequireDualStack' }, DUAL, [['IPv4', 'IPv6'], 'RequireDualStack']],
    ['requires dual, lacks it', { ipFamilyPolicy: 'RequireDualStack' }, SINGLE, 'spec.ipFamilyPolicy'],
    ['families in its own order', { ipFamilies: ['IPv6', 'IPv4'] }, DUAL, [['IPv6', 'IPv4'], 'RequireDualStack']],
    [
      'one family of two, dual',
      { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' },
      DUAL,
      [['IPv6', 'IPv4'], 'PreferDualStack'],
    ],
    ['a family the cluster lacks', { ipFamilies: ['IPv6'] }, SINGLE, 'spec.ipFamilies'],
    [
      'two families, single policy',
      { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'SingleStack' },
      DUAL,
      'spec.ipFamilyPolicy',
    ],
    ['families of its addresses', { clusterIPs: ['fd00::1'] }, DUAL, [['IPv6'], 'SingleStack']],
    ['address of another family', { clusterIPs: ['fd00::1'], ipFamilies: ['IPv4'] }, DUAL, 'spec.clusterIPs[0]'],
    [
      'more addresses than families',
      { clusterIPs: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4'] },
      DUAL,
      'spec.clusterIPs[1]',
    ],
    ['headless', { clusterIPs: ['None'] }, DUAL, [['IPv4'], 'SingleStack']],
    [
      'headless without selector',
      { clusterIPs: ['None'], selector: undefined },
      SINGLE,
      [['IPv4', 'IPv6'], 'RequireDualStack'],
    ],
    ['ExternalName', { type: 'ExternalName' }, SINGLE, [[], undefined]],
  ] as const)('%s', (_name, more, cluster, expected) => {
    expect(outcome(more as Parameters<typeof makeService>[1], cluster)).toEqual(expected)
  })
})
