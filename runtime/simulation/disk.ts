import type { Disk, DiskError, DiskFile } from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { bytesMark } from './event-log.ts'
import type { SimulatedWorld } from './world.ts'

export type DiskOperation =
  | 'open'
  | 'makeDirectory'
  | 'list'
  | 'remove'
  | 'rename'
  | 'syncDirectory'
  | 'size'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'

export type DiskFault = {
  readonly code: DiskError['code']
  /** Any operation when left out. */
  readonly operation?: DiskOperation
  /** The fault strikes the n-th matching operation from now, 1 the next, once. */
  readonly at?: number
  /** Or every matching operation with this probability. */
  readonly rate?: number
}

export type DiskOptions = {
  readonly delayMsMin?: number
  readonly delayMsMax?: number
  /** Bytes of all files together before `DISK_FULL`. */
  readonly capacityBytes?: number
}

export type SimulatedDisk = Disk & {
  /** Power fails: open files are closed, what was not synced is kept, lost or torn as the seed decides. */
  crash(): void
  inject(fault: DiskFault): { cancel(): void }
  /** The bytes a reader would see now; undefined if there is no such file. */
  contents(path: string): Uint8Array | undefined
}

type FileNode = { readonly kind: 'file'; live: Uint8Array; durable: Uint8Array; pending: FileChange[] }
type FileChange = { readonly offset: number; readonly bytes: Uint8Array } | { readonly size: number }
type DirectoryNode = { readonly kind: 'directory'; live: Map<string, Node>; durable: Map<string, Node> }
type Node = FileNode | DirectoryNode
/** One change of names: sets or deletes entries, all or none. */
type NameChange = { readonly directory: DirectoryNode; readonly name: string; readonly node: Node | undefined }[]
type Outcome<T> = Result<T, DiskError['code']>

/** A fast SSD, in milliseconds. */
const DELAY_MS_MIN = 0.05
const DELAY_MS_MAX = 0.5

/**
 * Files of one simulated host. A write is durable after `sync` of its file, a name (created, removed, renamed) after
 * `syncDirectory` of its directory. Names of one directory reach the disk in order, writes of one file in any order.
 */
export function simulatedDisk(world: SimulatedWorld, host: string, options: DiskOptions = {}): SimulatedDisk {
  const random = world.random.fork(`disk ${host}`)
  const { delayMsMin = DELAY_MS_MIN, delayMsMax = DELAY_MS_MAX, capacityBytes = Number.POSITIVE_INFINITY } = options
  const root: DirectoryNode = { kind: 'directory', live: new Map(), durable: new Map() }
  const faults = new Set<{ readonly fault: DiskFault; left: number }>()
  let journal: NameChange[] = []
  let life = 0

  function operate<T>(
    operation: DiskOperation,
    path: string,
    perform: () => Outcome<T>,
  ): Promise<Result<T, DiskError>> {
    const started = life
    const delay = delayMsMin + random.float() * (delayMsMax - delayMsMin)
    return new Promise((resolve) => {
      world.schedule(delay, `${host} disk`, () => {
        const outcome = started !== life ? err('DISK_CLOSED' as const) : (struck(operation) ?? perform())
        world.record(host, `disk ${operation}`, `${path} ${outcome.ok ? 'ok' : outcome.error}`)
        resolve(outcome.ok ? outcome : err({ code: outcome.error, path, cause: CAUSES[outcome.error] }))
      })
    })
  }

  function struck(operation: DiskOperation): Outcome<never> | undefined {
    for (const entry of faults) {
      const { fault } = entry
      if (fault.operation !== undefined && fault.operation !== operation) continue
      if (fault.at !== undefined && --entry.left === 0) {
        faults.delete(entry)
        return err(fault.code)
      }
      if (fault.rate !== undefined && random.float() < fault.rate) return err(fault.code)
    }
    return undefined
  }

  function find(path: string): Node | undefined {
    let node: Node | undefined = root
    for (const name of segments(path)) {
      if (node?.kind !== 'directory') return undefined
      node = node.live.get(name)
    }
    return node
  }

  function place(path: string): { readonly directory: DirectoryNode; readonly name: string } | undefined {
    const names = segments(path)
    const name = names.pop()
    const directory = find(names.join('/'))
    return name === undefined || directory?.kind !== 'directory' ? undefined : { directory, name }
  }

  function change(names: NameChange): void {
    for (const { directory, name, node } of names) setName(directory.live, name, node)
    journal.push(names)
  }

  function used(node: Node = root): number {
    if (node.kind === 'file') return node.live.length
    let sum = 0
    for (const child of node.live.values()) sum += used(child)
    return sum
  }

  function openFile(path: string, node: FileNode, writable: boolean): DiskFile {
    const born = life
    let open = true
    const act = <T>(operation: DiskOperation, perform: () => Outcome<T>): Promise<Result<T, DiskError>> => {
      if (open && born === life) return operate(operation, path, perform)
      return Promise.resolve(err({ code: 'DISK_CLOSED', path, cause: CAUSES.DISK_CLOSED }))
    }
    const grow = (perform: () => void, size: number): Outcome<void> => {
      if (!writable) return err('DISK_DENIED')
      const growth = size - node.live.length
      if (growth > 0 && capacityBytes !== Number.POSITIVE_INFINITY && used() + growth > capacityBytes)
        return err('DISK_FULL')
      perform()
      return ok(undefined)
    }
    const apply = (fileChange: FileChange): void => {
      node.pending.push(fileChange)
      node.live = applied(node.live, fileChange)
    }
    return {
      path,
      size: () => act('size', () => ok(node.live.length)),
      read: (offset, length) => act('read', () => ok(node.live.slice(offset, offset + length))),
      write: (offset, bytes) =>
        act('write', () => {
          const kept = bytes.slice()
          world.record(host, 'disk bytes', `${path} ${offset} ${bytesMark(kept)}`)
          const end = kept.length === 0 ? 0 : offset + kept.length
          return grow(() => kept.length > 0 && apply({ offset, bytes: kept }), end)
        }),
      truncate: (size) => act('truncate', () => grow(() => apply({ size }), size)),
      sync: () =>
        act('sync', () => {
          node.durable = node.live
          node.pending = []
          return ok(undefined)
        }),
      async close() {
        open = false
      },
    }
  }

  function crashFile(node: FileNode): void {
    let bytes = node.durable
    for (const lostOrKept of node.pending) {
      const fate = random.integer(3)
      if (fate === 0) continue
      const torn = fate === 1 && 'bytes' in lostOrKept && lostOrKept.bytes.length > 0
      if (!torn) bytes = applied(bytes, lostOrKept)
      else {
        const kept = lostOrKept.bytes.subarray(0, random.integer(lostOrKept.bytes.length))
        if (kept.length > 0) bytes = applied(bytes, { offset: lostOrKept.offset, bytes: kept })
      }
    }
    node.live = bytes
    node.durable = bytes
    node.pending = []
  }

  function crashTree(node: Node): void {
    if (node.kind === 'file') {
      crashFile(node)
      return
    }
    node.live = new Map(node.durable)
    for (const name of [...node.live.keys()].sort()) crashTree(node.live.get(name)!)
  }

  return {
    open: (path, mode, _permissions) =>
      operate<DiskFile>('open', path, () => {
        const at = place(path)
        if (at === undefined) return find(path) === undefined ? err('DISK_NOT_FOUND') : err('DISK_IO')
        let node = at.directory.live.get(at.name)
        if (node?.kind === 'directory') return err(mode === 'create-exclusive' ? 'DISK_EXISTS' : 'DISK_IO')
        if (node !== undefined && mode === 'create-exclusive') return err('DISK_EXISTS')
        if (node === undefined) {
          if (mode === 'read' || mode === 'read-write') return err('DISK_NOT_FOUND')
          node = { kind: 'file', live: new Uint8Array(0), durable: new Uint8Array(0), pending: [] }
          change([{ ...at, node }])
        }
        return ok(openFile(path, node, mode !== 'read'))
      }),
    makeDirectory: (path) =>
      operate('makeDirectory', path, () => {
        let directory = root
        for (const name of segments(path)) {
          let node = directory.live.get(name)
          if (node === undefined) {
            node = { kind: 'directory', live: new Map(), durable: new Map() }
            change([{ directory, name, node }])
          }
          if (node.kind === 'file') return err('DISK_EXISTS')
          directory = node
        }
        return ok(undefined)
      }),
    list: (path) =>
      operate('list', path, () => {
        const node = find(path)
        return node?.kind === 'directory' ? ok([...node.live.keys()].sort()) : err('DISK_NOT_FOUND')
      }),
    remove: (path) =>
      operate('remove', path, () => {
        const at = place(path)
        const node = at?.directory.live.get(at.name)
        if (at === undefined || node === undefined) return err('DISK_NOT_FOUND')
        if (node.kind === 'directory' && node.live.size > 0) return err('DISK_EXISTS')
        change([{ ...at, node: undefined }])
        return ok(undefined)
      }),
    rename: (from, to) =>
      operate('rename', from, () => {
        const source = place(from)
        const target = place(to)
        const node = source?.directory.live.get(source.name)
        if (source === undefined || target === undefined || node === undefined) return err('DISK_NOT_FOUND')
        const replaced = target.directory.live.get(target.name)
        if (replaced === node) return ok(undefined)
        if (replaced?.kind === 'directory' && (node.kind === 'file' || replaced.live.size > 0)) {
          return err(node.kind === 'file' ? 'DISK_IO' : 'DISK_EXISTS')
        }
        if (replaced?.kind === 'file' && node.kind === 'directory') return err('DISK_NOT_FOUND')
        change([
          { ...source, node: undefined },
          { ...target, node },
        ])
        return ok(undefined)
      }),
    syncDirectory: (path) =>
      operate('syncDirectory', path, () => {
        const directory = find(path)
        if (directory?.kind !== 'directory') return err('DISK_NOT_FOUND')
        journal = settleNames(journal, directory)
        return ok(undefined)
      }),
    crash() {
      life++
      const lossy = new Set<DirectoryNode>()
      for (const names of journal) {
        // In each directory the first lost change takes the later ones with it.
        const lost = names.some(({ directory }) => lossy.has(directory)) || random.integer(2) === 0
        for (const { directory, name, node } of names) {
          if (lost) lossy.add(directory)
          else setName(directory.durable, name, node)
        }
      }
      journal = []
      crashTree(root)
      world.record(host, 'disk crash')
    },
    inject(fault) {
      const entry = { fault, left: fault.at ?? 0 }
      faults.add(entry)
      return { cancel: () => void faults.delete(entry) }
    },
    contents(path) {
      const node = find(path)
      return node?.kind === 'file' ? node.live.slice() : undefined
    },
  }
}

const CAUSES: { readonly [C in DiskError['code']]: string } = {
  DISK_NOT_FOUND: 'no such file or directory',
  DISK_EXISTS: 'exists already, or is not empty',
  DISK_FULL: 'no space left',
  DISK_IO: 'input or output failed',
  DISK_DENIED: 'not permitted',
  DISK_CLOSED: 'the file is closed',
}

const segments = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.')

function setName(entries: Map<string, Node>, name: string, node: Node | undefined): void {
  if (node === undefined) entries.delete(name)
  else entries.set(name, node)
}

/**
 * Makes the changes of `directory` durable. A rename out of another directory takes that one's earlier changes along, or the
 * order within it would break. @returns what is still unsynced.
 */
function settleNames(journal: readonly NameChange[], directory: DirectoryNode): NameChange[] {
  const wanted = new Set([directory])
  const left: NameChange[] = []
  for (const names of [...journal].reverse()) {
    if (names.some((name) => wanted.has(name.directory))) for (const name of names) wanted.add(name.directory)
  }
  for (const names of journal) {
    if (!names.some((name) => wanted.has(name.directory))) left.push(names)
    else for (const { directory: of, name, node } of names) setName(of.durable, name, node)
  }
  return left
}

function applied(bytes: Uint8Array, change: FileChange): Uint8Array {
  const size = 'size' in change ? change.size : Math.max(bytes.length, change.offset + change.bytes.length)
  const next = new Uint8Array(size)
  next.set(bytes.subarray(0, size))
  if ('bytes' in change) next.set(change.bytes, change.offset)
  return next
}
