/** The store of a node that does not run, for commands that read it by themselves. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { describeDatabaseError, describeSchemaError } from '../actors/storage/refusal.ts'
import { err, ok, type Result } from '../protocols/result.ts'
import { type ChainView, openChainView, readHead } from '../storage/chain-store.ts'
import { dataDirectory as locate, lockDataDirectory } from '../storage/data-directory.ts'
import { openDatabase } from '../storage/database.ts'
import { admitSchema } from '../storage/schema.ts'
import type { NodeConfig } from './config-schema.ts'
import { dataDirectoryOf } from './data-directory.ts'

export type StoredChain = {
  readonly directory: string
  /** The chain under one snapshot; it has a head. */
  readonly view: ChainView
  close(): Promise<void>
}

/** Holds the lock of the data directory until it is closed. @returns a sentence when it cannot be read. */
export async function openStoredChain(
  config: NodeConfig,
  workingDirectory: string,
): Promise<Result<StoredChain, string>> {
  const directory = dataDirectoryOf(config, { home: homedir(), platform: process.platform, workingDirectory })
  const place = locate(directory)
  if (!existsSync(place.chainDatabase)) {
    return err(`${directory} holds no chain: name another --network or --datadir, or import one.`)
  }
  const lock = await lockDataDirectory(directory)
  if (!lock.ok) return err(lock.error.message)
  const database = await openDatabase({ engine: 'level', directory: place.chainDatabase })
  if (!database.ok) {
    await lock.value.release()
    return err(describeDatabaseError(database.error))
  }
  const close = async (): Promise<void> => {
    await database.value.close()
    await lock.value.release()
  }
  const schema = await admitSchema(database.value)
  const fault = !schema.ok
    ? describeSchemaError(schema.error, directory)
    : readHead(database.value) === undefined
      ? `${directory} holds no genesis yet: import a chain, or start the node once.`
      : undefined
  if (fault !== undefined) {
    await close()
    return err(fault)
  }
  const view = openChainView(database.value)
  return ok({
    directory,
    view,
    async close() {
      await view.close()
      await close()
    },
  })
}
