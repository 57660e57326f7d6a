/** Where packets of a page go: what they are sent to, and what they are translated to; by these a ruleset is cut down. */
import { formatIp, type IpFamily, parseIp } from '../../net/ip.ts'
import type { PlannedRun } from '../../replay/plan-run.ts'
import { nodeAddresses } from './node-addresses.ts'
import type { PathBackend, PathDestination } from './packet-paths.ts'

/** Addresses and ports, as packets come and after translation. */
export interface LiveEnds {
  readonly addresses: ReadonlySet<bigint>
  readonly ports: ReadonlySet<number>
}

export interface PathEnds {
  readonly sent: Readonly<Record<IpFamily, LiveEnds>>
  readonly translated: Readonly<Record<IpFamily, LiveEnds>>
}

/** `backends`: where packets to `destinations` are translated to. */
export function pathEnds(
  run: PlannedRun,
  destinations: readonly PathDestination[],
  backends: readonly (PathBackend & { readonly port: number })[],
): PathEnds {
  const ends = (ofFamily: (family: IpFamily) => LiveEnds) => ({ 4: ofFamily(4), 6: ofFamily(6) })
  return {
    sent: ends(family =>
      liveEnds(family, [
        ...destinations.filter(d => d.family === family),
        // A packet to a node port goes to an address of the node.
        ...run.plan.detailNodes.flatMap(node =>
          nodeAddresses(run, family, node).map(value => ({ address: formatIp({ family, value }), port: 0 })),
        ),
      ]),
    ),
    translated: ends(family => liveEnds(family, backends)),
  }
}

function liveEnds(family: IpFamily, ends: readonly { readonly address: string; readonly port: number }[]): LiveEnds {
  const addresses = ends.map(e => parseIp(e.address)).filter(a => a?.family === family)
  return { addresses: new Set(addresses.map(a => a!.value)), ports: new Set(ends.map(e => e.port)) }
}
