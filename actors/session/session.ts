/**
 * One RLPx connection from its first byte to its last (geth p2p/server.go `setupConn`, p2p/peer.go). What the socket brings is
 * noted and handled as a message to self; whatever is full downstream stops the reading of the socket, never this actor: it
 * goes on to write, to ping and to answer.
 */
import { concatBytes } from '../../protocols/bytes.ts'
import { BASE_PROTOCOL_VERSION, BaseCode, EMPTY_PAYLOAD } from '../../protocols/devp2p/base-protocol.ts'
import { matchCapabilities, ownerOfCode, type RunningCapability, wireCode } from '../../protocols/devp2p/capability.ts'
import { DisconnectReason, decodeDisconnect, encodeDisconnect } from '../../protocols/devp2p/disconnect.ts'
import { checkHello, decodeHello, encodeHello, firstMessage } from '../../protocols/devp2p/hello.ts'
import { type Channel, MESSAGE_BYTES_MAX, type Message, rlpxChannel } from '../../protocols/rlpx/channel.ts'
import { defineActor, reentrant } from '../../runtime/actor.ts'
import type { Connection, NetError, Timer } from '../../runtime/capabilities.ts'
import { err, ok, type Result } from '../../runtime/result.ts'
import { printableName } from './client-name.ts'
import { nameOfEnd, reasonSent } from './end-cause.ts'
import { inflowQueue } from './inflow.ts'
import { initiatorExchange, type KeyExchange, recipientExchange } from './key-exchange.ts'
import {
  BASE_QUEUE_MAX,
  FAREWELL_MS,
  INFLOW_POLL_MS,
  LINGER_MS,
  MESSAGES_PER_TURN,
  READ_AHEAD_BYTES,
  SESSION_LIMITS,
  WRITE_QUEUE_REST_BYTES,
  WRITE_TOGETHER_BYTES,
} from './limits.ts'
import type {
  Greeting,
  Inflow,
  OutgoingMessage,
  SessionDeps,
  SessionEnd,
  SessionMessages,
  SessionStats,
  SocketEvents,
  Verdict,
  WriteError,
} from './messages.ts'
import { trafficCount } from './traffic-count.ts'
import { type QueuedMessage, writeQueue } from './write-queue.ts'

type Phase =
  | { readonly at: 'connecting' }
  | { readonly at: 'handshake'; readonly exchange: KeyExchange }
  /** Waits for a checkpoint. */
  | { readonly at: 'handshaken'; readonly channel: Channel; readonly remote: Uint8Array }
  | { readonly at: 'hello'; readonly channel: Channel; readonly remote: Uint8Array }
  | { readonly at: 'greeted'; readonly channel: Channel; readonly running: readonly RunningCapability[] }
  | { readonly at: 'running'; readonly channel: Channel; readonly running: readonly RunningCapability[] }
  | { readonly at: 'over'; readonly end: SessionEnd; readonly running: readonly RunningCapability[] }

export const session = defineActor<SessionMessages, SessionDeps>({
  name: 'session',
  mailbox: { capacity: 64 },
  flightRecords: 16,
  lossy: { disconnect: { coalesce: '*' } },
  behavior(ctx, deps) {
    const limits = { ...SESSION_LIMITS, ...deps.limits }
    const traffic = trafficCount()
    const inflow = inflowQueue()
    const queue = writeQueue()
    let phase: Phase = { at: 'connecting' }
    let connection: Connection | undefined

    /** What the socket brought and nobody has handled, and how it ended. */
    let chunks: Uint8Array[] = []
    let chunkBytes = 0
    let ended: { readonly reason: NetError | undefined } | undefined
    let isPaused = false
    let isWoken = false
    /** Nothing of what came is left unhandled. */
    let isDry = true
    let hasRested = false

    let isBlocked = false
    let writeTimer: Timer | undefined
    let readTimer: Timer | undefined
    let handshakeTimer: Timer | undefined
    /** When the peer last completed a message, or was last allowed to. */
    let readAt = ctx.now()
    let pingedAt: number | undefined
    let roundTripMs: number | undefined

    let taker: { readonly since: number; answer(inflow: Inflow): void } | undefined

    // --- the socket ---

    const events: SocketEvents = {
      data(bytes) {
        chunks.push(bytes)
        chunkBytes += bytes.length
        isDry = false
        if (chunkBytes >= READ_AHEAD_BYTES && !isPaused) {
          isPaused = true
          connection?.pause()
        }
        wake()
      },
      drain() {
        isBlocked = false
        writeTimer?.cancel()
        wake()
      },
      end(reason) {
        ended ??= { reason }
        wake()
      },
    }

    /** One message to self stands for all that happened until it is handled. */
    function wake(): void {
      if (isWoken) return
      isWoken = true
      ctx.pipe(Promise.resolve(), 'woken', () => undefined)
    }

    function opened(given: Connection): void {
      connection = given
      ctx.own({
        close() {
          pump()
          farewell(DisconnectReason.quitting)
        },
      })
      readAt = ctx.now()
      handshakeTimer = ctx.after(limits.handshakeMs, 'handshakeOver')
    }

    if (deps.peer.is === 'inbound') {
      opened(deps.peer.held.connection)
      phase = { at: 'handshake', exchange: recipientExchange(ctx.ciphers, deps.key, ctx.random.bytes) }
      deps.peer.held.take(events)
    } else {
      const { address } = deps.peer
      void ctx.net.connect(address, limits.dialMs).then((connected) => {
        if (!connected.ok) {
          ended = { reason: connected.error }
        } else if (phase.at === 'over') {
          connected.value.close()
        } else {
          // Its handlers are due in this very turn.
          connected.value.handle(events)
          opened(connected.value)
        }
        wake()
      })
    }

    function dial(publicKey: Uint8Array) {
      const begun = initiatorExchange(ctx.ciphers, deps.key, publicKey, ctx.random.bytes)
      if (!begun.ok) return finish({ code: 'HANDSHAKE', cause: begun.error.code })
      connection!.write(begun.value.auth)
      phase = { at: 'handshake', exchange: begun.value.exchange }
    }

    function woken(): void {
      isWoken = false
      if (phase.at === 'connecting' && connection !== undefined && deps.peer.is === 'dialled') dial(deps.peer.publicKey)
      pump()
      read()
      // A peer that has said all and left is listened to up to its last word.
      if (ended !== undefined && phase.at !== 'over' && (isDry || ended.reason !== undefined)) {
        const cause = ended.reason?.code
        if (phase.at === 'connecting') finish({ code: 'CONNECT', cause: cause ?? 'NET_CLOSED' })
        else finish({ code: 'SOCKET', cause: cause ?? 'END' })
      }
      resume()
    }

    /** What comes is handled now, and not kept for later. */
    const isReading = (): boolean =>
      phase.at === 'handshake' || phase.at === 'hello' || (phase.at === 'running' && !isResting())
    const isResting = (): boolean =>
      inflow.isFull || queue.bytes >= WRITE_QUEUE_REST_BYTES || queue.baseCount >= BASE_QUEUE_MAX

    function resume(): void {
      if (!isPaused || chunkBytes >= READ_AHEAD_BYTES || phase.at === 'over') return
      isPaused = false
      connection?.resume()
    }

    // --- reading ---

    function read(): void {
      if (hasRested && isReading()) readAt = ctx.now()
      readOn()
      hasRested = !isReading()
    }

    function readOn() {
      for (let handled = 0; handled < MESSAGES_PER_TURN && isReading(); ) {
        if (phase.at === 'handshake') {
          if (!feedHandshake(phase.exchange)) return
          continue
        }
        if (phase.at !== 'hello' && phase.at !== 'running') return
        const next = phase.channel.next()
        if (!next.ok) return finish({ code: 'CHANNEL', cause: next.error.code })
        if (next.value !== undefined) {
          handled++
          readAt = ctx.now()
          if (phase.at === 'hello') greet(phase, next.value)
          else receive(phase, next.value)
          continue
        }
        const chunk = takeChunk()
        if (chunk === undefined) return
        phase.channel.feed(chunk)
      }
      if (isReading()) wake()
    }

    function takeChunk(): Uint8Array | undefined {
      const chunk = chunks.shift()
      if (chunk === undefined) isDry = true
      else chunkBytes -= chunk.length
      return chunk
    }

    /** @returns whether there is more to do at once */
    function feedHandshake(exchange: KeyExchange): boolean {
      const chunk = takeChunk()
      if (chunk === undefined) return false
      const exchanged = exchange(chunk)
      if (!exchanged.ok) {
        finish({ code: 'HANDSHAKE', cause: exchanged.error.code })
        return false
      }
      if (exchanged.value === undefined) return true
      const { remote, secrets, answer, rest } = exchanged.value
      if (answer !== undefined) connection!.write(answer)
      if (rest.length > 0) {
        chunks.unshift(rest)
        chunkBytes += rest.length
      }
      handshakeTimer?.cancel()
      phase = { at: 'handshaken', channel: rlpxChannel(ctx.ciphers, secrets), remote }
      const asked = ctx.ask(deps.p2p, 'handshaken', {
        session: deps.session,
        publicKey: remote.slice(),
        remote: connection!.remote,
      })
      ctx.pipe(asked, 'judged', (settled) => ({ at: 'handshaken' as const, verdict: verdictOf(settled) }))
      return false
    }

    function greet(at: Phase & { at: 'hello' }, message: Message) {
      const first = firstMessage(message.code)
      if (!first.ok) return finish({ code: 'HELLO', cause: first.error.code })
      traffic.received(message.code, frameBytes(message.wireBytes))
      if (first.value === 'disconnect') return finish({ code: 'REMOTE', reason: decodeDisconnect(message.payload) })
      const decoded = decodeHello(message.payload)
      // The other end has our Hello, and expects what follows to be compressed, be it the reason why nothing follows.
      at.channel.helloReceived(decoded.ok ? decoded.value.version : BASE_PROTOCOL_VERSION)
      const hello = decoded.ok ? checkHello(decoded.value, at.remote) : decoded
      if (!hello.ok) return finish({ code: 'HELLO', cause: hello.error.code })
      const { capabilities, clientId } = hello.value
      phase = { at: 'greeted', channel: at.channel, running: matchCapabilities(deps.spoken, capabilities) }
      const greeting: Greeting = {
        session: deps.session,
        local: connection!.local,
        remote: connection!.remote,
        clientName: printableName(clientId),
        capabilities,
      }
      const asked = ctx.ask(deps.p2p, 'greeted', greeting)
      ctx.pipe(asked, 'judged', (settled) => ({ at: 'greeted' as const, verdict: verdictOf(settled) }))
    }

    function judged(at: 'handshaken' | 'greeted', verdict: Verdict) {
      if (phase.at !== at) return
      if (!verdict.ok) return finish({ code: 'REFUSED', reason: verdict.error.reason })
      readAt = ctx.now()
      if (phase.at === 'handshaken') {
        phase = { at: 'hello', channel: phase.channel, remote: phase.remote }
        const hello = encodeHello({
          version: BASE_PROTOCOL_VERSION,
          clientId: deps.clientName,
          capabilities: deps.spoken,
          listenPort: 0,
          publicKey: deps.key.publicKey,
        })
        const frame = frameOf(phase.channel, { code: BaseCode.hello, payload: hello })
        if (frame !== undefined) put(frame)
        readTimer = ctx.after(limits.readMs, 'readOver')
      } else if (phase.at === 'greeted') {
        phase = { at: 'running', channel: phase.channel, running: phase.running }
        ctx.every(limits.pingMs, 'keepalive')
      }
      woken()
    }

    function receive({ running }: Phase & { at: 'running' }, { code, payload, wireBytes }: Message) {
      const owner = ownerOfCode(running, code)
      if (!owner.ok) return finish({ code: 'CODE_UNASSIGNED', messageCode: code })
      traffic.received(code, frameBytes(wireBytes))
      if (owner.value.of === 'capability') {
        inflow.add({ capability: owner.value.capability.name, code: owner.value.code, payload: alone(payload) })
        offer()
        return
      }
      switch (code) {
        case BaseCode.ping:
          queue.addBase({ code: BaseCode.pong, payload: EMPTY_PAYLOAD })
          return wake()
        case BaseCode.pong:
          if (pingedAt !== undefined) roundTripMs = ctx.now() - pingedAt
          pingedAt = undefined
          return
        case BaseCode.disconnect:
          return finish({ code: 'REMOTE', reason: decodeDisconnect(payload) })
        default: // a second Hello, and codes without a meaning yet
      }
    }

    function offer(): void {
      if (taker === undefined) return
      const end = phase.at === 'over' ? phase.end : undefined
      if (inflow.count === 0 && end === undefined) return
      const { answer } = taker
      taker = undefined
      answer({ messages: inflow.takeAll(), ...(end !== undefined && { end }) })
      if (end !== undefined) ctx.end()
    }

    // --- writing ---

    /** Hands messages to the socket as long as it takes them; small ones together, since each write costs a system call. */
    function pump() {
      while (!isBlocked && phase.at === 'running') {
        const frames: Uint8Array[] = []
        const written: QueuedMessage['written'][] = []
        for (let bytes = 0; bytes < WRITE_TOGETHER_BYTES; ) {
          const message = queue.next()
          if (message === undefined) break
          written.push(message.written)
          const frame = frameOf(phase.channel, message)
          // The session is over, and none of them leaves.
          if (frame === undefined) {
            for (const told of written) told?.(false)
            return
          }
          frames.push(frame)
          bytes += frame.length
        }
        if (frames.length === 0) return
        put(frames.length === 1 ? frames[0]! : concatBytes(...frames))
        for (const told of written) told?.(true)
      }
    }

    /** Undefined where the message is too large for a frame, which ends the session. */
    function frameOf(channel: Channel, { code, payload }: QueuedMessage): Uint8Array | undefined {
      const frame = channel.write(code, payload)
      if (!frame.ok) {
        finish({ code: 'MISUSED', cause: 'MESSAGE_SIZE' })
        return undefined
      }
      traffic.sent(code, frame.value.length)
      return frame.value
    }

    function put(bytes: Uint8Array): void {
      isBlocked = !connection!.write(bytes)
      if (isBlocked && ended === undefined) writeTimer = ctx.after(limits.writeMs, 'writeOver')
    }

    function enqueue(message: OutgoingMessage, written?: QueuedMessage['written']): Result<void, WriteError> {
      if (phase.at !== 'running') return err({ code: 'SESSION_OVER' })
      const capability = phase.running.find(({ name }) => name === message.capability)
      if (capability === undefined) return err({ code: 'CAPABILITY_NOT_RUNNING' })
      const code = wireCode(capability, message.code)
      if (!code.ok) return err({ code: 'MESSAGE_CODE' })
      const { payload } = message
      if (payload.length > MESSAGE_BYTES_MAX) return err({ code: 'MESSAGE_SIZE' })
      if (queue.bytes > 0 && queue.bytes + payload.length > limits.writeQueueBytes) {
        finish({ code: 'WRITE_QUEUE_FULL' })
        return err({ code: 'SESSION_OVER' })
      }
      queue.add({ code: code.value, payload, ...(written !== undefined && { written }) })
      wake()
      return ok(undefined)
    }

    /** A protocol of ours that speaks what it may not is a bug, and no fault of the peer: it is told, and the session ends. */
    function misused(error: WriteError, { capability, code }: OutgoingMessage): void {
      if (error.code === 'SESSION_OVER') return
      ctx.log.error('Protocol sent what it may not', { capability, code, error: error.code })
      finish({ code: 'MISUSED', cause: error.code })
    }

    // --- the end ---

    const stats = (): SessionStats => ({ session: deps.session, ...traffic.total(), roundTripMs })

    function finish(end: SessionEnd): void {
      if (phase.at === 'over') return
      ctx.log.debug('Session over', { end: nameOfEnd(end), at: phase.at, remote: connection?.remote.host })
      farewell(reasonSent(end))
      const hasRun = phase.at === 'running'
      phase = { at: 'over', end, running: 'running' in phase ? phase.running : [] }
      for (const timer of [handshakeTimer, readTimer, writeTimer]) timer?.cancel()
      queue.clear()
      chunks = []
      chunkBytes = 0
      ctx.tell(deps.p2p, 'ended', { end, name: nameOfEnd(end), stats: stats() })
      if (hasRun) {
        // Somebody takes the messages of this session, and learns its end with the last of them.
        ctx.after(LINGER_MS, 'lingerOver')
        offer()
      } else ctx.end()
    }

    /** Says why, if there is a way to say it, and closes once that has left. Does nothing the second time. */
    function farewell(reason: DisconnectReason | undefined) {
      const closing = connection
      if (closing === undefined || phase.at === 'over') return
      const channel = 'channel' in phase ? phase.channel : undefined
      const words = reason === undefined ? undefined : channel?.write(BaseCode.disconnect, encodeDisconnect(reason))
      if (words?.ok !== true || ended !== undefined) return closing.close()
      traffic.sent(BaseCode.disconnect, words.value.length)
      closing.write(words.value)
      closing.end()
      const timer = ctx.clock.schedule(FAREWELL_MS, () => closing.close())
      // What still comes is read, lest the system resets the connection before the last words have arrived.
      closing.handle({
        data() {},
        end() {
          timer.cancel()
          closing.close()
        },
      })
      closing.resume()
    }

    return {
      send(message) {
        const queued = enqueue(message)
        if (!queued.ok) misused(queued.error, message)
      },
      write: reentrant((message) => {
        return new Promise<Result<void, WriteError>>((resolve) => {
          const written = (isWritten: boolean): void =>
            resolve(isWritten ? ok(undefined) : err({ code: 'SESSION_OVER' }))
          const queued = enqueue(message, written)
          if (!queued.ok) resolve(queued)
        })
      }),
      disconnect({ reason }) {
        // What was sent before is sent before.
        pump()
        finish({ code: 'LOCAL', reason })
      },
      takeMessages: reentrant((_nothing, { signal }) => {
        return new Promise<Inflow>((resolve) => {
          taker?.answer({ messages: [] })
          const taking = { since: ctx.now(), answer: resolve }
          taker = taking
          // Whoever asked has ended; what comes from now on is for nobody.
          signal.addEventListener('abort', () => {
            if (taker === taking) taker = undefined
            resolve({ messages: [] })
          })
          offer()
          woken()
        })
      }),
      info: () => ({
        session: deps.session,
        state: phase.at,
        stats: stats(),
        codes: traffic.byCode('running' in phase ? phase.running : []),
        queuedBytes: queue.bytes,
        inflowBytes: inflow.bytes,
        isResting: phase.at === 'running' && isResting(),
      }),
      woken,
      judged: ({ at, verdict }) => judged(at, verdict),
      handshakeOver: () => finish({ code: 'HANDSHAKE_TIMEOUT' }),
      readOver() {
        if (phase.at === 'over') return
        // While we rest, or decide, the peer is not late.
        if (!isReading()) readAt = ctx.now()
        const leftMs = readAt + limits.readMs - ctx.now()
        if (leftMs <= 0) return finish({ code: 'READ_TIMEOUT' })
        readTimer = ctx.after(leftMs, 'readOver')
      },
      writeOver() {
        if (isBlocked) finish({ code: 'WRITE_TIMEOUT' })
      },
      lingerOver: () => ctx.end(),
      keepalive() {
        if (phase.at !== 'running') return
        if (pingedAt === undefined) pingedAt = ctx.now()
        if (queue.baseCount < BASE_QUEUE_MAX) queue.addBase({ code: BaseCode.ping, payload: EMPTY_PAYLOAD })
        pump()
        ctx.tell(deps.p2p, 'stats', stats())
        if (taker !== undefined && ctx.now() - taker.since >= INFLOW_POLL_MS) {
          const { answer } = taker
          taker = undefined
          answer({ messages: [] })
        }
      },
    }
  },
})

/** A p2p that gives no verdict is on its way out, or back. */
const verdictOf = (settled: Result<Result<Verdict, unknown>, unknown>): Verdict =>
  settled.ok && settled.value.ok ? settled.value.value : err({ reason: DisconnectReason.quitting })

/** Of a frame with a payload of so many bytes behind a code of one (devp2p rlpx.md, "Framing"). */
const frameBytes = (wireBytes: number): number => 48 + 16 * Math.ceil((1 + wireBytes) / 16)

/** What crosses to another thread must own its buffer. */
const alone = (payload: Uint8Array): Uint8Array =>
  payload.byteLength === payload.buffer.byteLength ? payload : payload.slice()
