/** Two ends of a connection in memory, whose bytes arrive in pieces of any size. */
import { concatBytes } from '../../../protocols/bytes.ts'
import type { Result } from '../../../protocols/result.ts'
import { type Channel, type ChannelError, type Message, rlpxChannel } from '../../../protocols/rlpx/channel.ts'
import {
  acceptAuth,
  completeHandshake,
  drawHandshake,
  drawKeyPair,
  initiate,
  type KeyPair,
} from '../../../protocols/rlpx/handshake.ts'
import { ackReader, authReader, type PacketForm, type PacketReader } from '../../../protocols/rlpx/handshake-packet.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'
import { type SeededRandom, seededRandom } from '../../../runtime/simulation/random.ts'

export type End = { readonly key: KeyPair; readonly remote: Uint8Array; readonly channel: Channel }
export type SessionPair = { readonly random: SeededRandom; readonly dialer: End; readonly listener: End }

/** Both ends after a handshake. */
export function sessionPair(seed: string, form: PacketForm = 'eip8'): SessionPair {
  const random = seededRandom(seed)
  const take = (count: number): Uint8Array => random.bytes(count)
  const [dialer, listener] = [drawKeyPair(take), drawKeyPair(take)]
  const initiation = granted(initiate(realCiphers, dialer, listener.publicKey, drawHandshake(take), form))
  const auth = readPacket(authReader(realCiphers, listener.secretKey), initiation.auth, random)
  const accepted = granted(acceptAuth(realCiphers, listener, auth, drawHandshake(take)))
  const ack = readPacket(ackReader(realCiphers, dialer.secretKey), accepted.ack, random)
  const completed = granted(completeHandshake(initiation, ack))
  return {
    random,
    dialer: { key: dialer, remote: completed.remote, channel: rlpxChannel(realCiphers, completed.secrets) },
    listener: { key: listener, remote: accepted.remote, channel: rlpxChannel(realCiphers, accepted.secrets) },
  }
}

/** Every message that `to` makes of `wire`, which comes in pieces; ends at the first refusal. */
export function deliver(
  to: Channel,
  wire: Uint8Array,
  random: SeededRandom,
  received: (message: Message) => void = () => {},
): { readonly messages: readonly Message[]; readonly refusal: ChannelError | undefined } {
  const messages: Message[] = []
  for (const piece of pieces(wire, random)) {
    to.feed(piece)
    // Now and then the next piece comes before the last is looked at, as when a socket is drained late.
    if (random.integer(LATE_EVERY) === 0) continue
    const refusal = drain(to, messages, received)
    if (refusal !== undefined) return { messages, refusal }
  }
  return { messages, refusal: drain(to, messages, received) }
}

export function granted<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

const LATE_EVERY = 4
/** One cut in so many leaves a single byte. */
const TINY_EVERY = 8

function drain(from: Channel, messages: Message[], received: (message: Message) => void): ChannelError | undefined {
  for (;;) {
    const next = from.next()
    if (!next.ok) return next.error
    if (next.value === undefined) return undefined
    messages.push(next.value)
    received(next.value)
  }
}

function* pieces(wire: Uint8Array, random: SeededRandom): Generator<Uint8Array> {
  const most = 1 + random.integer(Math.max(1, wire.length))
  for (let at = 0; at < wire.length; ) {
    const size = random.integer(TINY_EVERY) === 0 ? 1 : 1 + random.integer(most)
    yield wire.slice(at, at + size) // its own memory: a reader may not count on what lies around it
    at += size
  }
}

function readPacket<B>(reader: PacketReader<B>, packet: Uint8Array, random: SeededRandom) {
  let rest: Uint8Array = new Uint8Array(0)
  let opened: ReturnType<PacketReader<B>['feed']> | undefined
  for (const piece of pieces(packet, random)) {
    opened = reader.feed(piece)
    if (!opened.ok) break
    rest = concatBytes(rest, opened.value?.rest ?? new Uint8Array(0))
  }
  const last = granted(opened!)
  if (last === undefined || rest.length > 0) throw new Error('the packet was not read to its end')
  return last
}
