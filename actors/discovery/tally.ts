/** How often what happened, by name. The names come from our own code, so they are few. */
export type Tally = { add(name: string): void; all(): { readonly [name: string]: number } }

export function tally(): Tally {
  const byName = new Map<string, number>()
  return {
    add: (name) => void byName.set(name, (byName.get(name) ?? 0) + 1),
    all: () => Object.fromEntries(byName),
  }
}
