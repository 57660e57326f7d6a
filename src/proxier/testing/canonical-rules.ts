/**
 * iptables-save text in a form that two kube-proxies with the same Services agree on: chains sorted by name, and the rules of the
 * chains that all Services share sorted too, since kube-proxy walks Services in random order. There the jumps to KUBE-NODEPORTS
 * must come last.
 */
const SHARED_CHAINS = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-EXTERNAL-SERVICES', 'KUBE-PROXY-FIREWALL']
const LAST = 'this must be the last rule'

export function canonicalRules(save: string): string {
  const chains = new Map<string, string[]>()
  let table = ''
  for (const line of save.split('\n')) {
    if (line === '' || line === 'COMMIT' || line.startsWith('#')) continue
    if (line.startsWith('*')) table = line.slice(1)
    else if (line.startsWith(':')) chains.set(`${table} ${line.slice(1).split(' ')[0]}`, [line])
    else chains.get(`${table} ${line.split(' ')[1]}`)!.push(line)
  }
  const text: string[] = []
  for (const key of [...chains.keys()].sort()) {
    const [head, ...rules] = chains.get(key)!
    text.push(
      `*${key.split(' ')[0]} ${head}`,
      ...(SHARED_CHAINS.includes(key.split(' ')[1]) ? sortShared(rules) : rules),
    )
  }
  return text.join('\n')
}

function sortShared(rules: readonly string[]): string[] {
  const first = rules.findIndex(rule => rule.includes(LAST))
  if (first < 0) return [...rules].sort()
  const after = rules.slice(first)
  if (!after.every(rule => rule.includes(LAST))) throw new Error('a jump to KUBE-NODEPORTS is not last')
  return [...rules.slice(0, first).sort(), ...after.sort()]
}
