import type { SupervisorDeps } from '../actors/supervisor/messages.ts'
import type { NodeConfig } from './config-schema.ts'

/** @param hostName of this machine: its pages may connect where no origins are named (geth rpc/websocket.go). */
export function wsSettings({ ws }: NodeConfig, hostName: string): SupervisorDeps['ws'] {
  if (!ws.enabled) return undefined
  return {
    host: ws.address,
    port: ws.port,
    namespaces: ws.namespaces,
    origins: ws.origins.length > 0 ? ws.origins : ['http://localhost', `http://${hostName}`],
    prefix: ws.prefix,
    allowExposed: ws.allowExposedAdmin,
  }
}
