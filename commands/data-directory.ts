/** Where a node keeps its things, by its configuration. */
import { basename, isAbsolute, join, resolve } from 'node:path'
import type { NodeConfig } from './config-schema.ts'

/** What paths depend on besides the configuration. */
export type Machine = {
  readonly home: string
  readonly platform: NodeJS.Platform
  readonly temporary: string
  readonly workingDirectory: string
}

/** Absolute path; undefined for a dev chain without `--datadir`, which is kept in memory. */
export function dataDirectoryOf(config: NodeConfig, machine: Machine): string | undefined {
  const { network } = config.consensus
  if (config.storage.dataDirectory !== undefined) {
    const given = config.storage.dataDirectory.replace(/^~(?=$|[/\\])/, machine.home)
    return resolve(machine.workingDirectory, given)
  }
  if (network === 'dev') return undefined
  const root =
    machine.platform === 'darwin'
      ? join(machine.home, 'Library', 'Troupe')
      : machine.platform === 'win32'
        ? join(machine.home, 'AppData', 'Local', 'Troupe')
        : join(machine.home, '.troupe')
  return network === 'mainnet' ? root : join(root, basename(network, '.json'))
}

/** Socket path; undefined when IPC is off. A bare name stands in the data directory, or in a folder of temporary files. */
export function ipcPathOf(config: NodeConfig, machine: Machine): string | undefined {
  const { enabled, path } = config.ipc
  if (!enabled) return undefined
  if (machine.platform === 'win32') return path.startsWith('\\\\.\\pipe\\') ? path : `\\\\.\\pipe\\${path}`
  if (isAbsolute(path)) return path
  if (path.includes('/')) return resolve(machine.workingDirectory, path)
  return join(dataDirectoryOf(config, machine) ?? join(machine.temporary, 'troupe-dev'), path)
}
