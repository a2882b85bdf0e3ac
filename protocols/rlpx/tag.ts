/** Comparing what authenticates. */

/** Looks at every byte whatever it finds, so that the time says nothing about where two tags begin to differ. */
export function tagsEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}
