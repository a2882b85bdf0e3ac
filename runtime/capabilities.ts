/**
 * What an actor may touch besides its messages. Real ones in `runtime/real/`, simulated ones in `runtime/simulation/`.
 */
import type { Result } from './result.ts'

/** Milliseconds since the Unix epoch. */
export type Millis = number

export type Timer = { cancel(): void }

export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): Millis
  /** Milliseconds from an arbitrary start, never stepping back; comparable between the threads of one process. */
  monotonic(): number
  /** Runs `action` once after `delayMs`. A timer keeps a real thread alive unless it is cancelled. */
  schedule(delayMs: number, action: () => void): Timer
}

export interface Random {
  /** `count` random bytes; cryptographic outside simulation. */
  bytes(count: number): Uint8Array
  /** Uniform in [0, 1). */
  float(): number
  /** Uniform integer in [0, below). */
  integer(below: number): number
}

/** A key stream that moves on with every call. */
export interface CipherStream {
  /** Encrypts or decrypts the next bytes: in counter mode that is one operation. The answer is the caller's. */
  next(bytes: Uint8Array): Uint8Array
}
/** AES (FIPS 197), by the processor where it can: JavaScript takes thirty times as long. A function of its input, so the same in simulation. */
export interface Ciphers {
  /** Counter mode (NIST SP 800-38A, 6.5). @param key 16 or 32 bytes. @param counter the first block, 16 bytes */
  counterMode(key: Uint8Array, counter: Uint8Array): CipherStream
  /** One block of 16 bytes at a time (SP 800-38A, 6.1). @param key 16 or 32 bytes */
  block(key: Uint8Array): (block: Uint8Array) => Uint8Array
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace'
export type LogValue = string | number | bigint | boolean | undefined | null
/** A log line is an event with values: a fixed sentence, then `key=value`. */
export type Log = { readonly [L in LogLevel]: (event: string, values?: { readonly [key: string]: LogValue }) => void }

/** Something that is released: in reverse order of acquisition, once, also on failure. */
export interface Closable {
  close(): void | Promise<void>
}

export type DiskError = {
  readonly code: 'DISK_NOT_FOUND' | 'DISK_EXISTS' | 'DISK_FULL' | 'DISK_IO' | 'DISK_DENIED' | 'DISK_CLOSED'
  readonly path: string
  readonly cause: string
}

/** One open file. Reads and writes are at absolute offsets. */
export interface DiskFile extends Closable {
  readonly path: string
  size(): Promise<Result<number, DiskError>>
  /** At most `length` bytes at `offset`; fewer at the end of the file. The bytes are the caller's. */
  read(offset: number, length: number): Promise<Result<Uint8Array, DiskError>>
  write(offset: number, bytes: Uint8Array): Promise<Result<void, DiskError>>
  truncate(size: number): Promise<Result<void, DiskError>>
  /** After this the contents survive a crash. */
  sync(): Promise<Result<void, DiskError>>
  close(): Promise<void>
}

export interface Disk {
  open(
    path: string,
    mode: 'read' | 'read-write' | 'create' | 'create-exclusive',
    permissions?: number,
  ): Promise<Result<DiskFile, DiskError>>
  makeDirectory(path: string, permissions?: number): Promise<Result<void, DiskError>>
  list(path: string): Promise<Result<readonly string[], DiskError>>
  remove(path: string): Promise<Result<void, DiskError>>
  /** Atomic; survives a crash only after `syncDirectory` of the parent. */
  rename(from: string, to: string): Promise<Result<void, DiskError>>
  syncDirectory(path: string): Promise<Result<void, DiskError>>
}

export type NetError = {
  readonly code:
    | 'NET_ADDRESS_IN_USE'
    | 'NET_REFUSED'
    | 'NET_TIMEOUT'
    | 'NET_CLOSED'
    | 'NET_DENIED'
    | 'NET_NOT_FOUND' // a name that has no such record
    | 'NET_IO'
  readonly address: string
  readonly cause: string
}
export type NetAddress = { readonly host: string; readonly port: number }

/**
 * How long a connection whose peer has ended may stay open for our answer, in milliseconds; then it is closed. An owner that
 * only forgets to close so leaks nothing.
 */
export const HALF_OPEN_MS_MAX = 30_000

/** A byte stream. `pause`/`resume` carry backpressure to the peer; `write` answers false when the peer is slow. */
export interface Connection extends Closable {
  readonly local: NetAddress
  readonly remote: NetAddress
  /**
   * Bytes handed out are the receiver's. Set the handlers in the same turn the connection is given. `end` comes once, after the
   * last data: without a reason when the peer has ended (our side may still write), with one when the connection failed. After
   * our `close` nothing comes.
   */
  handle(events: { data(bytes: Uint8Array): void; drain?(): void; end(reason?: NetError): void }): void
  /** False: wait for `drain` (it never comes once the connection has ended). The bytes are the connection's from now on. */
  write(bytes: Uint8Array): boolean
  pause(): void
  resume(): void
  /** After what was written has left. */
  end(): void
  close(): void
}
export interface Listener extends Closable {
  readonly address: NetAddress
  close(): Promise<void>
}
export interface Datagrams extends Closable {
  readonly address: NetAddress
  send(to: NetAddress, bytes: Uint8Array): void
  close(): void
}

export type HttpRequest = {
  readonly method: string
  /** Path with query, as sent. */
  readonly url: string
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly remote: string
  readonly body: Uint8Array
}
export type HttpResponse = {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array | string
}
export type HttpLimits = {
  readonly bodyBytesMax: number
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly idleTimeoutMs: number
}

/**
 * A WebSocket (RFC 6455) that was accepted. It answers and sends pings by itself, and is cut off when no pong comes.
 */
export interface WebSocketConnection extends Closable {
  readonly remote: string
  /** Set the handlers in the same turn the connection is given. `end` comes once; after our `close` nothing comes. */
  handle(events: { message(bytes: Uint8Array): void; drain?(): void; end(): void }): void
  /** One text message. False: wait for `drain` (it never comes once the connection has ended). */
  send(text: string): boolean
  pause(): void
  resume(): void
  /** After what was sent has left. @param code of RFC 6455 section 7.4.1. @param reason at most 123 bytes. */
  end(code: number, reason: string): void
  close(): void
}
/** How an HTTP listener takes WebSockets. */
export type WebSocketUpgrade = {
  /** Bytes of one message; a larger one ends the connection with 1009. */
  readonly messageBytesMax: number
  readonly connectionsMax: number
  /** Milliseconds between pings; a connection whose pong has not come by the next ping is cut. */
  readonly pingMs: number
  /** The answer that refuses the request; undefined admits it. */
  readonly refuse: (request: Omit<HttpRequest, 'body'>) => HttpResponse | undefined
  readonly accept: (connection: WebSocketConnection) => void
}

export interface Net {
  listen(at: NetAddress, accept: (connection: Connection) => void): Promise<Result<Listener, NetError>>
  connect(to: NetAddress, timeoutMs: number): Promise<Result<Connection, NetError>>
  bindDatagrams(
    at: NetAddress,
    receive: (from: NetAddress, bytes: Uint8Array) => void,
  ): Promise<Result<Datagrams, NetError>>
  /** TXT records of a name in DNS, each in the pieces it came in (RFC 1035, section 3.3.14), in any order. */
  resolveText(name: string, timeoutMs: number): Promise<Result<readonly (readonly string[])[], NetError>>
  /** A Unix socket (a named pipe on Windows) at `path`, mode 0600 in a directory of mode 0700; a stale socket file is replaced. */
  listenLocal(path: string, accept: (connection: Connection) => void): Promise<Result<Listener, NetError>>
  /**
   * `respond` sees only requests whose body is within the limits; 413, 408 and 503 are answered below it. With `upgrade`
   * WebSockets are taken on the same address.
   */
  listenHttp(
    at: NetAddress,
    limits: HttpLimits,
    respond: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
    upgrade?: WebSocketUpgrade,
  ): Promise<Result<Listener, NetError>>
}
