/** Names with `*` for any text, as actions give their targets; a workload's or Service's without a namespace is in `default`. */
export function namePattern(pattern: string, scope: 'cluster' | 'namespaced'): (key: string) => boolean {
  const full = scope === 'namespaced' && !pattern.includes('/') ? `default/${pattern}` : pattern
  if (!full.includes('*')) return key => key === full
  const expression = new RegExp(`^${full.split('*').map(escaped).join('.*')}$`, 's')
  return key => expression.test(key)
}

const escaped = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
