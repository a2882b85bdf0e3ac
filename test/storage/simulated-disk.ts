import { err, ok, type Result } from '../../protocols/result.ts'
import type { DiskFailure, LogDisk, LogFile } from '../../storage/disk.ts'

type Write = { readonly offset: number; readonly bytes: Uint8Array } | { readonly truncate: number }
type Contents = { durable: Uint8Array; pending: Write[] }

/** A disk that may lose, after `crash`, any part of what was written since the last sync. */
export type SimulatedDisk = LogDisk & {
  /** Every unsynced write is kept, lost or torn as `random` (in [0, 1)) says. Open files answer DISK_CLOSED from now on. */
  crash(random: () => number): void
  /** The next `count` writes fail with DISK_FULL. */
  failWrites(count: number): void
  readonly durableBytes: (path: string) => Uint8Array | undefined
  setDurableBytes(path: string, bytes: Uint8Array): void
}

function applied(bytes: Uint8Array, write: Write): Uint8Array {
  if ('truncate' in write) return bytes.slice(0, write.truncate)
  const out = new Uint8Array(Math.max(bytes.length, write.offset + write.bytes.length))
  out.set(bytes)
  out.set(write.bytes, write.offset)
  return out
}

export function createSimulatedDisk(): SimulatedDisk {
  const files = new Map<string, Contents>()
  let life = 0
  let writesToFail = 0

  function openFile(path: string, contents: Contents): LogFile {
    const born = life
    let current = contents.pending.reduce(applied, contents.durable)
    const refuse = (): Result<never, DiskFailure> | undefined =>
      born === life ? undefined : err({ code: 'DISK_CLOSED', path, cause: 'crashed' })
    return {
      size: async () => refuse() ?? ok(current.length),
      read: async (offset, length) => refuse() ?? ok(current.slice(offset, offset + length)),
      async write(offset, bytes) {
        if (writesToFail > 0) {
          writesToFail--
          return err({ code: 'DISK_FULL', path, cause: 'no space left on device' })
        }
        const write = { offset, bytes: bytes.slice() }
        const refused = refuse()
        if (refused !== undefined) return refused
        contents.pending.push(write)
        current = applied(current, write)
        return ok(undefined)
      },
      async truncate(size) {
        contents.pending.push({ truncate: size })
        current = applied(current, { truncate: size })
        return refuse() ?? ok(undefined)
      },
      async sync() {
        const refused = refuse()
        if (refused !== undefined) return refused
        contents.durable = current
        contents.pending = []
        return ok(undefined)
      },
      async close() {},
    }
  }

  return {
    async open(path) {
      const present = files.get(path)
      if (present !== undefined) return ok(openFile(path, present))
      const contents = { durable: new Uint8Array(0), pending: [] }
      files.set(path, contents)
      return ok(openFile(path, contents))
    },
    makeDirectory: async () => ok(undefined),
    syncDirectory: async () => ok(undefined),
    crash(random) {
      life++
      for (const contents of files.values()) {
        for (const write of contents.pending) {
          const fate = random()
          if (fate < 1 / 3) continue
          const torn = fate < 2 / 3 && 'bytes' in write
          const kept = torn ? { ...write, bytes: write.bytes.slice(0, random() * write.bytes.length) } : write
          contents.durable = applied(contents.durable, kept)
        }
        contents.pending = []
      }
    },
    failWrites(count) {
      writesToFail = count
    },
    durableBytes: (path) => files.get(path)?.durable,
    setDurableBytes(path, bytes) {
      files.set(path, { durable: bytes, pending: [] })
    },
  }
}
