/** What a run covers and what it leaves out, in the words every summary and report ends with. Plain text. */
import type { RunJson } from './run-json.ts'

export const scopeText = ({ time }: RunJson): readonly string[] => [
  `Simulated: the rules kube-proxy would have written on every node; the kernel's walk over them for the first packet of each connection, on the node where it meets them and again on the node of its endpoint, and what that costs by a profile of measured prices; random choices with the rules' own stored probabilities; conntrack for the later packets.${time === null ? '' : ' Over time: the control plane, pods, watches and syncs with their delays, and what becomes of connections that meet a view that is behind.'}`,
  `Not simulated: the wire, sockets and queues; loss and retransmission; replies; a conntrack table that fills up${time === null ? '; changes of the cluster while traffic flows' : ''}.`,
]
