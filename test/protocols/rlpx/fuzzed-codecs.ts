/** Every codec of RLPx and of the base protocol under bytes that were tampered with; small here, large in test/soak. */
import { bytesEqual, concatBytes } from '../../../protocols/bytes.ts'
import { ETH_66, ETH_67, ETH_68, ETH_69, matchCapabilities, SNAP_1 } from '../../../protocols/devp2p/capability.ts'
import { decodeDisconnect, disconnectWords, encodeDisconnect } from '../../../protocols/devp2p/disconnect.ts'
import { decodeHello, encodeHello } from '../../../protocols/devp2p/hello.ts'
import { keccak256Stream } from '../../../protocols/keccak256.ts'
import { frameReader, frameWriter } from '../../../protocols/rlpx/frame.ts'
import { frameMac } from '../../../protocols/rlpx/frame-mac.ts'
import { drawHandshake, drawKeyPair, initiate } from '../../../protocols/rlpx/handshake.ts'
import { decodeAck, decodeAuth, encodeAck, encodeAuth } from '../../../protocols/rlpx/handshake-body.ts'
import { authReader } from '../../../protocols/rlpx/handshake-packet.ts'
import { deflateSnappy, inflateSnappy } from '../../../protocols/snappy.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'
import { type SeededRandom, seededRandom } from '../../../runtime/simulation/random.ts'
import { mutated } from './mutation.ts'

/** What one tampered input gave: 'taken', or the code of the refusal. Throws where something did not hold. */
type Codec = { readonly name: string; open(random: SeededRandom): (random: SeededRandom) => string }

/** How often each code was answered, by codec. */
export type Tally = { readonly [codec: string]: { readonly [outcome: string]: number } }

/** @param count tampered inputs per codec */
export function fuzzCodecs(count: number, seed: string): Tally {
  const tally: Record<string, Record<string, number>> = {}
  for (const { name, open } of CODECS) {
    const random = seededRandom(`${seed} ${name}`)
    const step = open(random)
    const outcomes: Record<string, number> = {}
    for (let i = 0; i < count; i++) {
      const outcome = step(random)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
    tally[name] = outcomes
  }
  return tally
}

const holds = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}
const outcomeOf = (result: { ok: true } | { ok: false; error: { code: string } }): string =>
  result.ok ? 'taken' : result.error.code

const bodies: Codec = {
  name: 'handshake bodies',
  open(random) {
    const fields = { nonce: random.bytes(32), version: 4n }
    const auth = encodeAuth({ signature: random.bytes(65), publicKey: random.bytes(64), ...fields })
    const ack = encodeAck({ ephemeralKey: random.bytes(64), ...fields })
    return () => {
      const first = decodeAuth(mutated(auth, random))
      if (first.ok) {
        const { signature, publicKey, nonce } = first.value
        holds(signature.length === 65 && publicKey.length === 64 && nonce.length === 32, 'fields of other lengths')
        holds(decodeAuth(encodeAuth(first.value)).ok, 'an auth that was taken does not come back')
      }
      const second = decodeAck(mutated(ack, random))
      if (second.ok) holds(decodeAck(encodeAck(second.value)).ok, 'an ack that was taken does not come back')
      return outcomeOf(first)
    }
  },
}

const packets: Codec = {
  name: 'handshake packets',
  open(random) {
    const take = (count: number): Uint8Array => random.bytes(count)
    const [initiator, recipient] = [drawKeyPair(take), drawKeyPair(take)]
    const sound = (['eip8', 'plain'] as const).map((form) => {
      const initiation = initiate(realCiphers, initiator, recipient.publicKey, drawHandshake(take), form)
      if (!initiation.ok) throw new Error(initiation.error.code)
      return initiation.value.auth
    })
    return () => {
      const packet = sound[random.integer(2)]!
      const tampered = mutated(packet, random)
      const opened = authReader(realCiphers, recipient.secretKey).feed(tampered)
      if (!opened.ok) return opened.error.code === 'HANDSHAKE_ECIES' ? opened.error.cause.code : opened.error.code
      if (opened.value === undefined) return 'more is needed'
      // All of a packet is authenticated, so only what came behind it can have been changed.
      holds(bytesEqual(opened.value.packet, packet), 'a tampered packet was opened')
      return 'taken'
    }
  },
}

const frames: Codec = {
  name: 'frames',
  open(random) {
    const key = random.bytes(32)
    const ends = () =>
      [
        realCiphers.counterMode(key, new Uint8Array(16)),
        frameMac(keccak256Stream().update(key), realCiphers.block(key)),
      ] as const
    const write = frameWriter(...ends())
    const payloads = [0, 1, 40, 300].map((length) => random.bytes(length))
    const wire = concatBytes(
      ...payloads.map((payload, code) => {
        const frame = write(code, payload)
        if (!frame.ok) throw new Error(frame.error.code)
        return frame.value
      }),
    )
    return () => {
      const tampered = mutated(wire, random)
      const reader = frameReader(...ends(), 1 + random.integer(400))
      const cut = random.integer(tampered.length + 1)
      let taken = 0
      for (const piece of [tampered.subarray(0, cut), tampered.subarray(cut)]) {
        reader.feed(piece)
        for (;;) {
          const frame = reader.next()
          if (!frame.ok) return frame.error.code
          if (frame.value === undefined) break
          // What is taken is what was sent, in its order, from the first on.
          holds(frame.value.code === taken, 'a frame was skipped')
          holds(bytesEqual(frame.value.payload, payloads[taken]!), 'a tampered frame was taken')
          taken++
        }
      }
      return `${taken} taken`
    }
  },
}

/** No element of the format makes more than this many bytes out of one of its own. */
const SNAPPY_EXPANSION_MAX = 64 / 3

const snappy: Codec = {
  name: 'snappy',
  open(random) {
    const sound = [0, 5, 70, 500, 3_000].map((length) =>
      deflateSnappy(random.bytes(length).map((byte) => (byte < 100 ? 0 : byte & 3))),
    )
    return () => {
      const tampered = mutated(sound[random.integer(sound.length)]!, random)
      const inflated = inflateSnappy(tampered, 4_096)
      if (inflated.ok) {
        const { length } = inflated.value
        holds(length <= 4_096 && length <= SNAPPY_EXPANSION_MAX * tampered.length, `${length} bytes`)
      }
      return outcomeOf(inflated)
    }
  },
}

const hellos: Codec = {
  name: 'hello',
  open(random) {
    const spoken = [ETH_66, ETH_67, ETH_68, ETH_69, SNAP_1]
    const sound = encodeHello({
      version: 5,
      clientId: 'Geth/v1.17.6/linux-amd64/go1.26',
      capabilities: spoken,
      listenPort: 30_303,
      publicKey: random.bytes(64),
    })
    return () => {
      const hello = decodeHello(mutated(sound, random))
      if (!hello.ok) return outcomeOf(hello)
      const { capabilities, publicKey } = hello.value
      holds(publicKey.length === 64, 'an identity of another length')
      holds(
        capabilities.every(({ name }) => /^[!-~]{1,8}$/.test(name)),
        'a name that is no name',
      )
      const running = matchCapabilities(spoken, capabilities)
      holds(new Set(running.map(({ name }) => name)).size === running.length, 'a capability runs twice')
      const again = decodeHello(encodeHello(hello.value))
      // Bytes that are no UTF-8 become longer ones.
      holds(again.ok || again.error.code === 'HELLO_SIZE', 'a Hello that was taken does not come back')
      return 'taken'
    }
  },
}

const disconnects: Codec = {
  name: 'disconnect',
  open: () => (random) => {
    const reason = decodeDisconnect(mutated(encodeDisconnect(random.integer(256)), random))
    holds(Number.isInteger(reason) && reason >= 0 && reason <= 0xff, `reason ${reason}`)
    return disconnectWords(reason).startsWith('unknown') ? 'unknown' : reason === 0xff ? 'invalid' : 'known'
  },
}

const CODECS: readonly Codec[] = [bodies, packets, frames, snappy, hellos, disconnects]
