/** Random sets over the small world of random-ruleset.ts, and matches that ask them: for the property tests. */
import fc from 'fast-check'
import { type IpFamily, networkAddress, parseIp } from '../../net/ip.ts'
import {
  IP_SET_PARTS,
  type IpSet,
  type IpSetElement,
  type IpSetPart,
  type IpSetType,
  pairValue,
} from '../../ruleset/ip-set.ts'
import type { Match } from '../../ruleset/ruleset.ts'

/** `timed`: elements may live for some seconds only, which a node without a memory cannot tell. */
export const randomSetMatch = (family: IpFamily, timed: boolean): fc.Arbitrary<Match> =>
  fc.record({
    kind: fc.constant('set' as const),
    name: fc.constant('s'),
    directions: fc.array(fc.constantFrom('src' as const, 'dst' as const), { minLength: 1, maxLength: 3 }),
    negated: fc.boolean(),
    returnNomatch: fc.constantFrom(undefined, undefined, true as const),
    set: randomIpSet(family, timed),
  })

const randomIpSet = (family: IpFamily, timed: boolean): fc.Arbitrary<IpSet> =>
  fc.oneof(
    { weight: 4, arbitrary: filled(family, timed) },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.record({ set: filled(family, timed), timeoutS: timed ? TIMEOUT : fc.constant(undefined) }), {
          maxLength: 3,
        })
        .map((members): IpSet => ({ kind: 'list', name: 'l', members })),
    },
  )

const filled = (family: IpFamily, timed: boolean): fc.Arbitrary<IpSet> =>
  fc.constantFrom(...TYPES).chain(type => {
    const parts: readonly IpSetPart[] = IP_SET_PARTS[type]
    return fc
      .tuple(fc.array(element(parts, family, timed), { maxLength: 6 }), fc.boolean())
      .map(([elements, masked]): IpSet => {
        const mask = masked && parts[0] === 'address' ? MASK[family] : undefined
        const under = elements.map(e =>
          mask === undefined ? e : { ...e, values: [e.values[0] & mask, ...e.values.slice(1)] },
        )
        // A set has an element once.
        const once = new Map(under.map(e => [`${e.values.join()}/${e.length ?? ''}`, e]))
        return {
          kind: 'filled',
          name: 's',
          type,
          ...(type === 'bitmap:port' ? {} : { family }),
          ...(mask === undefined ? {} : { mask }),
          elements: [...once.values()],
        }
      })
  })

const TYPES = Object.keys(IP_SET_PARTS) as IpSetType[]

const MASK: Readonly<Record<IpFamily, bigint>> = { 4: 0xffff_0001n, 6: (((1n << 64n) - 1n) << 64n) | 1n }

const TIMEOUT = fc.constantFrom(undefined, 1, 30, 100_000)

const element = (parts: readonly IpSetPart[], family: IpFamily, timed: boolean): fc.Arbitrary<IpSetElement> =>
  fc
    .tuple(
      fc.tuple(...parts.map(part => value(part, family))),
      fc.constantFrom(...LENGTHS[family]),
      fc.boolean(),
      timed ? TIMEOUT : fc.constant(undefined),
    )
    .map(([values, length, nomatch, timeoutS]): IpSetElement => {
      const hasNet = parts.includes('net')
      return {
        values: values.map((v, i) => (parts[i] === 'net' ? networkAddress({ family, value: v, length }) : v)),
        ...(hasNet ? { length } : {}),
        ...(hasNet && nomatch ? { nomatch: true } : {}),
        ...(timeoutS === undefined ? {} : { timeoutS }),
      }
    })

const LENGTHS: Readonly<Record<IpFamily, readonly number[]>> = { 4: [8, 16, 30, 32], 6: [9, 32, 126, 128] }

const value = (part: IpSetPart, family: IpFamily): fc.Arbitrary<bigint> =>
  part === 'address' || part === 'net'
    ? fc.constantFrom(...ADDRESSES[family])
    : part === 'port'
      ? fc.constantFrom(53n, 80n, 81n, 8080n)
      : fc
          .tuple(fc.constantFrom(6, 6, 17, 132, 1), fc.constantFrom(0, 53, 80, 81, 8080))
          .map(([p, n]) => pairValue(p, n))

const values = (...texts: readonly string[]): bigint[] => texts.map(text => parseIp(text)!.value)

const ADDRESSES: Readonly<Record<IpFamily, readonly bigint[]>> = {
  4: values('10.96.0.0', '10.96.0.1', '10.96.0.2', '10.96.0.3', '10.244.1.9', '10.244.2.9', '192.0.2.1', '127.0.0.1'),
  6: values(
    'fd00:96::',
    'fd00:96::1',
    'fd00:96::2',
    'fd00:96::3',
    'fd00:244:1::9',
    'fd00:244:2::9',
    '2001:db8:1::1',
    '::1',
  ),
}
