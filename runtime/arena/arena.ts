/** The writing side of an arena: counters, flight recorders and dead letters of the actors of one thread. */
import type { ActorState, DeadLetter } from '../inspection.ts'
import {
  ACTOR_STATES,
  ARENA_ACTORS_DEFAULT,
  ARENA_ACTORS_MAX,
  ARENA_BYTES_DEFAULT,
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
  flightsOffset,
  H_ACTORS_MAX,
  H_BEAT_AT,
  H_BEATS,
  H_DEAD_LETTERS,
  H_DEAD_RECORDS,
  H_EPOCH,
  H_EXTERNAL,
  H_HEAP_USED,
  H_MAGIC,
  H_OVERFLOW_ACTORS,
  H_OVERFLOW_FLIGHTS,
  H_OVERFLOW_STRINGS,
  H_SLOTS_USED,
  H_STATE,
  H_STRINGS,
  H_THREAD_NAME,
  H_THREAD_NAME_LENGTH,
  H_VERSION,
  OUTCOME_FAILED,
  type OutcomeCode,
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
  STRING_HEAP_BYTES,
  STRING_HEAP_OFFSET,
  STRINGS_MAX,
  STRINGS_OFFSET,
  THREAD_NAME_BYTES_MAX,
  THREAD_STATES,
  WAIT_BUCKET_MS,
  WAIT_BUCKETS,
} from './layout.ts'

/** What a flight record keeps of a message. Handed over whole: times passed as arguments would each be allocated. */
export type RecordedMessage = {
  readonly sender: number
  readonly sequence: number
  readonly causeActor: number
  readonly causeSequence: number
  /** Of the clock that `TurnTimes.turnTime` is of. */
  readonly arrivedAt: number
}
/** Now, milliseconds: `turnTime` of a clock that only rises, `turnTime + wallOffset` of the one the inspector reads. */
export type TurnTimes = { readonly turnTime: number; readonly wallOffset: number }

/**
 * Records one actor. All times are of the clock that the inspector reads (`Clock.now`), milliseconds.
 * Only the thread that made the arena may call it.
 */
export interface ActorRecorder {
  /** A message arrived; `depth` counts it. */
  received(depth: number): void
  /**
   * Handling of a message begins. `kindId` is of `ArenaWriter.intern`; `causeSequence` 0 is no cause.
   * @returns the record's number, to be given to `end` where several messages are handled at a time
   */
  begin(kindId: number, message: RecordedMessage, bytes: number, turn: TurnTimes): number
  /** Handling of the message begun last ended now; the hot form of `end`. */
  endNow(outcome: OutcomeCode, depth: number, turn: TurnTimes): void
  /**
   * Handling ended. `record` is by default the one begun last; `busyMs`, what counts as busy, is by default all of
   * `tookMs`: a reentrant handler was not at work while it waited.
   */
  end(tookMs: number, outcome: OutcomeCode, depth: number, record?: number, busyMs?: number): void
  /** Waiting messages were taken out unhandled. */
  depth(depth: number): void
  dropped(count: number): void
  lost(count: number): void
  state(state: ActorState): void
  /** A life begins, after `restarts` restarts; what was being handled is not any more. */
  begun(restarts: number, at: number): void
  resting(resting: boolean): void
  /** Gives the slot and the flight ring back: the actor is no longer shown. Calls after it do nothing. */
  release(): void
}

export type ArenaOptions = {
  readonly thread: string
  readonly epoch: number
  readonly actorsMax?: number
  readonly bytes?: number
}

export type ArenaWriter = {
  /** What other threads read: hand it to `createInspector` there. */
  readonly buffer: SharedArrayBuffer
  /** Never fails: without a free slot the recorder records into nothing and the overflow is counted. */
  actor(uid: number, path: string, capacity: number, flightRecords: number, startedAt: number): ActorRecorder
  /** Number of a string in this arena, the same for the same string; 0 when the table is full. */
  intern(string: string): number
  beat(now: number, heapUsedBytes: number, externalBytes: number): void
  state(state: 'starting' | 'running' | 'ended'): void
  /** Repetitions of the newest letter are counted in it. */
  deadLetter(at: number, to: string, from: string, kind: string, reason: DeadLetter['reason'], count?: number): void
}

/** Records nothing: to measure the runtime without its recorders. */
export const disabledRecorder: ActorRecorder = {
  received() {},
  begin: () => 0,
  endNow() {},
  end() {},
  depth() {},
  dropped() {},
  lost() {},
  state() {},
  begun() {},
  resting() {},
  release() {},
}

/** Marks an arena whose thread has exited: called by who saw the `exit`, nobody else writes it any more. */
export function endArena(buffer: SharedArrayBuffer): void {
  Atomics.store(new Uint32Array(buffer), H_STATE, THREAD_STATES.indexOf('ended'))
}

/** @throws RangeError when `bytes` has no room for the slots asked for: a bug of the caller. */
export function createArena(options: ArenaOptions): ArenaWriter {
  const actorsMax = options.actorsMax ?? ARENA_ACTORS_DEFAULT
  const bytes = (options.bytes ?? ARENA_BYTES_DEFAULT) & ~63
  const spareRing = flightsOffset(actorsMax)
  if (!Number.isInteger(actorsMax) || actorsMax < 1 || actorsMax > ARENA_ACTORS_MAX) {
    throw new RangeError(`an arena has 1 to ${ARENA_ACTORS_MAX} slots, not ${actorsMax}`)
  }
  if (bytes < spareRing + FLIGHT_BYTES) {
    throw new RangeError(`an arena of ${bytes} bytes has no room for ${actorsMax} actors`)
  }
  const buffer = new SharedArrayBuffer(bytes)
  const u32 = new Uint32Array(buffer)
  const f64 = new Float64Array(buffer)
  const u8 = new Uint8Array(buffer)
  const encoder = new TextEncoder()
  const write = (text: string, offset: number, max: number): number =>
    encoder.encodeInto(text, u8.subarray(offset, offset + max)).written

  u32[H_VERSION] = ARENA_VERSION
  u32[H_EPOCH] = options.epoch
  u32[H_ACTORS_MAX] = actorsMax
  u32[H_THREAD_NAME_LENGTH] = write(options.thread, H_THREAD_NAME, THREAD_NAME_BYTES_MAX)

  const ids = new Map<string, number>()
  let stringBytes = 0
  const intern = (text: string): number => {
    const known = ids.get(text)
    if (known !== undefined) return known
    const id = ids.size
    if (id >= STRINGS_MAX || stringBytes + STRING_BYTES_MAX > STRING_HEAP_BYTES) {
      u32[H_OVERFLOW_STRINGS] = u32[H_OVERFLOW_STRINGS]! + 1
      return 0
    }
    const offset = STRING_HEAP_OFFSET + stringBytes
    const length = write(text, offset, STRING_BYTES_MAX)
    stringBytes += length
    u32[STRINGS_OFFSET / 4 + 2 * id] = offset
    u32[STRINGS_OFFSET / 4 + 2 * id + 1] = length
    ids.set(text, id)
    Atomics.store(u32, H_STRINGS, id + 1)
    return id
  }
  intern('?')

  const freeSlots: number[] = []
  let slotsUsed = 0
  const freeRings = new Map<number, number[]>()
  let ringsEnd = spareRing + FLIGHT_BYTES
  /** @returns byte offset of a zeroed ring; undefined without room */
  const takeRing = (records: number): number | undefined => {
    const again = freeRings.get(records)?.pop()
    if (again !== undefined) {
      u8.fill(0, again, again + records * FLIGHT_BYTES)
      return again
    }
    if (ringsEnd + records * FLIGHT_BYTES > bytes) return undefined
    const ring = ringsEnd
    ringsEnd += records * FLIGHT_BYTES
    return ring
  }

  const actor: ArenaWriter['actor'] = (uid, path, capacity, flightRecords, startedAt) => {
    const slot = freeSlots.pop() ?? (slotsUsed < actorsMax ? slotsUsed++ : undefined)
    if (slot === undefined) {
      u32[H_OVERFLOW_ACTORS] = u32[H_OVERFLOW_ACTORS]! + 1
      return new SlotRecorder(u32, f64, SLOTS_OFFSET + actorsMax * SLOT_BYTES, spareRing, 1, () => {})
    }
    const wanted = ringSize(flightRecords)
    const taken = wanted === 0 ? undefined : takeRing(wanted)
    if (wanted > 0 && taken === undefined) u32[H_OVERFLOW_FLIGHTS] = u32[H_OVERFLOW_FLIGHTS]! + 1
    const records = taken === undefined ? 0 : wanted
    const offset = SLOTS_OFFSET + slot * SLOT_BYTES
    const u = offset / 4
    const f = offset / 8
    u8.fill(0, offset + 4, offset + SLOT_BYTES)
    u32[u + S_CAPACITY] = capacity
    u32[u + S_PATH_LENGTH] = write(path, offset + S_PATH, PATH_BYTES_MAX)
    u32[u + S_FLIGHT_OFFSET] = taken ?? 0
    u32[u + S_FLIGHT_RECORDS] = records
    f64[f + S_UID] = uid
    f64[f + S_STARTED_AT] = startedAt
    Atomics.store(u32, H_SLOTS_USED, slotsUsed)
    Atomics.add(u32, u + S_GENERATION, 1)
    return new SlotRecorder(u32, f64, offset, taken ?? spareRing, Math.max(records, 1), () => {
      Atomics.add(u32, u + S_GENERATION, 1)
      freeSlots.push(slot)
      if (taken === undefined) return
      const rings = freeRings.get(records)
      if (rings === undefined) freeRings.set(records, [taken])
      else rings.push(taken)
    })
  }

  let newest = ''
  const deadLetter: ArenaWriter['deadLetter'] = (at, to, from, kind, reason, count = 1) => {
    f64[H_DEAD_LETTERS] = f64[H_DEAD_LETTERS]! + count
    const written = f64[H_DEAD_RECORDS]!
    const letter = `${to}\n${from}\n${kind}\n${reason}`
    const repeated = letter === newest
    const sequence = repeated ? written : written + 1
    const offset = DEAD_OFFSET + ((sequence - 1) % DEAD_LETTERS_KEPT) * DEAD_BYTES
    const u = offset / 4
    const f = offset / 8
    if (repeated) {
      f64[f + D_AT] = at
      f64[f + D_COUNT] = f64[f + D_COUNT]! + count
      return
    }
    f64[f + D_SEQUENCE] = 0
    f64[f + D_AT] = at
    f64[f + D_COUNT] = count
    u32[u + D_KIND] = intern(kind)
    u32[u + D_REASON] = DEAD_LETTER_REASONS.indexOf(reason)
    u32[u + D_TO_LENGTH] = write(to, offset + D_TO, PATH_BYTES_MAX)
    u32[u + D_FROM_LENGTH] = write(from, offset + D_FROM, PATH_BYTES_MAX)
    f64[f + D_SEQUENCE] = sequence
    f64[H_DEAD_RECORDS] = sequence
    newest = letter
  }

  Atomics.store(u32, H_MAGIC, ARENA_MAGIC)
  return {
    buffer,
    actor,
    intern,
    deadLetter,
    beat(now, heapUsedBytes, externalBytes) {
      f64[H_BEAT_AT] = now
      f64[H_HEAP_USED] = heapUsedBytes
      f64[H_EXTERNAL] = externalBytes
      Atomics.add(u32, H_BEATS, 1)
    },
    state: (state) => void Atomics.store(u32, H_STATE, THREAD_STATES.indexOf(state)),
  }
}

/** The next power of two, so that a record's place is found by a mask. */
const ringSize = (records: number): number => (records <= 0 ? 0 : 2 ** Math.ceil(Math.log2(records)))

const BUCKETS_PER_MS = 1 / WAIT_BUCKET_MS
/** From here on every waiting time belongs to the last bucket. */
const WAIT_LAST_MS = WAIT_BUCKET_MS * 2 ** (WAIT_BUCKETS - 2)

class SlotRecorder implements ActorRecorder {
  readonly #u32: Uint32Array
  readonly #f64: Float64Array
  readonly #slotU: number
  readonly #slotF: number
  readonly #ringF: number
  readonly #mask: number
  readonly #free: () => void
  #flights = 0
  /** `turnTime` at which the message begun last began. */
  #began = 0.5
  #released = false

  constructor(
    u32: Uint32Array,
    f64: Float64Array,
    slotOffset: number,
    ringOffset: number,
    records: number,
    free: () => void,
  ) {
    this.#u32 = u32
    this.#f64 = f64
    this.#slotU = slotOffset / 4
    this.#slotF = slotOffset / 8
    this.#ringF = ringOffset / 8
    this.#mask = records - 1
    this.#free = free
  }

  received(depth: number): void {
    if (this.#released) return
    const u = this.#slotU
    this.#u32[u + S_DEPTH] = depth
    if (depth > this.#u32[u + S_HIGH_WATER]!) this.#u32[u + S_HIGH_WATER] = depth
    this.#count(S_RECEIVED, 1)
  }

  begin(kindId: number, message: RecordedMessage, bytes: number, turn: TurnTimes): number {
    if (this.#released) return 0
    const began = turn.turnTime
    const startedAtMs = began + turn.wallOffset
    const waitedMs = began - message.arrivedAt
    this.#began = began
    const f64 = this.#f64
    const u32 = this.#u32
    const flight = ++this.#flights
    const f = this.#ringF + ((flight - 1) & this.#mask) * (FLIGHT_BYTES / 8)
    f64[f + F_SEQUENCE] = 0
    f64[f + F_AT] = startedAtMs
    f64[f + F_SENDER] = message.sender
    f64[f + F_SENDER_SEQUENCE] = message.sequence
    f64[f + F_CAUSE_ACTOR] = message.causeActor
    f64[f + F_CAUSE_SEQUENCE] = message.causeSequence
    f64[f + F_BYTES] = bytes
    f64[f + F_WAITED] = waitedMs
    u32[2 * f + F_KIND] = kindId
    u32[2 * f + F_OUTCOME] = 0
    f64[f + F_SEQUENCE] = flight
    const s = this.#slotF
    f64[s + S_FLIGHTS] = flight
    f64[s + S_HANDLING_SINCE] = startedAtMs
    const bucket = waitedMs < WAIT_LAST_MS ? 32 - Math.clz32(waitedMs * BUCKETS_PER_MS) : WAIT_BUCKETS - 1
    this.#count(S_WAITED + (waitedMs > 0 ? bucket : 0), 1)
    u32[this.#slotU + S_HANDLING_KIND] = kindId
    u32[this.#slotU + S_HANDLING] = 1
    return flight
  }

  endNow(outcome: OutcomeCode, depth: number, turn: TurnTimes): void {
    if (this.#released) return
    const tookMs = turn.turnTime - this.#began
    const f64 = this.#f64
    const f = this.#ringF + ((this.#flights - 1) & this.#mask) * (FLIGHT_BYTES / 8)
    f64[f + F_TOOK] = tookMs
    this.#u32[2 * f + F_OUTCOME] = outcome
    this.#u32[this.#slotU + S_DEPTH] = depth
    this.#u32[this.#slotU + S_HANDLING] = 0
    this.#count(S_HANDLED, 1)
    const busy = this.#slotF + S_BUSY_MS
    f64[busy] = f64[busy]! + tookMs
    if (outcome === OUTCOME_FAILED) this.#count(S_FAILED, 1)
  }

  end(tookMs: number, outcome: OutcomeCode, depth: number, record = this.#flights, busyMs = tookMs): void {
    if (this.#released) return
    const f64 = this.#f64
    const f = this.#ringF + ((record - 1) & this.#mask) * (FLIGHT_BYTES / 8)
    if (f64[f + F_SEQUENCE] === record) {
      f64[f + F_TOOK] = tookMs
      this.#u32[2 * f + F_OUTCOME] = outcome
    }
    this.#u32[this.#slotU + S_DEPTH] = depth
    if (record === this.#flights) this.#u32[this.#slotU + S_HANDLING] = 0
    this.#count(S_HANDLED, 1)
    this.#count(S_BUSY_MS, busyMs)
    if (outcome === OUTCOME_FAILED) this.#count(S_FAILED, 1)
  }

  depth(depth: number): void {
    if (!this.#released) this.#u32[this.#slotU + S_DEPTH] = depth
  }

  dropped(count: number): void {
    if (!this.#released) this.#count(S_DROPPED, count)
  }

  lost(count: number): void {
    if (!this.#released) this.#count(S_LOST, count)
  }

  state(state: ActorState): void {
    if (!this.#released) this.#u32[this.#slotU + S_STATE] = ACTOR_STATES.indexOf(state)
  }

  begun(restarts: number, at: number): void {
    if (this.#released) return
    this.#u32[this.#slotU + S_RESTARTS] = restarts
    this.#u32[this.#slotU + S_HANDLING] = 0
    this.#u32[this.#slotU + S_RESTING] = 0
    this.#f64[this.#slotF + S_STARTED_AT] = at
  }

  resting(resting: boolean): void {
    if (!this.#released) this.#u32[this.#slotU + S_RESTING] = resting ? 1 : 0
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#free()
  }

  #count(field: number, by: number): void {
    const at = this.#slotF + field
    this.#f64[at] = this.#f64[at]! + by
  }
}
