/** Where a traced packet comes from and goes to, as the command line says it. */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterState } from '../../cluster/cluster-state.ts'
import { type IpAddress, type IpFamily, parseIp, readIpWords, writeIpWords } from '../../net/ip.ts'
import { ORIGIN, type Origin } from '../../net/packet.ts'
import type { HostView } from '../../netfilter/host.ts'
import { INTERFACE } from '../../netfilter/interface.ts'
import { routeOf } from '../../netfilter/route.ts'
import { badUsage, type Problem, quoted } from '../../problem/problem.ts'

export interface Endpoint {
  readonly address: IpAddress
  readonly port: number
}

export interface Sender extends Endpoint {
  readonly origin: Origin
}

/** A client outside the cluster, of addresses kept for documentation (RFC 5737, RFC 3849). */
const EXTERNAL: Readonly<Record<IpFamily, string>> = { 4: '198.51.100.1', 6: '2001:db8:ffff::1' }

/** A port that clients get from their systems. */
const CLIENT_PORT = 40_000

/** `IP:PORT`, `[IP]:PORT`; undefined when the text is none. */
export function parseDestination(text: string): Endpoint | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const address = parts === null ? undefined : parseIp(parts[1] ?? parts[2])
  const port = Number(parts?.[3])
  return address === undefined || port > 65_535 ? undefined : { address, port }
}

/** `external`, `node`, `pod:NAMESPACE/NAME`, `IP` or `IP:PORT`: an address of the node or of its pods is sent from there. */
export function senderOf(text: string, host: HostView, state: ClusterState | undefined): E.Either<Problem, Sender> {
  const at = (address: string | undefined): E.Either<Problem, Sender> => {
    const sender = address === undefined ? undefined : endpointOf(address)
    if (sender === undefined)
      return E.left(
        badUsage(`--from ${quoted(text)} is nobody`, 'write an address, external, node or pod:NAMESPACE/NAME'),
      )
    if (sender.address.family !== host.family)
      return E.left(badUsage(`--from ${quoted(text)} is not of IPv${host.family}`, 'use one family'))
    return E.right({ ...sender, origin: originOf(sender.address, host) })
  }
  if (text === 'external') return at(EXTERNAL[host.family])
  if (text === 'node')
    return E.right({
      address: { family: host.family, value: readIpWords(host.primary, 0) },
      port: CLIENT_PORT,
      origin: ORIGIN.node,
    })
  if (!text.startsWith('pod:')) return at(text)
  const pod = state?.pods.get(text.slice('pod:'.length))?.object
  if (pod === undefined)
    return E.left(
      badUsage(
        `there is no Pod ${quoted(text.slice('pod:'.length))} among the objects`,
        'hand in Pods with --objects, and write pod:NAMESPACE/NAME',
      ),
    )
  return at(pod.podIPs.find(ip => ip.includes(':') === (host.family === 6)))
}

function endpointOf(text: string): Endpoint | undefined {
  const address = parseIp(text)
  return address === undefined ? parseDestination(text) : { address, port: CLIENT_PORT }
}

const ORIGIN_OF: Readonly<Record<number, Origin>> = {
  [INTERFACE.lo]: ORIGIN.node,
  [INTERFACE.pod]: ORIGIN.pod,
  [INTERFACE.uplink]: ORIGIN.uplink,
}

function originOf(address: IpAddress, host: HostView): Origin {
  const words = new Uint32Array(4)
  writeIpWords(address.value, words, 0)
  return ORIGIN_OF[routeOf(host, words)]
}
