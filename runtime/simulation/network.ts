import type {
  Connection,
  Datagrams,
  HttpLimits,
  HttpRequest,
  HttpResponse,
  Listener,
  Net,
  NetAddress,
  NetError,
} from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { bytesMark } from './event-log.ts'
import { Link, type LinkConditions, LOOPBACK } from './link.ts'
import { type StreamEnd, simulatedStream } from './stream.ts'
import type { SimulatedWorld } from './world.ts'

export type SimulatedNet = Net & {
  /** Connects to what `listenLocal` opened on this host. */
  connectLocal(path: string): Promise<Result<Connection, NetError>>
  /** Asks what `listenHttp` opened on this host; the limits on bodies and connections hold, time does not pass. */
  request(port: number, request: Partial<HttpRequest>): Promise<HttpResponse>
}

/** A good connection within a continent. */
const CONDITIONS_DEFAULT: LinkConditions = {
  delayMsMin: 10,
  delayMsMax: 50,
  lossRate: 0,
  duplicateRate: 0,
  bytesPerSecond: 12_500_000,
}
/** Bytes of one UDP datagram over IPv4: 65535 less the headers. */
const DATAGRAM_BYTES_MAX = 65507
/** The first port given out for port 0 (RFC 6335, dynamic ports). */
const EPHEMERAL_PORT_FIRST = 49152
const PORT_MAX = 65535
/** An answer of a resolver, in milliseconds. */
const RESOLVE_MS = 20
/** How long a connection attempt into a partition waits before it tries again, in milliseconds (RFC 6298). */
const CONNECT_RETRY_MS = 1000

type Accept = (connection: Connection) => void
type Receive = (from: NetAddress, bytes: Uint8Array) => void
type HttpServer = {
  readonly limits: HttpLimits
  readonly respond: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>
  open: number
}
type Host = {
  readonly name: string
  readonly streams: Map<number, Accept>
  readonly locals: Map<string, Accept>
  readonly datagrams: Map<number, Receive>
  readonly http: Map<number, HttpServer>
  readonly ends: Set<StreamEnd>
  nextPort: number
  /** Counts the host's deaths: attempts from before are void. */
  life: number
}

/**
 * Hosts that reach each other by name; a name may look like an IP address. An address of no host swallows everything, a host
 * without a listener refuses.
 */
export class SimulatedNetwork {
  readonly #world: SimulatedWorld
  readonly #defaults: LinkConditions
  readonly #hosts = new Map<string, Host>()
  readonly #links = new Map<string, Link>()
  readonly #texts = new Map<string, readonly (readonly string[])[]>()
  readonly #partitions = new Set<{ readonly a: ReadonlySet<string>; readonly b: ReadonlySet<string> }>()

  constructor(world: SimulatedWorld, conditions: Partial<LinkConditions> = {}) {
    this.#world = world
    this.#defaults = { ...CONDITIONS_DEFAULT, ...conditions }
  }

  /** The network as the host `name` sees it; the same host for the same name. */
  host(name: string): SimulatedNet {
    return this.#net(this.#host(name))
  }

  /** Changes the conditions from one host to another; the way back keeps its own. */
  setLink(from: string, to: string, conditions: Partial<LinkConditions>): void {
    const link = this.#link(from, to)
    link.conditions = { ...link.conditions, ...conditions }
  }

  /** What `resolveText` answers for a name from now on; undefined: it has no such record. */
  setTexts(name: string, texts: readonly (readonly string[])[] | undefined): void {
    if (texts === undefined) this.#texts.delete(name)
    else this.#texts.set(name, texts)
  }

  /** From now on nothing passes between `a` and `b`, in either direction, until `heal`. */
  partition(a: readonly string[], b: readonly string[]): { heal(): void } {
    const partition = { a: new Set(a), b: new Set(b) }
    this.#partitions.add(partition)
    this.#world.record('network', 'partition', `${a.join()} | ${b.join()}`)
    return {
      heal: () => {
        if (this.#partitions.delete(partition)) this.#healed()
      },
    }
  }

  /** Ends all partitions: streams that stalled go on. */
  heal(): void {
    this.#partitions.clear()
    this.#healed()
  }

  /** The process on host `name` dies: its listeners are gone, its connections reset. */
  crash(name: string): void {
    const host = this.#host(name)
    host.life++
    host.streams.clear()
    host.locals.clear()
    host.datagrams.clear()
    host.http.clear()
    for (const end of [...host.ends]) end.kill()
    this.#world.record(name, 'network crash')
  }

  #healed(): void {
    this.#world.record('network', 'heal')
    for (const link of this.#links.values()) link.recheck()
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      const maps = {
        streams: new Map(),
        locals: new Map(),
        datagrams: new Map(),
        http: new Map(),
        ends: new Set<StreamEnd>(),
      }
      host = { name, ...maps, nextPort: EPHEMERAL_PORT_FIRST, life: 0 }
      this.#hosts.set(name, host)
    }
    return host
  }

  #link(from: string, to: string): Link {
    const key = `${from}>${to}`
    let link = this.#links.get(key)
    if (link === undefined) {
      const blocked = (): boolean => {
        for (const { a, b } of this.#partitions)
          if ((a.has(from) && b.has(to)) || (a.has(to) && b.has(from))) return true
        return false
      }
      link = new Link(this.#world, from, to, from === to ? LOOPBACK : this.#defaults, blocked)
      this.#links.set(key, link)
    }
    return link
  }

  #net(host: Host): SimulatedNet {
    return {
      listen: async (at, accept) =>
        this.#bind(
          host,
          host.streams,
          at,
          accept,
          (port) => host.http.has(port),
          (address, free) => ({
            address,
            close: async () => free(),
          }),
        ),
      connect: (to, timeoutMs) => this.#connect(host, to, timeoutMs),
      bindDatagrams: async (at, receive) =>
        this.#bind(
          host,
          host.datagrams,
          at,
          receive,
          () => false,
          (address, free) => this.#datagrams(host, address, free),
        ),
      resolveText: (name) =>
        new Promise((resolve) => {
          const { life } = host
          this.#world.schedule(RESOLVE_MS, `${host.name} dns`, () => {
            if (host.life !== life) return
            const texts = this.#texts.get(name)
            this.#world.record(host.name, 'dns', name)
            resolve(
              texts === undefined
                ? err({ code: 'NET_NOT_FOUND', address: name, cause: 'the name has no such record' })
                : ok(texts.map((pieces) => [...pieces])),
            )
          })
        }),
      listenLocal: async (path, accept): Promise<Result<Listener, NetError>> => {
        if (host.locals.has(path)) return err(inUse(path))
        host.locals.set(path, accept)
        const close = async (): Promise<void> => {
          if (host.locals.get(path) === accept) host.locals.delete(path)
        }
        return ok({ address: { host: path, port: 0 }, close })
      },
      listenHttp: async (at, limits, respond, upgrade) => {
        if (upgrade !== undefined) {
          const address = `${at.host}:${at.port}`
          return err({ code: 'NET_DENIED', address, cause: 'WebSockets are not simulated: listen for HTTP alone' })
        }
        return this.#bind(
          host,
          host.http,
          at,
          { limits, respond, open: 0 },
          (port) => host.streams.has(port),
          (address, free) => ({
            address,
            close: async () => free(),
          }),
        )
      },
      connectLocal: (path) =>
        this.#open(
          host,
          host,
          () => host.locals.get(path),
          [
            { host: path, port: 0 },
            { host: path, port: 0 },
          ],
          path,
        ),
      request: (port, request) => this.#request(host, port, request),
    }
  }

  #bind<T, R>(
    host: Host,
    table: Map<number, T>,
    at: NetAddress,
    entry: T,
    takenElsewhere: (port: number) => boolean,
    opened: (address: NetAddress, free: () => void) => R,
  ): Result<R, NetError> {
    let port = at.port
    while (port === 0) {
      const candidate = host.nextPort
      host.nextPort = candidate === PORT_MAX ? EPHEMERAL_PORT_FIRST : candidate + 1
      if (!table.has(candidate) && !takenElsewhere(candidate)) port = candidate
    }
    if (table.has(port) || takenElsewhere(port)) return err(inUse(`${at.host}:${port}`))
    table.set(port, entry)
    const free = (): void => {
      if (table.get(port) === entry) table.delete(port)
    }
    const wildcard = at.host === '0.0.0.0' || at.host === '::' || at.host === ''
    return ok(opened({ host: wildcard ? host.name : at.host, port }, free))
  }

  #connect(host: Host, to: NetAddress, timeoutMs: number): Promise<Result<Connection, NetError>> {
    const address = `${to.host}:${to.port}`
    const target = this.#reached(host, to.host)
    const port = this.#ephemeral(host)
    const attempt =
      target === undefined
        ? new Promise<never>(() => undefined)
        : this.#open(
            host,
            target,
            () => target.streams.get(to.port),
            [
              { host: host.name, port },
              { host: to.host, port: to.port },
            ],
            address,
          )
    return new Promise((resolve) => {
      let late = false
      const timer = this.#world.schedule(timeoutMs, `${host.name} connect`, () => {
        late = true
        resolve(err({ code: 'NET_TIMEOUT', address, cause: `no connection within ${timeoutMs} ms` }))
      })
      void attempt.then((result) => {
        timer.cancel()
        if (!late) resolve(result)
        else if (result.ok) result.value.close()
      })
    })
  }

  /** Asks across the link, accepts there, answers back. */
  #open(
    host: Host,
    target: Host,
    listener: () => Accept | undefined,
    addresses: readonly [near: NetAddress, far: NetAddress],
    address: string,
  ): Promise<Result<Connection, NetError>> {
    const there = this.#link(host.name, target.name)
    const back = this.#link(target.name, host.name)
    const after = (at: number, label: string, action: () => void): void => {
      this.#world.schedule(at - this.#world.now(), label, action)
    }
    const { life } = host
    return new Promise((resolve) => {
      const ask = (): void => after(there.arrival(0), `${target.name} accept`, arrive)
      const arrive = (): void => {
        if (host.life !== life) return
        if (there.blocked()) {
          after(this.#world.now() + CONNECT_RETRY_MS, `${host.name} connect`, ask)
          return
        }
        const accept = listener()
        const answered = back.arrival(0)
        if (accept === undefined) {
          const refused: NetError = { code: 'NET_REFUSED', address, cause: 'nobody listens there' }
          after(answered, `${host.name} connect`, () => resolve(err(refused)))
          return
        }
        const [near, far] = simulatedStream(this.#world, there, back, addresses, (end) => {
          host.ends.delete(end)
          target.ends.delete(end)
        })
        host.ends.add(near)
        target.ends.add(far)
        far.notBefore(answered)
        after(answered, `${host.name} connect`, () => resolve(ok(near.connection)))
        accept(far.connection)
      }
      ask()
    })
  }

  #datagrams(host: Host, address: NetAddress, free: () => void): Datagrams {
    let closed = false
    const { life } = host
    return {
      address,
      send: (to, bytes) => {
        if (closed || host.life !== life || bytes.length > DATAGRAM_BYTES_MAX) return
        const target = this.#reached(host, to.host)
        if (target === undefined) return
        const from = { host: host.name, port: address.port }
        const sent = bytes.slice()
        const arrivals = this.#link(host.name, target.name).datagramArrivals(sent.length)
        if (arrivals.length === 0) this.#world.record(host.name, 'udp lost', `${to.host}:${to.port} ${bytesMark(sent)}`)
        for (const at of arrivals) {
          this.#world.schedule(at - this.#world.now(), `${target.name} udp`, () => {
            this.#world.record(target.name, 'udp', `${to.port}<${from.host}:${from.port} ${bytesMark(sent)}`)
            target.datagrams.get(to.port)?.(from, sent.slice())
          })
        }
      },
      close: () => {
        closed = true
        free()
      },
    }
  }

  #request(host: Host, port: number, request: Partial<HttpRequest>): Promise<HttpResponse> {
    const server = host.http.get(port)
    if (server === undefined) return Promise.reject(new Error(`no HTTP server at ${host.name}:${port}`))
    const body = request.body ?? new Uint8Array(0)
    if (body.length > server.limits.bodyBytesMax) return Promise.resolve(refusal(413, 'Payload Too Large'))
    if (server.open >= server.limits.connectionsMax) return Promise.resolve(refusal(503, 'Service Unavailable'))
    const whole = { method: 'POST', url: '/', headers: {}, remote: '127.0.0.1:1', ...request, body }
    server.open++
    return new Promise((resolve) => {
      const answer = async (): Promise<void> => {
        try {
          resolve(await server.respond(whole))
        } catch {
          resolve(refusal(500, 'Internal Server Error'))
        } finally {
          server.open--
        }
      }
      this.#world.ready({ label: `${host.name} http`, run: () => void answer() })
    })
  }

  #reached(from: Host, name: string): Host | undefined {
    return name === 'localhost' || name === '::1' || name.startsWith('127.') ? from : this.#hosts.get(name)
  }

  #ephemeral(host: Host): number {
    const port = host.nextPort
    host.nextPort = port === PORT_MAX ? EPHEMERAL_PORT_FIRST : port + 1
    return port
  }
}

const inUse = (address: string): NetError => ({
  code: 'NET_ADDRESS_IN_USE',
  address,
  cause: 'another listener of this host has it',
})

const refusal = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
})
