/** One store for all actors of a simulated node, whose batches go through a log on the simulated disk: it dies with it. */
import { openBatchLog } from '../../../storage/batch-log.ts'
import { createMemoryStore, type MemoryStore } from '../../../storage/database.ts'
import type { LogDisk } from '../../../storage/disk.ts'

type Store = MemoryStore['level']
type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array }

/** Holds what whole batches of the log are left. */
export async function crashingStore(disk: LogDisk, directory: string): Promise<MemoryStore> {
  const { level } = createMemoryStore()
  await level.open()
  const opened = await openBatchLog(disk, directory, (operations) => level.batch(operations))
  if (!opened.ok) throw new Error(`${opened.error.code} in ${directory}`)
  const log = opened.value

  function chained() {
    const operations: Operation[] = []
    return {
      put: (key: Uint8Array, value: Uint8Array) => void operations.push({ type: 'put', key, value }),
      del: (key: Uint8Array) => void operations.push({ type: 'del', key }),
      async write(options: { sync?: boolean } = {}): Promise<void> {
        const logged = await log.append(operations, options.sync ?? false)
        if (!logged.ok) throw Object.assign(new Error(logged.error.code), { code: logged.error.code })
        await level.batch(operations)
      },
    }
  }

  const store = new Proxy(level, {
    get(target, name) {
      if (name === 'batch') return chained
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { level: store as Store }
}
