/** Which pages may open a WebSocket: browsers ask no server before they do (geth rpc/websocket.go). */

type Origin = { readonly scheme: string; readonly host: string; readonly port: string }

/** @param rules `scheme://host:port`, absent parts standing for any; `*` allows all. */
export function isOriginAllowed(origin: string, rules: readonly string[]): boolean {
  const wanted = parseOrigin(origin)
  return rules.some((rule) => {
    if (rule === '*') return true
    const allowed = parseOrigin(rule)
    if (allowed === undefined || wanted === undefined) return false
    return (['scheme', 'host', 'port'] as const).every((part) => allowed[part] === '' || allowed[part] === wanted[part])
  })
}

function parseOrigin(text: string): Origin | undefined {
  const parts = ORIGIN.exec(text.trim().toLowerCase())
  if (parts === null) return undefined
  const [, scheme = '', host = '', port = ''] = parts
  return { scheme, host, port }
}

const ORIGIN = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[0-9a-f:.]+\]|[^:/?#[\]]*)(?::(\d{1,5}))?\/?$/
