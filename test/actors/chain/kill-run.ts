/** Imports of the real first era that are killed at random moments, each time taken up again by the same command. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '../../../protocols/hex.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { readHead } from '../../../storage/chain-store.ts'
import type { Database } from '../../../storage/database.ts'
import { sharedPath } from '../../shared-data.ts'
import { openImported, startImport } from './import-process.ts'
import { verifyStored } from './stored-state.ts'

export const ERA1_FILE = ['data', 'mainnet-00000-5ec1ffb8.era1'] as const

export type KillRun = {
  readonly kills: number
  /** Heads that were found after a kill; -1n: none was written yet. */
  readonly heads: readonly bigint[]
  /** Imports that went on to the end of the file. */
  readonly finished: readonly { readonly number: bigint; readonly hash: string; readonly stateRoot: string }[]
}

/** Kills of one store before its import may run to the end. */
const KILLS_PER_STORE = 4
/** A kill comes so many milliseconds after the node is ready, at most; or, each fourth time, after the process began. */
const KILL_WITHIN_MS = 1_500

/** Where a kill falls is up to the machine; the seed only says after how long. @throws when a store is not sound */
export async function killRun(kills: number, seed: string | number): Promise<KillRun> {
  const random = seededRandom(`kill ${seed}`)
  const heads: bigint[] = []
  const finished: { number: bigint; hash: string; stateRoot: string }[] = []
  const file = sharedPath(...ERA1_FILE)
  const flags = ['--mainnet', '--verbosity', '1']
  while (heads.length < kills) {
    const directory = await mkdtemp(join(tmpdir(), 'troupe-kill-'))
    try {
      for (let kill = 0; kill < KILLS_PER_STORE && heads.length < kills; kill++) {
        const run = startImport(directory, file, flags)
        if (random.integer(4) !== 0) await run.ready
        const timer = setTimeout(() => run.child.kill('SIGKILL'), random.integer(KILL_WITHIN_MS))
        const { code, signal } = await run.ended
        clearTimeout(timer)
        if (signal !== 'SIGKILL') {
          if (code !== 0) throw new Error(`an import failed after ${heads.length} kills: ${run.output()}`)
          break
        }
        heads.push(await soundHead(directory))
      }
      const last = startImport(directory, file, flags)
      const { code } = await last.ended
      if (code !== 0) throw new Error(`the import after a kill failed: ${last.output()}`)
      const database = (await openImported(directory)) as Database
      const { number, hash, stateRoot } = await verifyStored(database)
      await database.close()
      finished.push({ number, hash: bytesToHex(hash), stateRoot: bytesToHex(stateRoot) })
    } catch (cause) {
      throw new Error(`kill run failed: seed ${seed}, kill ${heads.length}`, { cause })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
  return { kills: heads.length, heads, finished }
}

async function soundHead(directory: string): Promise<bigint> {
  const database = await openImported(directory)
  if (database === undefined) return -1n
  try {
    return readHead(database) === undefined ? -1n : (await verifyStored(database)).number
  } finally {
    await database.close()
  }
}
