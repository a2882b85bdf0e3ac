/** The other end of a connection, spoken by hand: for peers that keep to no rule. */
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { initiatorExchange } from '../../../actors/session/key-exchange.ts'
import { BaseCode } from '../../../protocols/devp2p/base-protocol.ts'
import type { Capability } from '../../../protocols/devp2p/capability.ts'
import { encodeHello } from '../../../protocols/devp2p/hello.ts'
import { type Channel, type Message, rlpxChannel } from '../../../protocols/rlpx/channel.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { keyOf, until } from './rig.ts'

const VERSION = 5

export type RawPeer = {
  readonly socket: Socket
  /** Set by `shakeHands`. */
  channel: Channel
  /** What has come since. */
  readonly messages: Message[]
  readonly isClosed: () => boolean
  /** The cryptographic handshake with the node of `remote`. */
  shakeHands(remote: Uint8Array): Promise<void>
  hello(more?: Partial<Parameters<typeof encodeHello>[0]>): void
  send(code: number, payload: Uint8Array): void
  /** Hello of both ends, compressed from then on. */
  greet(capabilities?: readonly Capability[]): Promise<void>
}

export async function rawPeer(port: number, number = 200): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  onTestFinished(() => void socket.destroy())
  let isClosed = false
  const chunks: Uint8Array[] = []
  let take = (chunk: Uint8Array): void => void chunks.push(chunk)
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isClosed = true
  })
  socket.on('data', (chunk: Buffer) => take(new Uint8Array(chunk)))
  await new Promise((resolve) => socket.once('connect', resolve))
  const key = keyOf(number)
  const messages: Message[] = []

  const peer: RawPeer = {
    socket,
    channel: undefined as unknown as Channel,
    messages,
    isClosed: () => isClosed,
    async shakeHands(remote) {
      const begun = initiatorExchange(realCiphers, key, remote, seededRandom('raw peer').bytes)
      if (!begun.ok) throw new Error(begun.error.code)
      socket.write(begun.value.auth)
      let isDone = false
      const exchange = (chunk: Uint8Array): void => {
        const exchanged = begun.value.exchange(chunk)
        if (!exchanged.ok) throw new Error(exchanged.error.code)
        if (exchanged.value === undefined) return
        peer.channel = rlpxChannel(realCiphers, exchanged.value.secrets)
        take = (more) => {
          peer.channel.feed(more)
          for (;;) {
            const next = peer.channel.next()
            // A Disconnect in the place of what we expected may be compressed otherwise.
            if (!next.ok || next.value === undefined) return
            messages.push(next.value)
            if (next.value.code === BaseCode.hello) peer.channel.helloReceived(VERSION)
          }
        }
        isDone = true
        take(exchanged.value.rest)
      }
      for (const chunk of chunks.splice(0)) exchange(chunk)
      take = exchange
      await until(() => isDone)
    },
    hello(more) {
      const payload = encodeHello({
        version: VERSION,
        clientId: `raw/${number}`,
        capabilities: [{ name: 'test', version: 1 }],
        listenPort: 0,
        publicKey: key.publicKey,
        ...more,
      })
      peer.send(BaseCode.hello, payload)
    },
    send(code, payload) {
      const frame = peer.channel.write(code, payload)
      if (!frame.ok) throw new Error(frame.error.code)
      socket.write(frame.value)
    },
    async greet(capabilities = [{ name: 'test', version: 1 }]) {
      peer.hello({ capabilities })
      await until(() => messages.some(({ code }) => code === BaseCode.hello))
    },
  }
  return peer
}
