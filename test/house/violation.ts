/** A place where the house's rules are broken. */
export type Violation = {
  readonly rule: string
  /** Path relative to the repository, and the line, from 1. */
  readonly at: string
  readonly detail: string
}

/** Source files by path relative to the repository, with `/` between segments. */
export type Sources = ReadonlyMap<string, string>

/** In-memory sources: what the rules are proved with. */
export const sourcesOf = (files: { readonly [path: string]: string }): Sources => new Map(Object.entries(files))

export const shown = (violations: readonly Violation[]): string[] =>
  violations.map(({ rule, at, detail }) => `${at}: ${rule}: ${detail}`).sort()
