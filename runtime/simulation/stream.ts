import { type Connection, HALF_OPEN_MS_MAX, type NetAddress, type NetError, type Timer } from '../capabilities.ts'
import { bytesMark } from './event-log.ts'
import type { Link } from './link.ts'
import type { SimulatedWorld } from './world.ts'

/** Bytes under way or unread at the receiver before the sender has to keep them: a small TCP window. */
const WINDOW_BYTES = 65536
/** Bytes kept by the sender before `write` answers false: the high-water mark of Node's sockets. */
const SEND_BUFFER_BYTES = 16384
/** Bytes delivered at once, at most. */
const CHUNK_BYTES_MAX = 16384
/** Window that must be free before more leaves, unless less is left to send. */
const ROOM_BYTES_MIN = 4096
/** One delivery in so many is cut tiny, so that a parser meets every boundary. */
const TINY_CHUNK_EVERY = 4
const TINY_CHUNK_BYTES_MAX = 64
/** How long a sender keeps trying into a partition before its connection fails, in milliseconds. */
const STALL_MS_MAX = 30_000

type Packet =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'fin' }
  | { readonly kind: 'reset' }
type Events = Parameters<Connection['handle']>[0]

export type StreamEnd = {
  readonly connection: Connection
  /** The process is gone: no event comes here any more, the peer is reset. */
  kill(): void
  /** Nothing that leaves here arrives before `at`. */
  notBefore(at: number): void
}

/** Two ends of one byte stream; `from` of a link is the host whose end writes into it. `left` is told when an end is done. */
export function simulatedStream(
  world: SimulatedWorld,
  there: Link,
  back: Link,
  addresses: readonly [near: NetAddress, far: NetAddress],
  left: (end: StreamEnd) => void,
): readonly [near: StreamEnd, far: StreamEnd] {
  const [near, far] = addresses
  const nearEnd: Half = half(world, there, near, far, () => farEnd, left)
  const farEnd: Half = half(world, back, far, near, () => nearEnd, left)
  return [nearEnd, farEnd]
}

type Half = StreamEnd & {
  arrive(packet: Packet): void
  /** Bytes delivered to this end that its owner has not taken. */
  unread(): number
  /** The peer has taken bytes: more may leave. */
  pump(): void
}

function half(
  world: SimulatedWorld,
  link: Link,
  local: NetAddress,
  remote: NetAddress,
  peer: () => Half,
  left: (end: StreamEnd) => void,
): Half {
  // Sending.
  let unsent: Uint8Array[] = []
  let unsentBytes = 0
  let underWay: Packet[] = []
  let underWayBytes = 0
  let lastArrival = 0
  let stalled = 0
  let stallTimer: Timer | undefined
  let finishing = false
  let finished = false
  let drainOwed = false
  // Receiving.
  let events: Events | undefined
  const unread: Uint8Array[] = []
  let unreadBytes = 0
  let paused = false
  let peerFinished = false
  let told = false
  let failure: NetError | undefined
  let dead = false
  let halfOpen: Timer | undefined

  function transmit(packet: Packet): void {
    const bytes = packet.kind === 'data' ? packet.bytes.length : 0
    lastArrival = Math.max(lastArrival, link.arrival(bytes))
    underWay.push(packet)
    underWayBytes += bytes
    world.schedule(lastArrival - world.now(), `${link.to} tcp`, deliver)
  }

  function deliver(): void {
    if (underWay.length === 0) return
    if (link.blocked()) {
      // One more delivery waits for the partition to heal.
      if (stalled++ > 0) return
      link.whenHealed(retry)
      stallTimer = world.schedule(STALL_MS_MAX, `${link.from} tcp`, () => {
        fail({ code: 'NET_TIMEOUT', address: remote.host, cause: `no acknowledgement for ${STALL_MS_MAX} ms` })
      })
      return
    }
    const packet = underWay.shift()!
    if (packet.kind === 'data') underWayBytes -= packet.bytes.length
    const detail = packet.kind === 'data' ? bytesMark(packet.bytes) : ''
    world.record(link.to, `tcp ${packet.kind}`, `${remote.port}<${local.port} ${detail}`)
    peer().arrive(packet)
    pump()
  }

  function retry(): void {
    stallTimer?.cancel()
    const deliveries = stalled
    stalled = 0
    for (let i = 0; i < deliveries; i++) {
      lastArrival = Math.max(lastArrival, link.arrival(0))
      world.schedule(lastArrival - world.now(), `${link.to} tcp`, deliver)
    }
  }

  function pump(): void {
    while (unsentBytes > 0) {
      const room = WINDOW_BYTES - underWayBytes - peer().unread()
      // Sending into every small gap would end in packets of one byte (RFC 9293, silly window syndrome).
      if (room < Math.min(unsentBytes, ROOM_BYTES_MIN)) return
      transmit({ kind: 'data', bytes: takeChunk(Math.min(room, unsentBytes)) })
    }
    if (finishing && !finished) {
      finished = true
      transmit({ kind: 'fin' })
      settle()
    }
    if (drainOwed) {
      drainOwed = false
      ready(() => events?.drain?.())
    }
  }

  function takeChunk(most: number): Uint8Array {
    const tiny = link.random.integer(TINY_CHUNK_EVERY) === 0
    const size = 1 + link.random.integer(Math.min(most, tiny ? TINY_CHUNK_BYTES_MAX : CHUNK_BYTES_MAX))
    const chunk = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      const first = unsent[0]!
      const part = first.subarray(0, size - filled)
      chunk.set(part, filled)
      filled += part.length
      if (part.length === first.length) unsent.shift()
      else unsent[0] = first.subarray(part.length)
    }
    unsentBytes -= size
    return chunk
  }

  function discard(): void {
    unsent = []
    unsentBytes = 0
    drainOwed = false
  }

  function flush(): void {
    while (events !== undefined && !paused && !dead && unread.length > 0) {
      const bytes = unread.shift()!
      unreadBytes -= bytes.length
      events.data(bytes)
    }
    peer().pump()
    if (events === undefined || paused || dead || told || unread.length > 0) return
    if (failure === undefined && !peerFinished) return
    told = true
    if (failure !== undefined) {
      events.end(failure)
      return
    }
    events.end()
    if (!finishing && !dead) halfOpen = world.schedule(HALF_OPEN_MS_MAX, `${link.from} tcp`, close)
    settle()
  }

  function fail(error: NetError): void {
    if (dead || failure !== undefined) return
    failure = error
    discard()
    underWay = []
    underWayBytes = 0
    finishing = true
    finished = true
    unread.length = 0
    unreadBytes = 0
    paused = false
    halfOpen?.cancel()
    left(self)
    ready(flush)
  }

  function close(): void {
    if (dead) return
    dead = true
    halfOpen?.cancel()
    discard()
    unread.length = 0
    unreadBytes = 0
    finishing = true
    pump()
    left(self)
  }

  /** Both directions are done. */
  function settle(): void {
    if (finished && told) {
      halfOpen?.cancel()
      left(self)
    }
  }

  function ready(run: () => void): void {
    world.ready({ label: `${link.from} tcp`, run: () => !dead && run() })
  }

  const self: Half = {
    connection: {
      local,
      remote,
      handle(handlers) {
        events = handlers
        if (unread.length > 0 || peerFinished || failure !== undefined) ready(flush)
      },
      write(bytes) {
        if (dead || finishing) return false
        if (bytes.length > 0) unsent.push(bytes)
        unsentBytes += bytes.length
        pump()
        if (unsentBytes < SEND_BUFFER_BYTES) return true
        drainOwed = true
        return false
      },
      pause() {
        paused = true
      },
      resume() {
        paused = false
        ready(flush)
      },
      end() {
        if (dead || finishing) return
        finishing = true
        pump()
      },
      close,
    },
    kill() {
      if (dead) return
      dead = true
      halfOpen?.cancel()
      discard()
      finishing = true
      finished = true
      transmit({ kind: 'reset' })
      left(self)
    },
    notBefore(at) {
      lastArrival = Math.max(lastArrival, at)
    },
    arrive(packet) {
      if (packet.kind === 'reset') {
        fail({ code: 'NET_CLOSED', address: remote.host, cause: 'reset by the peer' })
      } else if (dead || failure !== undefined) {
        if (packet.kind === 'data') transmit({ kind: 'reset' })
      } else if (packet.kind === 'fin') {
        peerFinished = true
        flush()
      } else {
        unread.push(packet.bytes)
        unreadBytes += packet.bytes.length
        flush()
      }
    },
    unread: () => unreadBytes,
    pump,
  }
  return self
}
