/** Where a node keeps its things, by its configuration. */
import { basename, isAbsolute, join, resolve } from 'node:path'
import type { PoolDeps } from '../actors/pool/messages.ts'
import type { NodeConfig } from './config-schema.ts'

/** What paths depend on besides the configuration. */
export type Machine = {
  readonly home: string
  readonly platform: NodeJS.Platform
  readonly workingDirectory: string
}

/**
 * Absolute path. The dev chain, which is the default, stands in the default root; other networks in folders of their own below
 * it, so that they never meet. An explicit `--datadir` is used as it is.
 */
export function dataDirectoryOf(config: NodeConfig, machine: Machine): string {
  const { network } = config.consensus
  if (config.storage.dataDirectory !== undefined) return givenPath(config.storage.dataDirectory, machine)
  const root =
    machine.platform === 'darwin'
      ? join(machine.home, 'Library', 'Troupe')
      : machine.platform === 'win32'
        ? join(machine.home, 'AppData', 'Local', 'Troupe')
        : join(machine.home, '.troupe')
  return network === 'dev' ? root : join(root, basename(network, '.json'))
}

/** Where caches of ethash are kept; undefined when none are. */
export function ethashCachesOf(config: NodeConfig, machine: Machine): PoolDeps['ethash'] {
  const { ethashCacheDirectory: given, ethashCachesOnDisk: keptMax } = config.consensus
  if (keptMax === 0) return undefined
  const directory = given === undefined ? join(dataDirectoryOf(config, machine), 'ethash') : givenPath(given, machine)
  return { directory, keptMax }
}

/** Of the shell's home sign, and else of where the command was called. */
const givenPath = (path: string, { home, workingDirectory }: Machine): string =>
  resolve(workingDirectory, path.replace(/^~(?=$|[/\\])/, home))

/** Socket path; undefined when IPC is off. A bare name stands in the data directory. */
export function ipcPathOf(config: NodeConfig, machine: Machine): string | undefined {
  const { enabled, path } = config.ipc
  if (!enabled) return undefined
  if (machine.platform === 'win32') return path.startsWith('\\\\.\\pipe\\') ? path : `\\\\.\\pipe\\${path}`
  if (isAbsolute(path)) return path
  if (path.includes('/')) return resolve(machine.workingDirectory, path)
  return join(dataDirectoryOf(config, machine), path)
}
