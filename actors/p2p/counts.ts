/** How often what happened, by name. The names come from our own code, so they are few. */
export type Counts<N extends string = string> = {
  add(name: N): void
  all(): { readonly [name in N]?: number }
}

export function counts<N extends string = string>(): Counts<N> {
  const byName = new Map<N, number>()
  return {
    add: (name) => void byName.set(name, (byName.get(name) ?? 0) + 1),
    all: () => Object.fromEntries(byName) as { readonly [name in N]?: number },
  }
}
