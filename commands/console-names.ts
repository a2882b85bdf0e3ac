/** What may be typed in the console of a node. */
import { namespaceOf } from '../protocols/json-rpc/method-name.ts'

/** Namespace → names of its methods, in order. @param methods full names. @param offered namespaces of the endpoint */
export function consoleNames(
  methods: readonly string[],
  offered: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...offered].sort().map((namespace) => [
      namespace,
      methods
        .filter((method) => namespaceOf(method) === namespace)
        .map((method) => method.slice(namespace.length + 1))
        .sort(),
    ]),
  )
}

/** Completions of what stands at the end of `line`, and the part of the line that they replace. */
export function completionsOf(
  line: string,
  names: ReadonlyMap<string, readonly string[]>,
): readonly [completions: string[], replaced: string] {
  const typed = /(?:([A-Za-z][A-Za-z0-9]*)\.)?([A-Za-z0-9]*)$/.exec(line)
  const [, namespace, begun = ''] = typed ?? []
  if (namespace === undefined) {
    const found = begun === '' ? [...names.keys()] : [...names.keys()].filter((name) => name.startsWith(begun))
    return [found.map((name) => `${name}.`), begun]
  }
  const found = (names.get(namespace) ?? []).filter((name) => name.startsWith(begun))
  return [found.map((name) => `${namespace}.${name}`), `${namespace}.${begun}`]
}
