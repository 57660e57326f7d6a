/** Rulesets as kube-proxy's iptables mode writes them for many Services of one size: base chains, Service chains, endpoint chains. */
import type { IpFamily } from '../../net/ip.ts'
import type { Chain, Match, Rule, Ruleset } from '../../ruleset/ruleset.ts'
import { statisticThreshold } from '../../ruleset/ruleset.ts'
import {
  commented,
  dnatTo,
  from,
  jumpTo,
  makeRule,
  makeRuleset,
  makeTable,
  markWith,
  portIs,
  to,
  withChance,
} from './make-rules.ts'

export interface ServiceRules {
  readonly family?: IpFamily
  readonly services: number
  readonly endpoints: number
}

/** Service i listens on port 80 of serviceAddress(i); its endpoint e is endpointAddress(i × endpoints + e), port 8080. */
export function makeServiceRules({ family = 4, services, endpoints }: ServiceRules): Ruleset {
  const nat: Record<string, Rule[]> = {
    PREROUTING: [makeRule(jumpTo('KUBE-SERVICES'), commented('kubernetes service portals'))],
    OUTPUT: [makeRule(jumpTo('KUBE-SERVICES'), commented('kubernetes service portals'))],
    POSTROUTING: [makeRule(jumpTo('KUBE-POSTROUTING'), commented('kubernetes postrouting rules'))],
    'KUBE-MARK-MASQ': [makeRule(markWith(0x4000, 0x4000))],
    'KUBE-NODEPORTS': [],
    'KUBE-POSTROUTING': [
      makeRule({ kind: 'return' }, { kind: 'mark', value: 0x4000, mask: 0x4000, negated: true }),
      makeRule(markWith(0x4000, 0)),
      makeRule({ kind: 'masquerade', randomFully: true }, commented()),
    ],
    'KUBE-SERVICES': [],
  }
  // What rules have in common is one object: a million rules fit into half a gigabyte.
  const shared = sharedParts(family, endpoints)
  for (let s = 0; s < services; s++) {
    nat['KUBE-SERVICES'].push(makeRule(jumpTo(`KUBE-SVC-${s}`), ...matchService(family, s, shared)))
    for (const { name, rules } of serviceChains(family, s, s * endpoints, endpoints, shared)) nat[name] = [...rules]
  }
  nat['KUBE-SERVICES'].push(
    makeRule(jumpTo('KUBE-NODEPORTS'), commented(), {
      kind: 'addrtype',
      destination: { types: ['LOCAL'], negated: false },
    }),
  )
  return makeRuleset([makeTable('mangle'), FILTER, makeTable('nat', nat)], family)
}

/** The chains of Service s alone: its endpoints' and its own, with endpoints from endpointAddress(`first`) on. */
export function serviceChains(
  family: IpFamily,
  s: number,
  first: number,
  endpoints: number,
  shared: SharedParts = sharedParts(family, endpoints),
): Chain[] {
  const { protocol, fromElsewhere, toMark, comment, anyPort, chances } = shared
  const chains: Chain[] = []
  const service = [makeRule(toMark, fromElsewhere, ...matchService(family, s, shared))]
  for (let e = 0; e < endpoints; e++) {
    const backend = endpointAddress(family, first + e)
    service.push(
      makeRule(jumpTo(`KUBE-SEP-${s}-${e}`), commented(`default/service-${s}:http -> ${backend}:8080`), ...chances[e]),
    )
    chains.push({
      name: `KUBE-SEP-${s}-${e}`,
      rules: [
        makeRule(toMark, from(`${backend}/${hostLength(family)}`), comment),
        makeRule(dnatTo(backend, 8080), protocol, comment, anyPort),
      ],
    })
  }
  return [...chains, { name: `KUBE-SVC-${s}`, rules: service }]
}

type SharedParts = ReturnType<typeof sharedParts>

function sharedParts(family: IpFamily, endpoints: number) {
  const [protocol, ports] = portIs('tcp', 80)
  const anyPort: Match = { kind: 'ports', protocol: 'tcp' }
  return {
    protocol,
    ports,
    fromElsewhere: from(family === 4 ? '10.244.0.0/16' : 'fd00:244::/32', true),
    toMark: jumpTo('KUBE-MARK-MASQ'),
    comment: commented(),
    anyPort,
    chances: Array.from({ length: endpoints }, (_, e) =>
      e === endpoints - 1 ? [] : [withChance(statisticThreshold(1 / (endpoints - e)))],
    ),
  }
}

const matchService = (family: IpFamily, s: number, { protocol, ports }: SharedParts): Match[] => [
  to(`${serviceAddress(family, s)}/${hostLength(family)}`),
  protocol,
  commented(`default/service-${s}:http cluster IP`),
  ports,
]

const hostLength = (family: IpFamily): number => (family === 4 ? 32 : 128)

export const serviceAddress = (family: IpFamily, i: number): string =>
  family === 4 ? `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}` : `fd00:96::${i.toString(16)}`

export const endpointAddress = (family: IpFamily, i: number): string =>
  family === 4
    ? `10.${244 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
    : `fd00:244:0:${(i >> 16).toString(16)}::${(i & 0xffff).toString(16)}`

const isNew: Match = { kind: 'conntrack', states: ['NEW'], negated: false }

const FILTER = makeTable('filter', {
  INPUT: [
    makeRule(jumpTo('KUBE-FIREWALL')),
    makeRule(jumpTo('KUBE-PROXY-FIREWALL'), isNew, commented()),
    makeRule(jumpTo('KUBE-NODEPORTS'), commented()),
    makeRule(jumpTo('KUBE-EXTERNAL-SERVICES'), isNew, commented()),
  ],
  FORWARD: [
    makeRule(jumpTo('KUBE-PROXY-FIREWALL'), isNew, commented()),
    makeRule(jumpTo('KUBE-FORWARD'), commented()),
    makeRule(jumpTo('KUBE-SERVICES'), isNew, commented()),
    makeRule(jumpTo('KUBE-EXTERNAL-SERVICES'), isNew, commented()),
  ],
  OUTPUT: [
    makeRule(jumpTo('KUBE-FIREWALL')),
    makeRule(jumpTo('KUBE-PROXY-FIREWALL'), isNew, commented()),
    makeRule(jumpTo('KUBE-SERVICES'), isNew, commented()),
  ],
  'KUBE-EXTERNAL-SERVICES': [],
  'KUBE-FIREWALL': [],
  'KUBE-FORWARD': [
    makeRule({ kind: 'drop' }, { kind: 'conntrack', states: ['INVALID'], negated: false }),
    makeRule({ kind: 'accept' }, commented(), { kind: 'mark', value: 0x4000, mask: 0x4000, negated: false }),
    makeRule({ kind: 'accept' }, commented(), {
      kind: 'conntrack',
      states: ['RELATED', 'ESTABLISHED'],
      negated: false,
    }),
  ],
  'KUBE-NODEPORTS': [],
  'KUBE-PROXY-FIREWALL': [],
  'KUBE-SERVICES': [],
})
