/** Real chain data and official vectors, which stand beside the repository and are not part of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'

/** Works from the source tree and from its compiled copy. */
function repositoryRoot(): string {
  let directory = fileURLToPath(new URL('.', import.meta.url))
  while (!existsSync(join(directory, 'package-lock.json'))) {
    if (dirname(directory) === directory) throw new Error('no repository stands above the tests')
    directory = dirname(directory)
  }
  return directory
}
const SHARED = join(repositoryRoot(), '..', 'shared')

/** Path below the directory of shared data. */
export const sharedPath = (...segments: readonly string[]): string => join(SHARED, ...segments)

/** A `describe` that is skipped, by name, when its data is absent; with TROUPE_REQUIRE_SHARED=1 it fails instead. */
export function describeShared(name: string, segments: readonly string[], fn: () => void): void {
  if (existsSync(sharedPath(...segments))) {
    describe(name, fn)
    return
  }
  if (process.env.TROUPE_REQUIRE_SHARED === '1') {
    test(`${name}: shared data is required`, () => {
      throw new Error(`absent: ../shared/${segments.join('/')}`)
    })
    return
  }
  describe.skip(`${name} (no ../shared/${segments.join('/')})`, () => {
    test('needs shared data', () => {})
  })
}

/** A `test` by the same rule. */
export function testShared(name: string, segments: readonly string[], fn: () => void | Promise<void>): void {
  const isAbsent = !existsSync(sharedPath(...segments))
  if (isAbsent && process.env.TROUPE_REQUIRE_SHARED !== '1') {
    test.skip(`${name} (no ../shared/${segments.join('/')})`, fn)
    return
  }
  test(name, async () => {
    if (isAbsent) throw new Error(`absent: ../shared/${segments.join('/')}`)
    await fn()
  })
}

export const readShared = (...segments: readonly string[]): Uint8Array => {
  const file = readFileSync(sharedPath(...segments))
  return new Uint8Array(file.buffer, file.byteOffset, file.length)
}

export const readSharedJson = (...segments: readonly string[]): any =>
  JSON.parse(readFileSync(sharedPath(...segments), 'utf8'))

/** Paths of all JSON files below a directory, relative to it, in order of name. */
export function sharedJsonFiles(...segments: readonly string[]): string[] {
  return readdirSync(sharedPath(...segments), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
}
