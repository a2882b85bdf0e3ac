import { expect, test } from 'vitest'
import { floodRuns } from './flood-run.ts'

/** Of some 50 batches, so that a subscriber is sent more than the kernel keeps for it. */
const BLOCKS = 10_000
const CACHE_MB = 64
/** What one importing process may hold; a flood adds next to nothing. */
const RESIDENT_MAX = (CACHE_MB + 300) * 1024 * 1024

test('a flood of calls is answered during an import, takes no memory, and ends no subscriber without a reason', async () => {
  const [flood] = await floodRuns({ blocks: BLOCKS, cacheMb: CACHE_MB, seed: 'flood' }, [
    { clients: 20, subscribers: 3 },
  ])
  expect(flood?.wrong).toEqual([])
  expect(flood?.answered).toBeGreaterThan(20)
  // How many heads they were sent is up to the machine; each that was cut off learned why, and the log says the same.
  const reasons = flood?.cutOff.map(({ code, reason }) => `${code} ${reason}`) ?? []
  for (const reason of reasons) expect(['1008 notifications are not read', '1000 the server stops']).toContain(reason)
  const logged = flood?.log.match(/Cut off a WebSocket client +remote=\S+ reason="notifications are not read"/g) ?? []
  expect(logged.length).toBeGreaterThanOrEqual(reasons.filter((reason) => reason.startsWith('1008')).length)
  if (process.platform === 'linux') expect(flood?.resident.length).toBeGreaterThan(0)
  expect(Math.max(0, ...(flood?.resident ?? []))).toBeLessThan(RESIDENT_MAX)
}, 60_000)
