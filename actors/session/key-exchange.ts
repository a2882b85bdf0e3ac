/** Either end's part of the cryptographic handshake, fed with what the socket brings. */
import type { Ciphers } from '../../protocols/rlpx/ciphers.ts'
import {
  acceptAuth,
  completeHandshake,
  drawHandshake,
  type Established,
  type HandshakeError,
  initiate,
  type KeyPair,
} from '../../protocols/rlpx/handshake.ts'
import { ackReader, authReader, type PacketError } from '../../protocols/rlpx/handshake-packet.ts'
import { err, ok, type Result } from '../../runtime/result.ts'

export type Exchanged = Established & {
  /** To be sent before anything else. */
  readonly answer: Uint8Array | undefined
  /** What came behind, and belongs to the frames. */
  readonly rest: Uint8Array
}

/** Undefined until enough has come. After an answer or a refusal it is over. */
export type KeyExchange = (chunk: Uint8Array) => Result<Exchanged | undefined, PacketError | HandshakeError>

/** The end that connected. @returns what it sends first. */
export function initiatorExchange(
  ciphers: Ciphers,
  own: KeyPair,
  remote: Uint8Array,
  random: (count: number) => Uint8Array,
): Result<{ readonly auth: Uint8Array; readonly exchange: KeyExchange }, HandshakeError> {
  const initiation = initiate(ciphers, own, remote, drawHandshake(random))
  if (!initiation.ok) return initiation
  const reader = ackReader(ciphers, own.secretKey)
  const exchange: KeyExchange = (chunk) => {
    const opened = reader.feed(chunk)
    if (!opened.ok) return opened
    if (opened.value === undefined) return ok(undefined)
    const { rest } = opened.value
    const established = completeHandshake(initiation.value, opened.value)
    return established.ok ? ok({ ...established.value, answer: undefined, rest }) : established
  }
  return ok({ auth: initiation.value.auth, exchange })
}

/**
 * The end that was connected to. As in geth an auth that is replayed is answered: who replays it knows neither of the keys
 * that the frames are encrypted under, and so never gets beyond its Hello.
 */
export function recipientExchange(ciphers: Ciphers, own: KeyPair, random: (count: number) => Uint8Array): KeyExchange {
  const reader = authReader(ciphers, own.secretKey)
  return (chunk) => {
    const opened = reader.feed(chunk)
    if (!opened.ok) return opened
    if (opened.value === undefined) return ok(undefined)
    const { rest } = opened.value
    const accepted = acceptAuth(ciphers, own, opened.value, drawHandshake(random))
    if (!accepted.ok) return err(accepted.error)
    const { remote, secrets, ack } = accepted.value
    return ok({ remote, secrets, answer: ack, rest })
  }
}
