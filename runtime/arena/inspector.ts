/** The reading side of the arenas: a running, hung or dead thread is inspected without asking it. */
import type { Clock } from '../capabilities.ts'
import type { ActorView, DeadLetter, FlightRecord, Inspector, MailboxView, ThreadView } from '../inspection.ts'
import {
  ACTOR_STATES,
  ARENA_MAGIC,
  ARENA_VERSION,
  D_AT,
  D_COUNT,
  D_FROM,
  D_FROM_LENGTH,
  D_KIND,
  D_REASON,
  D_SEQUENCE,
  D_TO,
  D_TO_LENGTH,
  DEAD_BYTES,
  DEAD_LETTER_REASONS,
  DEAD_LETTERS_KEPT,
  DEAD_OFFSET,
  F_AT,
  F_BYTES,
  F_CAUSE_ACTOR,
  F_CAUSE_SEQUENCE,
  F_KIND,
  F_OUTCOME,
  F_SENDER,
  F_SENDER_SEQUENCE,
  F_SEQUENCE,
  F_TOOK,
  F_WAITED,
  FLIGHT_BYTES,
  H_ACTORS_MAX,
  H_BEAT_AT,
  H_BEATS,
  H_DEAD_LETTERS,
  H_DEAD_RECORDS,
  H_EXTERNAL,
  H_HEAP_USED,
  H_MAGIC,
  H_OVERFLOW_ACTORS,
  H_OVERFLOW_FLIGHTS,
  H_OVERFLOW_STRINGS,
  H_SLOTS_USED,
  H_STATE,
  H_STRINGS,
  H_VERSION,
  OUTCOMES,
  PATH_BYTES_MAX,
  S_BUSY_MS,
  S_CAPACITY,
  S_DEPTH,
  S_DROPPED,
  S_FAILED,
  S_FLIGHT_OFFSET,
  S_FLIGHT_RECORDS,
  S_FLIGHTS,
  S_GENERATION,
  S_HANDLED,
  S_HANDLING,
  S_HANDLING_KIND,
  S_HANDLING_SINCE,
  S_HIGH_WATER,
  S_LOST,
  S_PATH,
  S_PATH_LENGTH,
  S_RECEIVED,
  S_RESTARTS,
  S_RESTING,
  S_STARTED_AT,
  S_STATE,
  S_UID,
  S_WAITED,
  SLOT_BYTES,
  SLOTS_OFFSET,
  STRING_BYTES_MAX,
  STRINGS_OFFSET,
  THREAD_STATES,
  WAIT_BUCKETS,
} from './layout.ts'

/** One registered arena, with what the supervisor of the threads knows of it. */
export type ArenaSource = {
  readonly thread: string
  readonly epoch: number
  readonly buffer: SharedArrayBuffer
  /** Times this thread was replaced. */
  readonly restarts: number
}

/** A thread whose event loop has not turned for so long is shown as hung. */
export const HUNG_AFTER_MS = 5_000

/** Where a full arena had no room: counted, never refused. */
export type ArenaOverflow = { readonly actors: number; readonly strings: number; readonly flights: number }
export function arenaOverflow(buffer: SharedArrayBuffer): ArenaOverflow {
  const u32 = new Uint32Array(buffer)
  return {
    actors: u32[H_OVERFLOW_ACTORS]!,
    strings: u32[H_OVERFLOW_STRINGS]!,
    flights: u32[H_OVERFLOW_FLIGHTS]!,
  }
}

/** What a thread's last turn of its event loop left behind. */
export function readBeat(buffer: SharedArrayBuffer): {
  readonly count: number
  readonly heapUsedBytes: number
  readonly externalBytes: number
} {
  const f64 = new Float64Array(buffer)
  return {
    count: Atomics.load(new Uint32Array(buffer), H_BEATS),
    heapUsedBytes: f64[H_HEAP_USED]!,
    externalBytes: f64[H_EXTERNAL]!,
  }
}

/**
 * Reads all arenas anew at each call. `clock` is the one whose times were recorded. Of actors with one path (an ended
 * thread and its replacement) the one started last is shown.
 */
export function createInspector(
  arenas: () => readonly ArenaSource[],
  clock: Pick<Clock, 'now'>,
  hungAfterMs: number = HUNG_AFTER_MS,
): Inspector {
  const readers = new WeakMap<SharedArrayBuffer, Reader>()
  const sources = (): { source: ArenaSource; reader: Reader }[] =>
    arenas().flatMap((source) => {
      const reader = readers.get(source.buffer) ?? openArena(source.buffer)
      if (reader === undefined) return []
      readers.set(source.buffer, reader)
      return [{ source, reader }]
    })
  /** The slots of all arenas by path. */
  const slots = (): Map<string, { source: ArenaSource; reader: Reader; slot: Slot }> => {
    const byPath = new Map<string, { source: ArenaSource; reader: Reader; slot: Slot }>()
    for (const { source, reader } of sources()) {
      for (const slot of reader.slots()) {
        const other = byPath.get(slot.path)
        if (other === undefined || other.slot.startedAt <= slot.startedAt)
          byPath.set(slot.path, { source, reader, slot })
      }
    }
    return byPath
  }
  return {
    actors: () => {
      const now = clock.now()
      return [...slots().values()].map(({ source, slot }): ActorView => {
        const { path, uid, state, restarts, startedAt, handling } = slot
        return {
          path,
          uid,
          thread: source.thread,
          epoch: source.epoch,
          state,
          restarts,
          startedAt,
          handling: handling && { kind: handling.kind, forMs: Math.max(0, now - handling.since) },
        }
      })
    },
    mailboxes: () =>
      [...slots().values()].map(
        ({ source, slot }): MailboxView => ({ path: slot.path, thread: source.thread, ...slot.mailbox }),
      ),
    threads: () => {
      const now = clock.now()
      return sources().map(({ source, reader }) => reader.thread(source, now, hungAfterMs))
    },
    flightRecord: (path) => {
      const all = slots()
      const found = all.get(path)
      if (found === undefined) return undefined
      const paths = new Map<number, string>()
      for (const { slot } of all.values()) paths.set(slot.uid, slot.path)
      return found.reader.flights(found.slot, paths, clock.now())
    },
    deadLetters: () => {
      let total = 0
      const recent: DeadLetter[] = []
      for (const { reader } of sources()) {
        total += reader.deadLettersTotal()
        recent.push(...reader.deadLetters())
      }
      return { total, recent: recent.sort((a, b) => a.at - b.at).slice(-DEAD_LETTERS_KEPT) }
    },
  }
}

type Slot = {
  readonly offset: number
  readonly generation: number
  readonly path: string
  readonly uid: number
  readonly state: ActorView['state']
  readonly restarts: number
  readonly startedAt: number
  readonly handling: { readonly kind: string; readonly since: number } | undefined
  readonly mailbox: Omit<MailboxView, 'path' | 'thread'>
  readonly flightOffset: number
  readonly flightRecords: number
  readonly flights: number
}
type Reader = {
  slots(): readonly Slot[]
  thread(source: ArenaSource, now: number, hungAfterMs: number): ThreadView
  flights(slot: Slot, paths: ReadonlyMap<number, string>, now: number): readonly FlightRecord[]
  deadLettersTotal(): number
  deadLetters(): readonly DeadLetter[]
}

/** Times a slot is read again when it changed hands meanwhile. */
const TORN_READS_MAX = 3

/** @returns undefined when the buffer is no arena of this version */
function openArena(buffer: SharedArrayBuffer): Reader | undefined {
  const u32 = new Uint32Array(buffer)
  const f64 = new Float64Array(buffer)
  const u8 = new Uint8Array(buffer)
  if (u8.length < SLOTS_OFFSET || Atomics.load(u32, H_MAGIC) !== ARENA_MAGIC || u32[H_VERSION] !== ARENA_VERSION) {
    return undefined
  }
  const decoder = new TextDecoder()
  /** A length that a torn read made up is cut to what the field can hold; `slice` copies, as a decoder must not see shared bytes. */
  const text = (offset: number, length: number, max: number): string =>
    decoder.decode(u8.slice(offset, offset + Math.min(length, max)))
  const strings: string[] = []
  const stringOf = (id: number): string => {
    const known = strings[id]
    if (known !== undefined) return known
    if (id >= Atomics.load(u32, H_STRINGS)) return '?'
    const entry = STRINGS_OFFSET / 4 + 2 * id
    const string = text(u32[entry]!, u32[entry + 1]!, STRING_BYTES_MAX)
    strings[id] = string
    return string
  }

  const readSlot = (offset: number): Slot | undefined => {
    const u = offset / 4
    const f = offset / 8
    for (let attempt = 0; attempt < TORN_READS_MAX; attempt++) {
      const generation = Atomics.load(u32, u + S_GENERATION)
      if (generation % 2 === 0) return undefined
      const slot: Slot = {
        offset,
        generation,
        path: text(offset + S_PATH, u32[u + S_PATH_LENGTH]!, PATH_BYTES_MAX),
        uid: f64[f + S_UID]!,
        state: ACTOR_STATES[u32[u + S_STATE]!] ?? 'failed',
        restarts: u32[u + S_RESTARTS]!,
        startedAt: f64[f + S_STARTED_AT]!,
        handling:
          u32[u + S_HANDLING] === 0
            ? undefined
            : { kind: stringOf(u32[u + S_HANDLING_KIND]!), since: f64[f + S_HANDLING_SINCE]! },
        mailbox: {
          depth: u32[u + S_DEPTH]!,
          highWater: u32[u + S_HIGH_WATER]!,
          capacity: u32[u + S_CAPACITY]!,
          received: f64[f + S_RECEIVED]!,
          handled: f64[f + S_HANDLED]!,
          dropped: f64[f + S_DROPPED]!,
          lost: f64[f + S_LOST]!,
          failed: f64[f + S_FAILED]!,
          busyMs: f64[f + S_BUSY_MS]!,
          waited: [...f64.subarray(f + S_WAITED, f + S_WAITED + WAIT_BUCKETS)],
          resting: u32[u + S_RESTING] === 1,
        },
        flightOffset: u32[u + S_FLIGHT_OFFSET]!,
        flightRecords: u32[u + S_FLIGHT_RECORDS]!,
        flights: f64[f + S_FLIGHTS]!,
      }
      if (Atomics.load(u32, u + S_GENERATION) === generation) return slot
    }
    return undefined
  }

  return {
    slots: () => {
      const slots: Slot[] = []
      const used = Math.min(Atomics.load(u32, H_SLOTS_USED), u32[H_ACTORS_MAX]!)
      for (let i = 0; i < used; i++) {
        const slot = readSlot(SLOTS_OFFSET + i * SLOT_BYTES)
        if (slot !== undefined) slots.push(slot)
      }
      return slots
    },
    thread: (source, now, hungAfterMs) => {
      const beatAt = f64[H_BEAT_AT]!
      const sinceBeatMs = beatAt === 0 ? 0 : Math.max(0, now - beatAt)
      const written = THREAD_STATES[Atomics.load(u32, H_STATE)] ?? 'running'
      return {
        name: source.thread,
        epoch: source.epoch,
        state: written === 'running' && sinceBeatMs > hungAfterMs ? 'hung' : written,
        sinceBeatMs,
        heapUsedBytes: f64[H_HEAP_USED]!,
        externalBytes: f64[H_EXTERNAL]!,
        restarts: source.restarts,
      }
    },
    flights: (slot, paths, now) => {
      const records: FlightRecord[] = []
      const first = Math.max(1, slot.flights - slot.flightRecords + 1)
      for (let sequence = first; sequence <= slot.flights && slot.flightRecords > 0; sequence++) {
        const f = (slot.flightOffset + ((sequence - 1) % slot.flightRecords) * FLIGHT_BYTES) / 8
        if (f64[f + F_SEQUENCE] !== sequence) continue
        const at = f64[f + F_AT]!
        const sender = f64[f + F_SENDER]!
        const causeSequence = f64[f + F_CAUSE_SEQUENCE]!
        const outcome = OUTCOMES[u32[2 * f + F_OUTCOME]!] ?? 'running'
        const record: FlightRecord = {
          sequence,
          at,
          kind: stringOf(u32[2 * f + F_KIND]!),
          sender: paths.get(sender) ?? `#${sender}`,
          senderSequence: f64[f + F_SENDER_SEQUENCE]!,
          cause: causeSequence === 0 ? undefined : { actor: f64[f + F_CAUSE_ACTOR]!, sequence: causeSequence },
          bytes: f64[f + F_BYTES]!,
          waitedMs: f64[f + F_WAITED]!,
          tookMs: outcome === 'running' ? Math.max(0, now - at) : f64[f + F_TOOK]!,
          outcome,
        }
        if (f64[f + F_SEQUENCE] === sequence) records.push(record)
      }
      const unchanged = Atomics.load(u32, slot.offset / 4 + S_GENERATION) === slot.generation
      return unchanged ? records : []
    },
    deadLettersTotal: () => f64[H_DEAD_LETTERS]!,
    deadLetters: () => {
      const letters: DeadLetter[] = []
      const written = f64[H_DEAD_RECORDS]!
      for (let sequence = Math.max(1, written - DEAD_LETTERS_KEPT + 1); sequence <= written; sequence++) {
        const offset = DEAD_OFFSET + ((sequence - 1) % DEAD_LETTERS_KEPT) * DEAD_BYTES
        const u = offset / 4
        const f = offset / 8
        if (f64[f + D_SEQUENCE] !== sequence) continue
        const letter: DeadLetter = {
          at: f64[f + D_AT]!,
          to: text(offset + D_TO, u32[u + D_TO_LENGTH]!, PATH_BYTES_MAX),
          from: text(offset + D_FROM, u32[u + D_FROM_LENGTH]!, PATH_BYTES_MAX),
          kind: stringOf(u32[u + D_KIND]!),
          reason: DEAD_LETTER_REASONS[u32[u + D_REASON]!] ?? 'NO_ACTOR',
          count: f64[f + D_COUNT]!,
        }
        if (f64[f + D_SEQUENCE] === sequence) letters.push(letter)
      }
      return letters
    },
  }
}
