import { type Batch, createBatch } from '../../storage/batch.ts'
import { createMemoryStore, type Database, openDatabase } from '../../storage/database.ts'

export async function memoryDatabase(): Promise<Database> {
  const database = await openDatabase({ engine: 'memory', store: createMemoryStore() })
  if (!database.ok) throw new Error(database.error.code)
  return database.value
}

/** One batch of what `fill` adds. */
export async function write(database: Database, fill: (batch: Batch) => void | Promise<void>): Promise<void> {
  const batch = createBatch()
  await fill(batch)
  const done = await database.batch(batch.operations)
  if (!done.ok) throw new Error(done.error.code)
}

/** Every key and value, in hexadecimal. */
export async function contents(database: Database): Promise<[string, string][]> {
  const entries: [string, string][] = []
  for await (const [key, value] of database.range({})) {
    entries.push([Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex')])
  }
  return entries
}
