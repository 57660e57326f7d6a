/** Names the user may have meant: those within a third of edits (Levenshtein), nearest first (the shorter first of equally near ones), at most three. */
export function nearNames(wanted: string, known: Iterable<string>): string[] {
  if (wanted.length > MAX_LENGTH) return []
  const limit = Math.max(2, Math.ceil(wanted.length / 3))
  return [...known]
    .filter(name => name.length <= MAX_LENGTH)
    .map(name => ({ name, distance: name.includes(wanted) || wanted.includes(name) ? 1 : editDistance(wanted, name) }))
    .filter(candidate => candidate.distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(candidate => candidate.name)
}

/** `did you mean a or b?`, or the fallback sentence when nothing is near. */
export function didYouMean(wanted: string, known: Iterable<string>, fallback: string): string {
  const near = nearNames(wanted, known)
  return near.length === 0 ? fallback : `did you mean ${near.join(' or ')}?`
}

/** Longer names are no typing slips, and the distance is quadratic. */
const MAX_LENGTH = 100

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]
}
