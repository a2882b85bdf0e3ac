/** Disconnect and its reasons (devp2p rlpx.md, "Disconnect"). */
import { encodeRlp, enterList, hasMore, rlpReader, takeUint, uintToBytes } from '../rlp.ts'

/** Any number that fits a byte; those that mean something are listed here, with geth's words for them below. */
export type DisconnectReason = number

export const DisconnectReason = {
  requested: 0x00,
  /** Never sent: what a broken connection is called on our side. */
  networkError: 0x01,
  protocolBreach: 0x02,
  uselessPeer: 0x03,
  tooManyPeers: 0x04,
  alreadyConnected: 0x05,
  incompatibleVersion: 0x06,
  invalidIdentity: 0x07,
  quitting: 0x08,
  unexpectedIdentity: 0x09,
  self: 0x0a,
  readTimeout: 0x0b,
  subprotocolError: 0x10,
  /** What a Disconnect that nobody can read is called on our side, as geth calls it. */
  invalid: 0xff,
} as const

const WORDS: ReadonlyMap<DisconnectReason, string> = new Map([
  [DisconnectReason.requested, 'disconnect requested'],
  [DisconnectReason.networkError, 'network error'],
  [DisconnectReason.protocolBreach, 'breach of protocol'],
  [DisconnectReason.uselessPeer, 'useless peer'],
  [DisconnectReason.tooManyPeers, 'too many peers'],
  [DisconnectReason.alreadyConnected, 'already connected'],
  [DisconnectReason.incompatibleVersion, 'incompatible p2p protocol version'],
  [DisconnectReason.invalidIdentity, 'invalid node identity'],
  [DisconnectReason.quitting, 'client quitting'],
  [DisconnectReason.unexpectedIdentity, 'unexpected identity'],
  [DisconnectReason.self, 'connected to self'],
  [DisconnectReason.readTimeout, 'read timeout'],
  [DisconnectReason.subprotocolError, 'subprotocol error'],
  [DisconnectReason.invalid, 'invalid disconnect reason'],
])

/** For logs and answers. */
export const disconnectWords = (reason: DisconnectReason): string =>
  WORDS.get(reason) ?? `unknown disconnect reason ${reason}`

/** A list, as specified. */
export const encodeDisconnect = (reason: DisconnectReason): Uint8Array => encodeRlp([uintToBytes(BigInt(reason))])

/**
 * Never refuses, since the connection ends in any case: `invalid` stands for what cannot be read. Besides the list, geth
 * before 1.15 sent the bare byte (0 too, which is no integer of RLP), and some send nothing or an empty list, which mean
 * `requested`.
 */
export function decodeDisconnect(payload: Uint8Array): DisconnectReason {
  if (payload.length === 0) return DisconnectReason.requested
  if (payload.length === 1 && payload[0]! < STRING_MIN) return payload[0]!
  const reader = rlpReader(payload)
  if (payload[0]! >= LIST_MIN) {
    enterList(reader)
    if (reader.error === undefined && !hasMore(reader)) return DisconnectReason.requested
  }
  const reason = Number(takeUint(reader, 1))
  return reader.error === undefined ? reason : DisconnectReason.invalid
}

/** First byte of a string, and of a list (Yellow Paper, appendix B). */
const STRING_MIN = 0x80
const LIST_MIN = 0xc0
