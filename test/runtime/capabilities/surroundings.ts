/** The real and the simulated capabilities behind one face, so that one suite holds for both. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Disk, Net } from '../../../runtime/capabilities.ts'
import { realDisk } from '../../../runtime/real/disk.ts'
import { realNet } from '../../../runtime/real/net.ts'
import type { Result } from '../../../runtime/result.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { SimulatedNetwork } from '../../../runtime/simulation/network.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'

export type Surroundings = {
  readonly disk: Disk
  /** An empty directory of `disk`. */
  readonly directory: string
  /** Two hosts, and how the second reaches the first. */
  readonly server: Net
  readonly client: Net
  readonly host: string
  /** Lets the world go on until `promise` is settled. */
  settle<T>(promise: Promise<T>): Promise<T>
  close(): Promise<void>
}

export async function realSurroundings(): Promise<Surroundings> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-capabilities-'))
  const net = realNet(() => undefined)
  return {
    disk: realDisk,
    directory,
    server: net,
    client: net,
    host: '127.0.0.1',
    settle: (promise) => promise,
    close: () => rm(directory, { recursive: true }),
  }
}

export async function simulatedSurroundings(): Promise<Surroundings> {
  const world = new SimulatedWorld({ seed: 'contract' })
  const network = new SimulatedNetwork(world)
  const disk = simulatedDisk(world, 'server')
  await world.settle(disk.makeDirectory('/base'))
  return {
    disk,
    directory: '/base',
    server: network.host('10.0.0.1'),
    client: network.host('10.0.0.2'),
    host: '10.0.0.1',
    settle: (promise) => world.settle(promise),
    close: async () => world.close(),
  }
}

export const SURROUNDINGS = [
  ['real', realSurroundings],
  ['simulated', simulatedSurroundings],
] as const

export function granted<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`)
  return result.value
}

export function codeOf(result: Result<unknown, { readonly code: string }>): string {
  return result.ok ? 'no error' : result.error.code
}
