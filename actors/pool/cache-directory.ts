/** The directory of ethash caches: files of go-ethereum's form, each with its digest beside it, a bounded number of them. */
import { bytesEqual } from '../../protocols/bytes.ts'
import {
  CACHE_FILE_MAGIC,
  cacheFileBytes,
  cacheFileName,
  DIGEST_FILE_BYTES,
  decodeDigestFile,
  digestFileName,
  encodeDigestFile,
  epochsAmong,
} from '../../protocols/ethash/cache-file.ts'
import { cacheSize } from '../../protocols/ethash/epoch.ts'
import { ok, type Result } from '../../protocols/result.ts'
import type { Disk, DiskError, DiskFile, Log } from '../../runtime/capabilities.ts'

/** Bytes of one read or write. */
const CHUNK_BYTES = 1024 * 1024
/** Nobody else needs to write it; whoever may enter the directory may read. */
const DIRECTORY_MODE = 0o755
const FILE_MODE = 0o644

/** What lies on the disk; whether the bytes have the digest is yet to be found out. */
export type StoredCache = { readonly shared: SharedArrayBuffer; readonly digest: Uint8Array }

export type CacheDirectory = {
  /** Undefined where there is none, or one of another form. */
  read(epoch: number): Promise<StoredCache | undefined>
  /** Atomic; failures are logged: the cache can always be made again. Removes the lowest epochs beyond the bound. */
  write(epoch: number, shared: SharedArrayBuffer, digest: Uint8Array): Promise<void>
}

export type CacheDirectoryOptions = {
  readonly disk: Disk
  readonly path: string
  /** Caches that are kept. */
  readonly keptMax: number
  readonly log: Log
}

export function cacheDirectory({ disk, path, keptMax, log }: CacheDirectoryOptions): CacheDirectory {
  const at = (name: string): string => `${path}/${name}`

  async function within<T>(
    name: string,
    mode: 'read' | 'create',
    use: (file: DiskFile) => Promise<Result<T, DiskError>>,
  ): Promise<Result<T, DiskError>> {
    const opened = await disk.open(at(name), mode, FILE_MODE)
    if (!opened.ok) return opened
    try {
      return await use(opened.value)
    } finally {
      await opened.value.close()
    }
  }

  const readDigest = (epoch: number): Promise<Result<Uint8Array | undefined, DiskError>> =>
    within(digestFileName(epoch), 'read', async (file) => {
      const bytes = await file.read(0, DIGEST_FILE_BYTES)
      return bytes.ok ? ok(decodeDigestFile(bytes.value)) : bytes
    })

  const readCache = (epoch: number): Promise<Result<SharedArrayBuffer | undefined, DiskError>> =>
    within(cacheFileName(epoch), 'read', async (file) => {
      const size = await file.size()
      if (!size.ok) return size
      if (size.value !== cacheFileBytes(epoch)) return ok(undefined)
      const magic = await file.read(0, CACHE_FILE_MAGIC.length)
      if (!magic.ok) return magic
      if (!bytesEqual(magic.value, CACHE_FILE_MAGIC)) return ok(undefined)
      const rows = new Uint8Array(new SharedArrayBuffer(cacheSize(epoch)))
      for (let filled = 0; filled < rows.length; ) {
        const wanted = Math.min(CHUNK_BYTES, rows.length - filled)
        const chunk = await file.read(CACHE_FILE_MAGIC.length + filled, wanted)
        if (!chunk.ok) return chunk
        if (chunk.value.length === 0) return ok(undefined)
        rows.set(chunk.value, filled)
        filled += chunk.value.length
      }
      return ok(rows.buffer)
    })

  /** Written beside it, made durable, and then put in its place: nobody ever sees a part of it under its name. */
  async function replace(name: string, pieces: Iterable<Uint8Array>): Promise<Result<void, DiskError>> {
    const unfinished = `${name}.tmp`
    const written = await within<void>(unfinished, 'create', async (file) => {
      const emptied = await file.truncate(0)
      if (!emptied.ok) return emptied
      let offset = 0
      for (const piece of pieces) {
        const put = await file.write(offset, piece)
        if (!put.ok) return put
        offset += piece.length
      }
      return file.sync()
    })
    if (written.ok) return disk.rename(at(unfinished), at(name))
    await disk.remove(at(unfinished))
    return written
  }

  async function store(epoch: number, shared: SharedArrayBuffer, digest: Uint8Array): Promise<Result<void, DiskError>> {
    const made = await disk.makeDirectory(path, DIRECTORY_MODE)
    if (!made.ok) return made
    const rows = await replace(cacheFileName(epoch), piecesOf(shared))
    if (!rows.ok) return rows
    const beside = await replace(digestFileName(epoch), [encodeDigestFile(digest)])
    if (!beside.ok) return beside
    return disk.syncDirectory(path)
  }

  async function removeOldest(newest: number): Promise<Result<void, DiskError>> {
    const names = await disk.list(path)
    if (!names.ok) return names
    const others = epochsAmong(names.value).filter((epoch) => epoch !== newest)
    for (const epoch of others.slice(0, Math.max(0, others.length + 1 - keptMax)))
      for (const name of [cacheFileName(epoch), digestFileName(epoch)]) {
        const removed = await disk.remove(at(name))
        if (!removed.ok && removed.error.code !== 'DISK_NOT_FOUND') return removed
      }
    return ok(undefined)
  }

  const tell = (event: string, epoch: number, { code, path: file }: DiskError): void =>
    log.warn(event, { epoch, file, code })

  return {
    async read(epoch) {
      const digest = await readDigest(epoch)
      // Without a digest, as go-ethereum leaves it, nothing says whether it is sound.
      if (!digest.ok || digest.value === undefined) {
        if (!digest.ok && digest.error.code !== 'DISK_NOT_FOUND')
          tell('Ethash cache could not be read', epoch, digest.error)
        return undefined
      }
      const shared = await readCache(epoch)
      if (shared.ok && shared.value !== undefined) return { shared: shared.value, digest: digest.value }
      if (shared.ok) log.warn('Ethash cache on the disk is damaged, making it anew', { epoch })
      else if (shared.error.code !== 'DISK_NOT_FOUND') tell('Ethash cache could not be read', epoch, shared.error)
      return undefined
    },
    async write(epoch, shared, digest) {
      const stored = await store(epoch, shared, digest)
      if (!stored.ok) return tell('Ethash cache could not be written', epoch, stored.error)
      const removed = await removeOldest(epoch)
      if (!removed.ok) tell('Old ethash caches could not be removed', epoch, removed.error)
    },
  }
}

/** The file's bytes in pieces of their own: what is shared cannot be handed to the file system. */
function* piecesOf(shared: SharedArrayBuffer): Generator<Uint8Array> {
  yield CACHE_FILE_MAGIC
  const rows = new Uint8Array(shared)
  for (let start = 0; start < rows.length; start += CHUNK_BYTES) yield rows.slice(start, start + CHUNK_BYTES)
}
