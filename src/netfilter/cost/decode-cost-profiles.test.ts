import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../../problem/problem.ts'
import { COST_TERMS, type CostProfile } from './cost-profile.ts'
import { decodeCostProfiles } from './decode-cost-profiles.ts'

const makeProfile = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  backend: 'nftables',
  provenance: { kernel: 'Linux', cpu: 'a', tools: 'nft', date: '2026-01-01', method: 'by hand' },
  prices: Object.fromEntries(Object.keys(COST_TERMS.nftables).map((term, i) => [term, i])),
  ...changes,
})

const withPrice = (changes: Readonly<Record<string, unknown>>): unknown => {
  const profile = makeProfile()
  return { profiles: [{ ...profile, prices: { ...(profile['prices'] as object), ...changes } }] }
}

const complaint = (value: unknown): string => {
  const decoded = decodeCostProfiles(value, 'here.json')
  return E.isLeft(decoded) ? describeProblem(decoded.left) : 'none'
}

describe('decodeCostProfiles', () => {
  it('takes what calibrate writes', () => {
    const fit = { cases: 3, medianError: 0.01, worstError: 0.2 }
    const decoded = decodeCostProfiles({ profiles: [makeProfile({ fit })] }, 'here.json')
    expect(decoded).toEqual(E.right([makeProfile({ fit }) as unknown as CostProfile]))
  })

  it('takes a curve for a price', () => {
    expect(complaint(withPrice({ spread: [[0, 0]] }))).toBe('none')
  })

  it('names the field of whatever is wrong', () => {
    const rows: readonly (readonly [unknown, string])[] = [
      [null, 'here.json: null is no object; make the file with svcsim calibrate'],
      [[], 'here.json: [] is no object; make the file with svcsim calibrate'],
      [{}, 'here.json: profiles: undefined is no list of profiles; make the file with svcsim calibrate'],
      [{ profiles: [] }, 'here.json: profiles: [] is no list of profiles; make the file with svcsim calibrate'],
      [{ profile: [] }, 'here.json: profile: the field is unknown; did you mean profiles?'],
      [
        { profiles: [makeProfile({ backend: 'ipvs' })] },
        'here.json: profiles[0].backend: "ipvs" is no backend; write iptables-legacy, iptables-nft, nftables',
      ],
      [
        { profiles: [makeProfile(), makeProfile()] },
        'here.json: profiles[1].backend: there are two profiles of nftables; leave one',
      ],
      [
        { profiles: [makeProfile({ provenance: {} })] },
        'here.json: profiles[0].provenance.kernel: undefined is no text; say where the prices come from',
      ],
      [
        withPrice({ rule: 1 }),
        'here.json: profiles[0].prices.rule: the field is unknown; known are forward, conntrackNew, conntrackEstablished, ' +
          'masquerade, spread, service, noService, vmap, numgen, affinityLookup, affinityUpdate, nodePort',
      ],
      [
        withPrice({ vmap: -1 }),
        'here.json: profiles[0].prices.vmap: -1 is no number from 0 on; write nanoseconds; a calibration file has all of them',
      ],
      [
        withPrice({ vmap: undefined }),
        'here.json: profiles[0].prices.vmap: undefined is no number from 0 on; write nanoseconds; a calibration file has all of them',
      ],
      [
        withPrice({ spread: [] }),
        'here.json: profiles[0].prices.spread: the curve has no points; write [[size, ns], …]',
      ],
      [withPrice({ spread: [3] }), 'here.json: profiles[0].prices.spread[0]: 3 is no point; write [size, ns]'],
      [
        withPrice({
          spread: [
            [1, 2],
            [1, 3],
          ],
        }),
        'here.json: profiles[0].prices.spread[1][0]: size 1 is not above the one before; let sizes rise',
      ],
      [
        { profiles: [makeProfile({ fit: { cases: 1, medianError: 'x', worstError: 1 } })] },
        'here.json: profiles[0].fit.medianError: "x" is no number from 0 on; write nanoseconds; a calibration file has all of them',
      ],
    ]
    for (const [value, words] of rows) expect(complaint(value)).toBe(words)
  })
})
