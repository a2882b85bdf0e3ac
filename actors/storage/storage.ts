/** Holds the data directory while the node runs: nobody else may use it, and its store is one that this version knows. */
import { defineActor, serial } from '../../runtime/actor.ts'
import { lockDataDirectory } from '../../storage/data-directory.ts'
import { openDatabase } from '../../storage/database.ts'
import { admitSchema } from '../../storage/schema.ts'
import type { StorageDeps, StorageMessages } from './messages.ts'
import { describeDatabaseError, describeSchemaError } from './refusal.ts'

export const storage = defineActor<StorageMessages, StorageDeps>({
  name: 'storage',
  mailbox: { capacity: 64 },
  async behavior(ctx, { directory, database: location }) {
    if (directory !== undefined) {
      const locked = await lockDataDirectory(directory)
      if (!locked.ok) throw new Error(locked.error.message)
      const lock = locked.value
      ctx.own({ close: () => lock.release() })
    }
    const opened = await openDatabase(location)
    if (!opened.ok) throw new Error(describeDatabaseError(opened.error))
    const database = ctx.own(opened.value)
    const schema = await admitSchema(database)
    if (!schema.ok) throw new Error(describeSchemaError(schema.error, directory ?? 'memory'))
    ctx.log.debug('Opened the store', { directory, schema: schema.value })

    return {
      flush: serial(async () => {
        const synced = await database.batch([], { sync: true })
        return synced.ok ? { ok: true } : synced
      }),
      status: () => ({ schema: schema.value, directory }),
    }
  },
})
