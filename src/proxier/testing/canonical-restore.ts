/**
 * The text of a sync (iptables mode) in a form that two kube-proxies with the same Services agree on: the lines of one Service port
 * stay together and in their order, Service ports go by name, chains to delete by name. All else stays where it was.
 *
 * `anyEndpointOrder`: where a Service port's lists of endpoints differ, kube-proxy walks their union in random order.
 */
export function canonicalRestore(text: string, anyEndpointOrder = false): string {
  const lines = text.split('\n')
  const labelOf = chainLabels(lines)
  const keys = lines.map(line => keyOf(line, labelOf, anyEndpointOrder))
  const sorted: string[] = []
  for (let begin = 0; begin < lines.length; ) {
    let end = begin + 1
    while (end < lines.length && keys[begin] !== '' && keys[end] !== '' && lines[end][0] === lines[begin][0]) end++
    const run = lines.slice(begin, end).map((line, i) => ({ line, key: keys[begin + i] }))
    run.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    for (const { line } of run) sorted.push(line)
    begin = end
  }
  return sorted.join('\n')
}

/** Which Service port a line is of; empty: none. Chains to delete come last, each by itself. */
function keyOf(line: string, labelOf: ReadonlyMap<string, string>, anyEndpointOrder: boolean): string {
  const chain = /^(?:-A |-X |:)(KUBE-[A-Z]+-[A-Z2-7]{16})(?: |$)/.exec(line)?.[1]
  if (chain === undefined) return COMMENT.exec(line)?.[1] ?? ''
  const label = labelOf.get(chain)
  if (label === undefined) return `~ ${chain}`
  return anyEndpointOrder && chain.startsWith('KUBE-SEP-') ? `${label} ${chain}` : label
}

/** `namespace/name:port` at the beginning of a comment. */
const COMMENT = /--comment "?([^" ]+\/[^" ]+)/

/** Of the chains that are filled: by their comments, and for endpoints without comments by the rules that lead to them. */
function chainLabels(lines: readonly string[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const line of lines) {
    const [, chain] = /^-A (KUBE-[A-Z]+-[A-Z2-7]{16}) /.exec(line) ?? []
    const label = COMMENT.exec(line)?.[1]
    if (chain !== undefined && label !== undefined) labels.set(chain, label)
  }
  for (const line of lines) {
    const [, chain] = /^-A (\S+) /.exec(line) ?? []
    const [, endpoint] = / -j (KUBE-SEP-[A-Z2-7]{16})$/.exec(line) ?? []
    if (endpoint !== undefined && labels.has(chain)) labels.set(endpoint, labels.get(chain)!)
  }
  // KUBE-SVC of a large cluster without masquerade has no comment of its own; the rule that leads there has.
  for (const line of lines) {
    const [, chain] = / -j (KUBE-(?:SVC|SVL|EXT|FW)-[A-Z2-7]{16})$/.exec(line) ?? []
    const label = COMMENT.exec(line)?.[1]
    if (chain !== undefined && label !== undefined && !labels.has(chain)) labels.set(chain, label)
  }
  return labels
}
