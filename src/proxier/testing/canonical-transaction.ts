/**
 * An nft transaction in a form that two kube-proxies with the same Services agree on: its commands sorted, since kube-proxy walks
 * Services and stale chains in random order, but for rules, which keep their order within a chain.
 */
export function canonicalTransaction(text: string): string {
  const rules = new Map<string, string[]>()
  const others: string[] = []
  for (const line of text.split('\n')) {
    const chain = /^add rule \S+ \S+ (\S+) /.exec(line)?.[1]
    if (chain === undefined) others.push(line)
    else rules.set(chain, [...(rules.get(chain) ?? []), line])
  }
  const chains = [...rules.keys()].sort().flatMap(chain => rules.get(chain)!)
  return [...others.filter(line => line !== '').sort(), ...chains].join('\n')
}
