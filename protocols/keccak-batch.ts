/** Many messages to be hashed, in one buffer: each behind its length, 4 bytes big-endian. */
import { keccak256Batch } from './keccak256.ts'

const LENGTH_BYTES = 4

export function encodeMessages(messages: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(messages.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const message of messages) {
    view.setUint32(at, message.length)
    bytes.set(message, at + LENGTH_BYTES)
    at += LENGTH_BYTES + message.length
  }
  return bytes
}

/** @returns keccak256 of each, 32 bytes behind each other; undefined when the last message is cut. */
export function hashMessages(messages: Uint8Array): Uint8Array | undefined {
  const count = countMessages(messages)
  if (count === undefined) return undefined
  const view = new DataView(messages.buffer, messages.byteOffset, messages.length)
  const parts: Uint8Array[] = []
  for (let at = 0; parts.length < count; ) {
    const end = at + LENGTH_BYTES + view.getUint32(at)
    parts.push(messages.subarray(at + LENGTH_BYTES, end))
    at = end
  }
  return keccak256Batch(parts)
}

/** Undefined when the last is cut. */
export function countMessages(messages: Uint8Array): number | undefined {
  const view = new DataView(messages.buffer, messages.byteOffset, messages.length)
  let count = 0
  let at = 0
  for (; at + LENGTH_BYTES <= messages.length; count++) at += LENGTH_BYTES + view.getUint32(at)
  return at === messages.length ? count : undefined
}
