/** A journal in shared memory, so that it outlives the threads that write it: [count, code, code, …]. */
export const journalOf = (entriesMax = 1023): SharedArrayBuffer => new SharedArrayBuffer(4 * (entriesMax + 1))

export function note(journal: SharedArrayBuffer | undefined, code: number): void {
  if (journal === undefined) return
  const view = new Int32Array(journal)
  view[Atomics.add(view, 0, 1) + 1] = code
}

/** What was noted, in order. */
export function noted(journal: SharedArrayBuffer): number[] {
  const view = new Int32Array(journal)
  return [...view.subarray(1, 1 + Atomics.load(view, 0))]
}
