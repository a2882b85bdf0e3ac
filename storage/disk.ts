import type { Result } from '../protocols/result.ts'

/** What the log store needs of an asynchronous disk; the runtime's `Disk` has this shape. */
export type DiskFailure = { readonly code: string; readonly path: string; readonly cause: string }

export interface LogFile {
  size(): Promise<Result<number, DiskFailure>>
  /** At most `length` bytes at `offset`; fewer at the end of the file. */
  read(offset: number, length: number): Promise<Result<Uint8Array, DiskFailure>>
  write(offset: number, bytes: Uint8Array): Promise<Result<void, DiskFailure>>
  truncate(size: number): Promise<Result<void, DiskFailure>>
  /** After this the contents survive a crash. */
  sync(): Promise<Result<void, DiskFailure>>
  close(): Promise<void>
}

export interface LogDisk {
  /** Opens what is there, without truncating it, or creates it. */
  open(path: string, mode: 'create'): Promise<Result<LogFile, DiskFailure>>
  /** With its parents; one that is there is fine. */
  makeDirectory(path: string): Promise<Result<void, DiskFailure>>
  /** After this the names in the directory survive a crash. */
  syncDirectory(path: string): Promise<Result<void, DiskFailure>>
}
