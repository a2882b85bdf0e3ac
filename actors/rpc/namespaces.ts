/** Offered by every server, whatever the settings say. */
const ALWAYS_OFFERED = 'rpc'

/** All there are: over IPC everything is offered. */
export const IPC_NAMESPACES: ReadonlySet<string> = new Set(['admin', 'debug', 'eth', 'net', ALWAYS_OFFERED, 'web3'])

/** What a listener offers that names these. */
export const offered = (names: readonly string[]): ReadonlySet<string> =>
  new Set([ALWAYS_OFFERED, ...names].filter((name) => IPC_NAMESPACES.has(name)))
