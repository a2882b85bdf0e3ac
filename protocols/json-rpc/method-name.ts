/** @returns the namespace of a method: what stands before its first underscore; undefined when there is none. */
export function namespaceOf(method: string): string | undefined {
  const at = method.indexOf('_')
  return at === -1 ? undefined : method.slice(0, at)
}

/** `<namespace>_subscribe`: known to every server, served only where notifications can be sent (geth rpc/handler.go). */
export const isSubscribe = (method: string): boolean => method.endsWith('_subscribe')
