import { err, ok, type Result } from '../../protocols/result.ts'
import { isIpLiteral } from './host-name.ts'
import type { HttpSettings } from './messages.ts'

/** Loopback, the namespaces that can do no harm, no CORS (geth node/defaults.go). */
export const DEFAULT_HTTP: HttpSettings = {
  host: '127.0.0.1',
  port: 8545,
  namespaces: ['eth', 'net', 'web3'],
  vhosts: ['localhost'],
  corsOrigins: [],
  prefix: '',
  allowExposed: false,
}

/** Namespaces that control the node or hold keys. */
const DANGEROUS_NAMESPACES = [
  'admin',
  'personal',
  'debug',
  'miner',
  'testing',
  'dev',
  'evm',
  'anvil',
  'hardhat',
] as const

export type ExposureError = {
  readonly code: 'RPC_EXPOSED'
  readonly host: string
  readonly namespaces: readonly string[]
  readonly message: string
}

/** Who could call a dangerous method: refused when that is anybody but this machine, unless forced. */
export function checkExposure(
  http: Pick<HttpSettings, 'host' | 'namespaces' | 'allowExposed'>,
  section: 'http' | 'ws' = 'http',
): Result<void, ExposureError> {
  const namespaces = http.namespaces.filter((name) => (DANGEROUS_NAMESPACES as readonly string[]).includes(name))
  if (http.allowExposed || isLoopback(http.host) || namespaces.length === 0) return ok(undefined)
  const message =
    `refusing to offer ${namespaces.join(', ')} over ${section === 'ws' ? 'WebSocket' : 'HTTP'} on ${http.host}, where others can reach it: ` +
    `listen on 127.0.0.1, use IPC, or say --${section}.allow-exposed-admin`
  return err({ code: 'RPC_EXPOSED', host: http.host, namespaces, message })
}

function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name === '::1' || name === '[::1]' || (name.startsWith('127.') && isIpLiteral(name))
}
