import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DiskFile } from '../../../runtime/capabilities.ts'
import { codeOf, granted, SURROUNDINGS, type Surroundings } from './surroundings.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe.each(SURROUNDINGS)('a %s disk', (_name, surround) => {
  let at: Surroundings
  beforeEach(async () => {
    at = await surround()
  })
  afterEach(() => at.close())
  const path = (name: string): string => `${at.directory}/${name}`
  const create = async (name: string): Promise<DiskFile> =>
    granted(await at.settle(at.disk.open(path(name), 'create', 0o600)))

  test('reads what was written, at offsets, and fewer bytes at the end', async () => {
    const file = await create('a')
    granted(await at.settle(file.write(0, bytes(1, 2, 3))))
    granted(await at.settle(file.write(5, bytes(6))))
    expect(granted(await at.settle(file.size()))).toBe(6)
    expect(granted(await at.settle(file.read(1, 100)))).toEqual(bytes(2, 3, 0, 0, 6))
    expect(granted(await at.settle(file.read(3, 2 ** 40)))).toEqual(bytes(0, 0, 6))
    expect(granted(await at.settle(file.read(9, 2)))).toEqual(bytes())
    granted(await at.settle(file.truncate(2)))
    expect(granted(await at.settle(file.read(0, 9)))).toEqual(bytes(1, 2))
    granted(await at.settle(file.sync()))
    await file.close()
  })

  test('opens in the mode that was asked', async () => {
    expect(codeOf(await at.settle(at.disk.open(path('a'), 'read')))).toBe('DISK_NOT_FOUND')
    expect(codeOf(await at.settle(at.disk.open(path('a'), 'read-write')))).toBe('DISK_NOT_FOUND')
    const file = await create('a')
    granted(await at.settle(file.write(0, bytes(7))))
    await file.close()
    expect(codeOf(await at.settle(at.disk.open(path('a'), 'create-exclusive')))).toBe('DISK_EXISTS')
    const again = await create('a')
    expect(granted(await at.settle(again.size()))).toBe(1)
    await again.close()
    const reader = granted(await at.settle(at.disk.open(path('a'), 'read')))
    expect(codeOf(await at.settle(reader.write(0, bytes(1))))).toBe('DISK_DENIED')
    await reader.close()
    expect(codeOf(await at.settle(at.disk.open(path('missing/a'), 'create')))).toBe('DISK_NOT_FOUND')
  })

  test('refuses a closed file, and closes twice', async () => {
    const file = await create('a')
    await file.close()
    await file.close()
    const refused = await at.settle(file.read(0, 1))
    expect(refused).toMatchObject({ ok: false, error: { code: 'DISK_CLOSED', path: path('a') } })
  })

  test('lists, renames over and removes', async () => {
    granted(await at.settle(at.disk.makeDirectory(path('x/y'), 0o700)))
    granted(await at.settle(at.disk.makeDirectory(path('x/y'))))
    for (const name of ['x/b', 'x/a']) {
      const file = await create(name)
      granted(await at.settle(file.write(0, bytes(name.charCodeAt(2)))))
      await file.close()
    }
    expect(granted(await at.settle(at.disk.list(path('x'))))).toEqual(['a', 'b', 'y'])
    granted(await at.settle(at.disk.rename(path('x/a'), path('x/b'))))
    granted(await at.settle(at.disk.syncDirectory(path('x'))))
    expect(granted(await at.settle(at.disk.list(path('x'))))).toEqual(['b', 'y'])
    const file = await create('x/b')
    expect(granted(await at.settle(file.read(0, 9)))).toEqual(bytes(97))
    await file.close()
    expect(codeOf(await at.settle(at.disk.remove(path('x'))))).toBe('DISK_EXISTS')
    for (const name of ['x/b', 'x/y', 'x']) granted(await at.settle(at.disk.remove(path(name))))
    for (const refused of [
      at.disk.remove(path('x')),
      at.disk.list(path('x')),
      at.disk.rename(path('x'), path('z')),
      at.disk.syncDirectory(path('x')),
    ]) {
      expect(await at.settle<unknown>(refused)).toMatchObject({ ok: false, error: { code: 'DISK_NOT_FOUND' } })
    }
  })
})
