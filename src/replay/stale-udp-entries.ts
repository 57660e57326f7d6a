/**
 * Which connections kube-proxy has the kernel forget after a sync: UDP to a Service that goes to an endpoint which serves no more. Without
 * that, a client that keeps its source port would be sent there for as long as it goes on sending.
 *
 * Models pkg/proxy/conntrack CleanStaleEntries of kube-proxy 1.34: by the address (or node port) the client wrote to and by who answers. A
 * port without serving endpoints is left alone.
 */
import { formatIp } from '../net/ip.ts'
import type { ConntrackEntry } from '../netfilter/conntrack/conntrack-entry.ts'

/** A Service port of protocol UDP, whose endpoints changed. */
export interface UdpServicePort {
  /** clusterIP, external and load balancer IPs. */
  readonly addresses: readonly string[]
  readonly port: number
  /** 0: none. */
  readonly nodePort: number
  /** Addresses of endpoints that serve, terminating ones included. */
  readonly servingAddresses: readonly string[]
}

/** For Conntrack.forgetWhere. */
export function isStaleUdpEntry(ports: readonly UdpServicePort[]): (entry: ConntrackEntry) => boolean {
  const byFrontend = new Map<string, ReadonlySet<string>>()
  const byNodePort = new Map<number, ReadonlySet<string>>()
  for (const { addresses, port, nodePort, servingAddresses } of ports) {
    if (servingAddresses.length === 0) continue
    const serving = new Set(servingAddresses)
    for (const address of addresses) byFrontend.set(`${address} ${port}`, serving)
    if (nodePort !== 0) byNodePort.set(nodePort, serving)
  }
  return ({ protocol, original, reply }) => {
    if (protocol !== UDP) return false
    const { destination, destinationPort } = original
    const serving = byFrontend.get(`${formatIp(destination)} ${destinationPort}`) ?? byNodePort.get(destinationPort)
    return serving !== undefined && !serving.has(formatIp(reply.source))
  }
}

const UDP = 17
