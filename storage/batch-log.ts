/**
 * An append-only log of atomic batches on an asynchronous disk. A record is
 * `length u32 ‖ crc32 u32 ‖ sequence u32 ‖ operations` (big-endian; the checksum covers sequence and operations); an
 * operation is `1 ‖ key length u32 ‖ value length u32 ‖ key ‖ value` or `0 ‖ key length u32 ‖ key`. Reading stops at the
 * first record that is short, fails its checksum or is out of sequence, so what a crash leaves is a prefix of the batches.
 */
import { err, ok, type Result } from '../protocols/result.ts'
import type { BatchOperation } from './batch.ts'
import { crc32 } from './crc32.ts'
import type { DatabaseError } from './database-error.ts'
import type { DiskFailure, LogDisk, LogFile } from './disk.ts'

const RECORD_HEADER_BYTES = 12
const LENGTH_AND_CHECKSUM_BYTES = 8
const LOG_FILE = 'batches.log'
/** One read while replaying. */
const REPLAY_CHUNK_BYTES = 1 << 20

export type BatchLog = {
  /** Resolves when the record is written, with `sync` when it survives a crash. Batches keep the order of the calls. */
  append(operations: readonly BatchOperation[], sync: boolean): Promise<Result<void, DatabaseError>>
  /** After the appends under way. */
  close(): Promise<void>
}

/** Opens or creates the log, hands every whole batch in it to `replay` in order, and cuts off a torn tail. */
export async function openBatchLog(
  disk: LogDisk,
  directory: string,
  replay: (operations: BatchOperation[]) => Promise<void>,
): Promise<Result<BatchLog, DatabaseError>> {
  const opened = await openFile(disk, directory)
  if (!opened.ok) return err(failure(directory, opened.error))
  const file = opened.value
  const end = await replayAll(file, replay)
  if (!end.ok) {
    await file.close()
    return err(failure(directory, end.error))
  }
  let { offset, sequence } = end.value
  let broken: DatabaseError | undefined
  let tail: Promise<unknown> = Promise.resolve()

  async function write(operations: readonly BatchOperation[], sync: boolean): Promise<Result<void, DatabaseError>> {
    if (broken !== undefined) return err(broken)
    const record = encodeRecord(operations, sequence)
    const written = await file.write(offset, record)
    if (!written.ok) return err(failure(directory, written.error)) // the next record overwrites what was left of it
    offset += record.length
    sequence = (sequence + 1) >>> 0
    if (!sync) return ok(undefined)
    const synced = await file.sync()
    if (synced.ok) return ok(undefined)
    // What reached the disk is unknown from here on, so nothing may build on it.
    broken = failure(directory, synced.error)
    return err(broken)
  }

  return ok({
    append(operations, sync) {
      const done = tail.then(() => write(operations, sync))
      tail = done
      return done
    },
    async close() {
      await tail
      await file.close()
    },
  })
}

async function openFile(disk: LogDisk, directory: string): Promise<Result<LogFile, DiskFailure>> {
  const made = await disk.makeDirectory(directory)
  if (!made.ok && made.error.code !== 'DISK_EXISTS') return made
  const file = await disk.open(`${directory}/${LOG_FILE}`, 'create')
  if (!file.ok) return file
  // At every open: the process that made the names may have ended before they were durable.
  for (const path of withParents(directory)) {
    const synced = await disk.syncDirectory(path)
    // A parent that we may not read was not made by us.
    if (synced.ok || (path !== directory && synced.error.code === 'DISK_DENIED')) continue
    await file.value.close()
    return synced
  }
  return file
}

/** `a/b`: `a/b`, `a`, `.`; `/a/b`: `/a/b`, `/a`, `/`. */
function withParents(directory: string): string[] {
  const paths: string[] = []
  for (let path = directory; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) paths.push(path)
  paths.push(directory.startsWith('/') ? '/' : '.')
  return paths
}

async function replayAll(
  file: LogFile,
  replay: (operations: BatchOperation[]) => Promise<void>,
): Promise<Result<{ offset: number; sequence: number }, DiskFailure>> {
  const size = await file.size()
  if (!size.ok) return size
  let offset = 0
  let sequence = 0
  let chunk: Uint8Array = new Uint8Array(0)
  let chunkAt = 0
  /** `length` bytes at `at`, fewer only at the end of the file. */
  async function bytesAt(at: number, length: number): Promise<Result<Uint8Array, DiskFailure>> {
    if (at < chunkAt || at + length > chunkAt + chunk.length) {
      const read = await file.read(at, Math.min(Math.max(length, REPLAY_CHUNK_BYTES), size.ok ? size.value - at : 0))
      if (!read.ok) return read
      chunk = read.value
      chunkAt = at
    }
    return ok(chunk.subarray(at - chunkAt, at - chunkAt + length))
  }
  for (;;) {
    if (offset + RECORD_HEADER_BYTES > size.value) break
    const head = await bytesAt(offset, RECORD_HEADER_BYTES)
    if (!head.ok) return head
    if (head.value.length < RECORD_HEADER_BYTES) break
    const length = readU32(head.value, 0)
    const checksum = readU32(head.value, 4)
    if (length < RECORD_HEADER_BYTES || offset + length > size.value) break
    const record = await bytesAt(offset, length)
    if (!record.ok) return record
    if (record.value.length < length || crc32(record.value.subarray(LENGTH_AND_CHECKSUM_BYTES)) !== checksum) break
    if (readU32(record.value, LENGTH_AND_CHECKSUM_BYTES) !== sequence) break
    await replay(decodeOperations(record.value.subarray(RECORD_HEADER_BYTES)))
    offset += length
    sequence = (sequence + 1) >>> 0
  }
  if (offset === size.value) return ok({ offset, sequence })
  const cut = await file.truncate(offset)
  if (!cut.ok) return cut
  const synced = await file.sync()
  return synced.ok ? ok({ offset, sequence }) : synced
}

function encodeRecord(operations: readonly BatchOperation[], sequence: number): Uint8Array {
  let length = RECORD_HEADER_BYTES
  for (const op of operations) length += op.type === 'put' ? 9 + op.key.length + op.value.length : 5 + op.key.length
  const record = new Uint8Array(length)
  writeU32(record, 0, length)
  writeU32(record, LENGTH_AND_CHECKSUM_BYTES, sequence)
  let at = RECORD_HEADER_BYTES
  for (const op of operations) {
    record[at] = op.type === 'put' ? 1 : 0
    writeU32(record, at + 1, op.key.length)
    at += 5
    if (op.type === 'put') {
      writeU32(record, at, op.value.length)
      at += 4
    }
    record.set(op.key, at)
    at += op.key.length
    if (op.type === 'put') {
      record.set(op.value, at)
      at += op.value.length
    }
  }
  writeU32(record, 4, crc32(record.subarray(LENGTH_AND_CHECKSUM_BYTES)))
  return record
}

/** Of bytes whose checksum held. */
function decodeOperations(bytes: Uint8Array): BatchOperation[] {
  const operations: BatchOperation[] = []
  for (let at = 0; at < bytes.length; ) {
    const isPut = bytes[at] === 1
    const keyLength = readU32(bytes, at + 1)
    if (isPut) {
      const valueLength = readU32(bytes, at + 5)
      const keyAt = at + 9
      const valueAt = keyAt + keyLength
      operations.push({
        type: 'put',
        key: bytes.slice(keyAt, valueAt),
        value: bytes.slice(valueAt, valueAt + valueLength),
      })
      at = valueAt + valueLength
    } else {
      operations.push({ type: 'del', key: bytes.slice(at + 5, at + 5 + keyLength) })
      at += 5 + keyLength
    }
  }
  return operations
}

const readU32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

function failure(location: string, error: DiskFailure): DatabaseError {
  if (error.code === 'DISK_CLOSED') return { code: 'DATABASE_CLOSED', location }
  const code = error.code === 'DISK_FULL' ? 'DATABASE_FULL' : 'DATABASE_IO'
  return { code, location, cause: `${error.code}: ${error.cause}` }
}
