/** Which actor runs on which thread. */

/**
 * Actor path → thread. A path's trailing number may be given as `*`: `chain/trie-committer-*`. Actors that are not
 * named run on their parent's thread, the root's children on the main thread.
 */
export type Placement = { readonly [path: string]: string }

/** The worker threads of a placement in order of first mention. */
export function threadsOf(placement: Placement): string[] {
  return [...new Set(Object.values(placement))].filter((thread) => thread !== 'main')
}
