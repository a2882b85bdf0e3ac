/** Storage tries in memory, the last used ones within a budget. */
import { bytesEqual, bytesText } from '../../protocols/bytes.ts'
import { EMPTY_ROOT, type Trie } from '../trie/trie.ts'

export type OpenTries = {
  /** The trie of this account at this root; `make` opens it from the store when it is not in memory. */
  open(addressHash: Uint8Array, root: Uint8Array, make: (memoryBytesMax: number) => Trie): Trie
  /** Removes it, with what is not committed. */
  take(addressHash: Uint8Array): Trie | undefined
  /** Opened since the last `settle`. */
  used(): Iterable<readonly [addressHash: Uint8Array, trie: Trie]>
  /** All are committed: unloads the longest unused ones beyond the budget. */
  settle(): void
  clear(): void
}

/** Closures and buffers of an open trie without nodes. */
const TRIE_BYTES = 4_096

type Open = { readonly addressHash: Uint8Array; readonly trie: Trie; bytes: number }

export function openTries(memoryBytesMax: number): OpenTries {
  /** The longest unused first. */
  const tries = new Map<string, Open>()
  const used = new Map<string, Open>()
  let bytes = 0

  function remove(key: string): Open | undefined {
    const known = tries.get(key)
    if (known === undefined) return undefined
    tries.delete(key)
    used.delete(key)
    bytes -= known.bytes
    return known
  }

  return {
    open(addressHash, root, make) {
      const key = bytesText(addressHash)
      const known = remove(key)
      const isRight = known !== undefined && bytesEqual(known.trie.root(), root)
      const found = isRight ? known : { addressHash, trie: make(memoryBytesMax), bytes: TRIE_BYTES }
      tries.set(key, found)
      used.set(key, found)
      bytes += found.bytes
      return found.trie
    },
    take: (addressHash) => remove(bytesText(addressHash))?.trie,
    *used() {
      for (const { addressHash, trie } of used.values()) yield [addressHash, trie]
    },
    settle() {
      for (const [key, open] of used) {
        const now = bytesEqual(open.trie.root(), EMPTY_ROOT) ? 0 : TRIE_BYTES + open.trie.memoryBytes()
        if (now === 0) {
          remove(key)
          continue
        }
        bytes += now - open.bytes
        open.bytes = now
      }
      used.clear()
      for (const key of tries.keys()) {
        if (bytes <= memoryBytesMax) break
        remove(key)
      }
    },
    clear() {
      tries.clear()
      used.clear()
      bytes = 0
    },
  }
}
