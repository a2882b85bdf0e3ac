import type { SessionLimits } from './messages.ts'

/** geth p2p/dial.go (defaultDialTimeout), p2p/transport.go (handshakeTimeout, frameReadTimeout, frameWriteTimeout), p2p/peer.go. */
export const SESSION_LIMITS: SessionLimits = {
  dialMs: 15_000,
  handshakeMs: 5_000,
  readMs: 30_000,
  writeMs: 20_000,
  pingMs: 15_000,
  // Two messages of the largest size there is.
  writeQueueBytes: 32 * 1024 * 1024,
}

/** Bytes of the socket that are read ahead of what was handled. */
export const READ_AHEAD_BYTES = 64 * 1024
/** Above this many bytes that wait for the socket nothing more is read: who asks must take the answers. */
export const WRITE_QUEUE_REST_BYTES = 1024 * 1024
/** Frames are written together until they have so many bytes. */
export const WRITE_TOGETHER_BYTES = 32 * 1024
/** Messages, and bytes of them, that wait to be taken before nothing more is read. */
export const INFLOW_MESSAGES_MAX = 64
export const INFLOW_BYTES_MAX = 256 * 1024
/** Messages handled in one go, so that one busy peer does not hold the thread. */
export const MESSAGES_PER_TURN = 32
/** Answers to pings that wait for the socket (geth p2p/peer.go, `pingRecv`). */
export const BASE_QUEUE_MAX = 16
/** Milliseconds in which an ask for messages is answered even if there are none. */
export const INFLOW_POLL_MS = 30_000
/** Milliseconds for the last words to leave (geth p2p/transport.go, `discWriteTimeout`). */
export const FAREWELL_MS = 1_000
/** Milliseconds for which an ended session waits for who takes what it has left. */
export const LINGER_MS = 30_000
/** Characters of a client's name that are kept. */
export const CLIENT_NAME_CHARACTERS_MAX = 256
