/** Where everything stands in an arena: one SharedArrayBuffer that its thread writes and every thread reads. */
import type { ActorState, DeadLetter, FlightRecord, ThreadView } from '../inspection.ts'

/** "TRUP": tells an arena from any other shared buffer. */
export const ARENA_MAGIC = 0x54_52_55_50
export const ARENA_VERSION = 1

/** Actors with a slot of their own; more are counted as overflow and not shown. */
export const ARENA_ACTORS_DEFAULT = 1024
/** Most slots an arena may be asked for: 2 MiB of them. */
export const ARENA_ACTORS_MAX = 4096
/** Bytes of an arena: room for 1,024 slots with 16 flight records each, and for 60 subsystems with 256. Untouched pages cost nothing. */
export const ARENA_BYTES_DEFAULT = 4 * 1024 * 1024

/** Bytes of UTF-8 of an actor path; longer ones are cut. */
export const PATH_BYTES_MAX = 160
/** Bytes of UTF-8 of an interned string (message kinds); longer ones are cut. */
export const STRING_BYTES_MAX = 96
/** Interned strings of one arena: some hundreds of message kinds exist. */
export const STRINGS_MAX = 2048
export const STRING_HEAP_BYTES = 64 * 1024
export const THREAD_NAME_BYTES_MAX = 64
/** Dead letters kept; the total goes on counting. */
export const DEAD_LETTERS_KEPT = 256
export const WAIT_BUCKETS = 16
/** Upper end of the first waiting-time bucket, milliseconds; each next one doubles. */
export const WAIT_BUCKET_MS = 0.016

export const ACTOR_STATES: readonly ActorState[] = [
  'starting',
  'running',
  'paused',
  'restarting',
  'stopping',
  'stopped',
  'failed',
]
export const THREAD_STATES: readonly ThreadView['state'][] = ['starting', 'running', 'hung', 'ended']
export const OUTCOMES: readonly FlightRecord['outcome'][] = ['running', 'ok', 'failed', 'expired', 'cancelled']
export const DEAD_LETTER_REASONS: readonly DeadLetter['reason'][] = [
  'NO_ACTOR',
  'STOPPED',
  'LOST_WITH_THREAD',
  'SENDER_STOPPED',
  'UNKNOWN_KIND',
  'NOT_CLONEABLE',
  'OUTBOX_FULL',
]

/** How a handled message ended, as `ActorRecorder.end` takes it: the index into `OUTCOMES`. */
export const OUTCOME_OK = 1
export const OUTCOME_FAILED = 2
export const OUTCOME_EXPIRED = 3
export const OUTCOME_CANCELLED = 4
export type OutcomeCode = typeof OUTCOME_OK | typeof OUTCOME_FAILED | typeof OUTCOME_EXPIRED | typeof OUTCOME_CANCELLED

/** Header: 32-bit fields by index of a Uint32Array over the buffer. */
export const H_MAGIC = 0
export const H_VERSION = 1
export const H_EPOCH = 2
export const H_STATE = 3
export const H_BEATS = 4
export const H_ACTORS_MAX = 5
/** Slots ever used: the reader need not look beyond. */
export const H_SLOTS_USED = 6
/** Interned strings that are complete: stored atomically after their bytes. */
export const H_STRINGS = 7
export const H_OVERFLOW_ACTORS = 8
export const H_OVERFLOW_STRINGS = 9
export const H_OVERFLOW_FLIGHTS = 10
export const H_THREAD_NAME_LENGTH = 11
/** Header: 64-bit floats by index of a Float64Array over the buffer. */
export const H_BEAT_AT = 8
export const H_HEAP_USED = 9
export const H_EXTERNAL = 10
export const H_DEAD_LETTERS = 11
/** Dead-letter records written: merged repetitions count once here. */
export const H_DEAD_RECORDS = 12
/** Byte offset of the thread's name. */
export const H_THREAD_NAME = 128
export const HEADER_BYTES = 256

/** String table: byte offset and byte length of each string, then the bytes. */
export const STRINGS_OFFSET = HEADER_BYTES
export const STRING_HEAP_OFFSET = STRINGS_OFFSET + STRINGS_MAX * 8

/** Dead letter: floats 0…2, 32-bit fields 6…9, then the two paths. */
export const DEAD_OFFSET = STRING_HEAP_OFFSET + STRING_HEAP_BYTES
export const D_SEQUENCE = 0
export const D_AT = 1
export const D_COUNT = 2
export const D_KIND = 6
export const D_REASON = 7
export const D_TO_LENGTH = 8
export const D_FROM_LENGTH = 9
export const D_TO = 40
export const D_FROM = D_TO + PATH_BYTES_MAX
export const DEAD_BYTES = 384

/** Actor slot: 32-bit fields 0…11, floats 8…34, then the path. */
export const SLOTS_OFFSET = DEAD_OFFSET + DEAD_LETTERS_KEPT * DEAD_BYTES
export const SLOT_BYTES = 512
/** Odd while an actor owns the slot; stored atomically, so a reader knows a slot that changed hands under it. */
export const S_GENERATION = 0
export const S_STATE = 1
export const S_RESTARTS = 2
export const S_CAPACITY = 3
export const S_RESTING = 4
export const S_DEPTH = 5
export const S_HIGH_WATER = 6
export const S_PATH_LENGTH = 7
export const S_HANDLING = 8
export const S_HANDLING_KIND = 9
export const S_FLIGHT_OFFSET = 10
export const S_FLIGHT_RECORDS = 11
export const S_UID = 8
export const S_STARTED_AT = 9
export const S_RECEIVED = 10
export const S_HANDLED = 11
export const S_DROPPED = 12
export const S_LOST = 13
export const S_FAILED = 14
export const S_BUSY_MS = 15
export const S_HANDLING_SINCE = 16
export const S_FLIGHTS = 17
export const S_WAITED = 18
export const S_PATH = (S_WAITED + WAIT_BUCKETS + 1) * 8

/** Flight record: floats 0…8, 32-bit fields 18 and 19. */
export const FLIGHT_BYTES = 80
export const F_SEQUENCE = 0
export const F_AT = 1
export const F_SENDER = 2
export const F_SENDER_SEQUENCE = 3
export const F_CAUSE_ACTOR = 4
export const F_CAUSE_SEQUENCE = 5
export const F_BYTES = 6
export const F_WAITED = 7
export const F_TOOK = 8
export const F_KIND = 18
export const F_OUTCOME = 19

/** Byte offset of the first flight ring: behind the slots, the spare slot of actors without one, and a spare record. */
export const flightsOffset = (actorsMax: number): number => SLOTS_OFFSET + (actorsMax + 1) * SLOT_BYTES
