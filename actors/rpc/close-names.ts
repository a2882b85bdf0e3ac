/** Names offered for one that is not there. */
const CLOSE_NAMES_MAX = 5
/** Longer input is compared with nothing: the cost grows with its length times that of each name. */
const NAME_LENGTH_MAX = 64

/** Names that `wanted` may have meant, nearest first: by part of the name, then by few differing letters. */
export function closeNames(wanted: string, names: readonly string[]): readonly string[] {
  if (wanted.length > NAME_LENGTH_MAX) return []
  const lower = wanted.toLowerCase()
  return names
    .filter((name) => name !== '' && name.length <= NAME_LENGTH_MAX)
    .map((name) => ({ name, distance: distanceOf(lower, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, CLOSE_NAMES_MAX)
    .map(({ name }) => name)
}

/** Of the whole path or of its last segment, whichever is nearer. */
function distanceOf(wanted: string, path: string): number {
  if (wanted !== '' && path.includes(wanted)) return 1
  const segment = path.slice(path.lastIndexOf('/') + 1)
  return Math.min(editDistance(wanted, path), editDistance(wanted, segment))
}

/** Levenshtein. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
