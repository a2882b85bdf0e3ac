/**
 * A cache on the disk, as go-ethereum 1.10 keeps it (`consensus/ethash/ethash.go`): two magic words, then the rows. Its files
 * and ours are the same, and so are their names. go-ethereum trusts what it finds; here the digest of the rows stands in
 * a file beside it.
 */
import { bytesToBareHex, hexToBytes } from '../hex.ts'
import { cacheSize, seedHash, seedHashes } from './epoch.ts'

/** 0xbaddcafe, 0xfee1dead, each little-endian, as all words of the file. */
export const CACHE_FILE_MAGIC: Uint8Array = Uint8Array.of(0xfe, 0xca, 0xdd, 0xba, 0xad, 0xde, 0xe1, 0xfe)
/** Revision of the algorithm in the name. */
const REVISION = 23
const SEED_SHOWN_BYTES = 8
const NAME = /^cache-R23-([0-9a-f]{16})$/

/** Bytes of the file of an epoch. */
export const cacheFileBytes = (epoch: number): number => CACHE_FILE_MAGIC.length + cacheSize(epoch)

export const cacheFileName = (epoch: number): string => nameOf(seedHash(epoch))
const nameOf = (seed: Uint8Array): string => `cache-R${REVISION}-${bytesToBareHex(seed.subarray(0, SEED_SHOWN_BYTES))}`

/** Of the file with the digest, keccak256 of the rows as 64 hex digits and a line feed. */
export const digestFileName = (epoch: number): string => `${cacheFileName(epoch)}.keccak256`
export const DIGEST_FILE_BYTES = 65
export const encodeDigestFile = (digest: Uint8Array): Uint8Array =>
  new TextEncoder().encode(`${bytesToBareHex(digest)}\n`)

/** @returns 32 bytes; undefined when the file holds no digest */
export function decodeDigestFile(bytes: Uint8Array): Uint8Array | undefined {
  const digest = hexToBytes(`0x${new TextDecoder().decode(bytes).trimEnd()}`, 32)
  return digest.ok ? digest.value : undefined
}

/** Epochs whose caches are among the names of a directory, the lowest first. */
export function epochsAmong(names: readonly string[]): readonly number[] {
  const wanted = new Set(names.filter((name) => NAME.test(name)))
  const epochs: number[] = []
  let epoch = 0
  for (const seed of seedHashes()) {
    if (epochs.length === wanted.size) break
    if (wanted.has(nameOf(seed))) epochs.push(epoch)
    epoch++
  }
  return epochs
}
