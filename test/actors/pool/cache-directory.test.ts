import { expect, test } from 'vitest'
import { cacheDirectory } from '../../../actors/pool/cache-directory.ts'
import { bytesEqual } from '../../../protocols/bytes.ts'
import { cacheFileName, digestFileName } from '../../../protocols/ethash/cache-file.ts'
import { cacheSize } from '../../../protocols/ethash/epoch.ts'
import { simulatedDisk } from '../../../runtime/simulation/disk.ts'
import { SimulatedWorld } from '../../../runtime/simulation/world.ts'

/** Not the size of a cache: what is written is not looked at. */
const shared = (): SharedArrayBuffer => new SharedArrayBuffer(64 * 1024)
const DIGEST = new Uint8Array(32).fill(7)

function scene(keptMax: number) {
  const world = new SimulatedWorld({ seed: 'cache directory' })
  const disk = simulatedDisk(world, 'host')
  const warnings: string[] = []
  const ignored = () => {}
  const log = {
    error: ignored,
    info: ignored,
    debug: ignored,
    trace: ignored,
    warn: (event: string) => void warnings.push(event),
  }
  const directory = cacheDirectory({ disk, path: '/ethash', keptMax, log })
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false
    void promise.finally(() => {
      settled = true
    })
    while (!settled) {
      await world.step()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return promise
  }
  const names = async () => {
    const listed = await run(disk.list('/ethash'))
    return listed.ok ? listed.value : []
  }
  return { disk, warnings, directory, run, names }
}

test('keeps so many, and removes the oldest with its digest', async () => {
  const { directory, run, names } = scene(2)
  for (const epoch of [0, 1, 2]) await run(directory.write(epoch, shared(), DIGEST))
  expect(await names()).toEqual([1, 2].flatMap((epoch) => [cacheFileName(epoch), digestFileName(epoch)]).sort())
})

test('never removes the one just written, though it is of the lowest epoch', async () => {
  const { directory, run, names } = scene(1)
  for (const epoch of [5, 4]) await run(directory.write(epoch, shared(), DIGEST))
  expect(await names()).toEqual([cacheFileName(4), digestFileName(4)])
})

test('leaves other files alone', async () => {
  const { disk, directory, run, names } = scene(1)
  await run(disk.makeDirectory('/ethash'))
  const opened = await run(disk.open('/ethash/full-R23-0000000000000000', 'create'))
  expect(opened.ok).toBe(true)
  for (const epoch of [0, 1]) await run(directory.write(epoch, shared(), DIGEST))
  expect(await names()).toEqual([cacheFileName(1), digestFileName(1), 'full-R23-0000000000000000'].sort())
})

test('a full disk leaves nothing unfinished behind, and says so', async () => {
  const { disk, directory, warnings, run, names } = scene(1)
  disk.inject({ code: 'DISK_FULL', operation: 'write', at: 2 })
  await run(directory.write(0, shared(), DIGEST))
  expect(await names()).toEqual([])
  expect(warnings).toEqual(['Ethash cache could not be written'])
  await run(directory.write(0, shared(), DIGEST))
  expect(await names()).toEqual([cacheFileName(0), digestFileName(0)])
})

test('is read as it was written, and not at all with another magic or without a digest', async () => {
  const { disk, directory, run } = scene(1)
  const rows = new SharedArrayBuffer(cacheSize(0))
  new Uint8Array(rows).fill(5, 1_000_000)
  const put = async (name: string, bytes: Uint8Array) => {
    const opened = await run(disk.open(`/ethash/${name}`, 'read-write'))
    if (!opened.ok) throw new Error(opened.error.code)
    await run(opened.value.write(0, bytes))
    await run(opened.value.close())
  }
  await run(directory.write(0, rows, DIGEST))
  const read = await run(directory.read(0))
  expect(read?.digest).toEqual(DIGEST)
  expect(bytesEqual(new Uint8Array(read!.shared), new Uint8Array(rows))).toBe(true)
  await put(cacheFileName(0), Uint8Array.of(0xff))
  expect(await run(directory.read(0))).toBeUndefined()
  await put(cacheFileName(0), Uint8Array.of(0xfe))
  await put(digestFileName(0), Uint8Array.of(0x78))
  expect(await run(directory.read(0))).toBeUndefined()
})

test('what is of another size is not read into memory', async () => {
  const { directory, warnings, run } = scene(1)
  await run(directory.write(0, shared(), DIGEST))
  expect(await run(directory.read(0))).toBeUndefined()
  expect(await run(directory.read(1))).toBeUndefined()
  expect(warnings).toEqual(['Ethash cache on the disk is damaged, making it anew'])
})
