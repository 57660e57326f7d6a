/** What a run covers and what it leaves out, in the words every summary and report ends with. Plain text. */
export const SCOPE_TEXT: readonly string[] = [
  "Simulated: the rules kube-proxy would have written on every node; the kernel's walk over them for the first packet of each connection, on the node where it meets them and again on the node of its endpoint; random choices with the rules' own stored probabilities; conntrack for the later packets.",
  'Not simulated: time, latency and CPU cost of these rules; loss and retransmission; replies; changes of the cluster while traffic flows; a conntrack table that fills up.',
]
