/** Node discovery: the UDP server, the loop of the node table, and the sources of candidates (geth, `p2p/discover`, `p2p/dnsdisc`). */
import { bytesEqual } from '../../protocols/bytes.ts'
import { BUCKET_MIN_DISTANCE } from '../../protocols/discv4/distance.ts'
import { TARGET_BYTES } from '../../protocols/discv4/packet.ts'
import { parseTreeLink, type TreeLink } from '../../protocols/dns-discovery/entry.ts'
import { type Identities, type NodeKey, SECP256K1_IDENTITIES, secp256k1NodeKey } from '../../protocols/enr/identity.ts'
import { enodeUrlOf, type Node, nodeOfRecord, seqOf, udpOf } from '../../protocols/enr/node.ts'
import { decodeRecord, type NodeRecord } from '../../protocols/enr/record.ts'
import { formatAddress, IPV4_BYTES, IPV6_BYTES, parseAddress } from '../../protocols/ip/address.ts'
import { containsAny } from '../../protocols/ip/network.ts'
import { defineActor, reentrant } from '../../runtime/actor.ts'
import type { Timer } from '../../runtime/capabilities.ts'
import { err, ok, type Result } from '../../runtime/result.ts'
import { openNodeDatabase } from '../../storage/node-database.ts'
import type { Entry } from './bucket.ts'
import { candidates } from './candidates.ts'
import { dnsTrees } from './dns-trees.ts'
import { noteContact, noteStatement, noVotes, predictedEndpoint, type SeenEndpoint } from './endpoint-votes.ts'
import { fairMix } from './fair-mix.ts'
import {
  BOND_MS,
  DISCOVERY_INTERVALS,
  EXPIRE_MS,
  FLUSH_MS,
  REFRESH_LOOKUPS,
  SEED_AGE_MS_MAX,
  SEEDS_MAX,
} from './limits.ts'
import type { DiscoveryDeps, DiscoveryMessages, TableEntry } from './messages.ts'
import { nodeWalk } from './node-walk.ts'
import type { Moment } from './revalidation.ts'
import { searches } from './search.ts'
import {
  addSeenNode,
  addVerifiedNode,
  closestNodes,
  emptyTable,
  nextPingMs,
  nodeAnswered,
  nodeIn,
  nodesToPing,
  nodesToRemember,
  tableSize,
} from './table.ts'
import { tally } from './tally.ts'
import { type UdpPlace, udpServer } from './udp-server.ts'

/** What a key can do: of the curve, or simulated. */
export type DiscoveryKeys = {
  readonly identities: Identities
  readonly keyOf: (secretKey: Uint8Array) => NodeKey | undefined
}

/** The sources of candidates, in the order in which they have their turns. */
const SOURCES = ['discv4', 'dns'] as const

/** Discovery whose signatures are made and checked by `keys`. */
export const discoveryWith = ({ identities, keyOf }: DiscoveryKeys) =>
  defineActor<DiscoveryMessages, DiscoveryDeps>({
    name: 'discovery',
    mailbox: { capacity: 1024 },
    lossy: { localRecord: { coalesce: '*' } },
    async behavior(ctx, deps) {
      const key = keyOf(deps.nodeKey)
      if (key === undefined) throw new Error('the node key is no key of the curve secp256k1')
      const intervals = { ...DISCOVERY_INTERVALS, ...deps.intervals }
      const first = ownNode(deps.record)
      if (!first.ok) throw new Error(`the own node record is not usable: ${first.error}`)
      let own = first.value
      const opened = await openNodeDatabase(deps.database, identities)
      if (!opened.ok) throw new Error(`the node database does not open: ${JSON.stringify(opened.error)}`)
      const database = ctx.own(opened.value)

      const table = emptyTable(own.node.id, intervals)
      const votes = noVotes()
      let predicted: SeenEndpoint | undefined
      const counted = { in: tally(), out: tally(), dropped: tally() }
      const given = tally()
      const dnsFailures = tally()
      let bytesIn = 0
      let bytesOut = 0
      let refreshes = 0
      let refreshing: Promise<void> | undefined
      let isFlushing = false

      function ownNode(encoded: Uint8Array): Result<{ readonly node: Node; readonly record: NodeRecord }, string> {
        const record = decodeRecord(encoded)
        if (!record.ok) return err(record.error.code)
        const node = nodeOfRecord(record.value, identities)
        return node.ok ? ok({ node: node.value, record: record.value }) : err(node.error.code)
      }

      // --- time and chance ---

      const timers = new Map<number, () => void>()
      let timerCount = 0
      function after(delayMs: number, action: () => void): Timer {
        const timer = ++timerCount
        timers.set(timer, action)
        const running = ctx.after(delayMs, 'due', { timer })
        return {
          cancel() {
            timers.delete(timer)
            running.cancel()
          },
        }
      }
      const moment = (): Moment => ({ nowMs: ctx.now(), draw: (below) => ctx.random.integer(below) })

      /** What runs beside the messages: a failure in it is a bug of ours, as in a message. */
      const runs = (task: Promise<unknown>): void =>
        ctx.pipe(task, 'taskDone', (settled) => ({
          failure: settled.ok ? undefined : JSON.stringify(settled.error),
        }))

      // --- the socket ---

      const bound = await ctx.net.bindDatagrams(deps.listen, (from, bytes) => {
        bytesIn += bytes.length
        void ctx.inject('datagram', { from, bytes }).then((taken) => {
          if (!taken.ok && taken.error.code === 'MAILBOX_FULL') counted.dropped.add('MAILBOX_FULL')
        })
      })
      if (!bound.ok)
        throw new Error(`Discovery cannot listen: ${bound.error.address}: ${bound.error.code} ${bound.error.cause}`)
      const socket = ctx.own(bound.value)
      const isIpv6 = socket.address.host.includes(':')

      function send({ ip, port }: UdpPlace, bytes: Uint8Array): void {
        if (ip.length === IPV6_BYTES && !isIpv6) {
          counted.dropped.add('NO_IPV6')
          return
        }
        const text = formatAddress(ip)
        bytesOut += bytes.length
        socket.send({ host: isIpv6 && ip.length === IPV4_BYTES ? `::ffff:${text}` : text, port }, bytes)
      }

      function stated(by: Uint8Array, endpoint: SeenEndpoint): void {
        noteStatement(votes, by, endpoint, ctx.now())
        const now = predictedEndpoint(votes, ctx.now())
        if (
          now === undefined ||
          (predicted && predicted.port === now.port && formatAddress(predicted.ip) === formatAddress(now.ip))
        )
          return
        predicted = { ip: now.ip.slice(), port: now.port }
        ctx.log.info('External endpoint learned', { ip: formatAddress(now.ip), port: now.port })
        if (deps.parent !== undefined) ctx.tell(deps.parent, 'endpointStatement', predicted)
      }

      const server = udpServer({
        key,
        identities,
        replyMs: intervals.replyMs,
        restrict: deps.restrict,
        database,
        counted,
        now: ctx.now,
        after,
        send,
        own: () => own,
        closest: (target, max) => closestNodes(table, target, max, true),
        verified(node) {
          addVerifiedNode(table, node, moment())
          tableChanged()
        },
        stated,
        contacted: (ip) => noteContact(votes, ip, ctx.now()),
        runs,
      })
      const lookups = searches({ table, database, server, moment, changed: tableChanged })

      // --- the table ---

      let pingTimer: { readonly atMs: number; readonly timer: Timer } | undefined

      let refreshTimer: { readonly isForEmpty: boolean; readonly timer: Timer } | undefined

      function scheduleRefresh(delayMs: number, isForEmpty: boolean): void {
        refreshTimer?.timer.cancel()
        refreshTimer = { isForEmpty, timer: after(delayMs, () => runs(refresh())) }
      }

      /** The earliest ping may be another one now; and where the last node is gone, half an hour is too long to wait. */
      function tableChanged(): void {
        if (refreshTimer?.isForEmpty === false && refreshing === undefined && tableSize(table) === 0)
          scheduleRefresh(intervals.emptyRefreshMs, true)
        const atMs = nextPingMs(table)
        if (pingTimer?.atMs === atMs) return
        pingTimer?.timer.cancel()
        pingTimer =
          atMs === Number.POSITIVE_INFINITY
            ? undefined
            : { atMs, timer: after(Math.max(0, atMs - ctx.now()), revalidate) }
      }

      function revalidate(): void {
        pingTimer = undefined
        for (const node of nodesToPing(table, moment())) runs(revalidateNode(node))
        tableChanged()
      }

      async function revalidateNode(node: Node): Promise<void> {
        const answer = await server.ping(node)
        const isNewer = answer !== undefined && answer.recordSeq > seqOf(node)
        const record = isNewer ? await server.requestRecord(node) : undefined
        const outcome = { answered: answer !== undefined, ...(record?.ok && { newer: record.value }) }
        const { removed, stored } = nodeAnswered(table, node.id, outcome, moment())
        if (removed !== undefined) ctx.log.debug('Node removed from the table', { node: enodeUrlOf(removed) })
        if (stored !== undefined) database.remember(stored, ctx.now())
        tableChanged()
      }

      const isAllowed = ({ endpoint: { ip } }: Node): boolean =>
        deps.restrict === undefined || (ip !== undefined && containsAny(deps.restrict, ip))

      function loadSeeds(): void {
        const draw = (below: number) => ctx.random.integer(below)
        const seeds = database.seeds(SEEDS_MAX, SEED_AGE_MS_MAX, ctx.now(), draw)
        for (const node of [...seeds, ...deps.bootnodes]) if (isAllowed(node)) addSeenNode(table, node, moment())
        tableChanged()
      }

      /** One at a time: who wants another has the one under way. */
      function refresh(): Promise<void> {
        refreshing ??= refreshOnce()
        return refreshing
      }

      async function refreshOnce(): Promise<void> {
        loadSeeds()
        await lookups.run(key!.publicKey)
        for (let i = 0; i < REFRESH_LOOKUPS; i++) await lookups.run(randomTarget())
        refreshes++
        refreshing = undefined
        if (!table.isReady) ctx.log.debug('Node table filled', { nodes: tableSize(table) })
        table.isReady = true
        const { refreshMs, emptyRefreshMs } = intervals
        const half = refreshMs / 2
        const isEmpty = tableSize(table) === 0
        scheduleRefresh(isEmpty ? emptyRefreshMs : half + ctx.random.integer(Math.ceil(half)), isEmpty)
      }

      const randomTarget = (): Uint8Array => ctx.random.bytes(TARGET_BYTES)

      function copyLiveNodes(): void {
        for (const node of nodesToRemember(table, ctx.now(), intervals.rememberAfterMs))
          database.remember(node, ctx.now())
        after(intervals.copyMs, copyLiveNodes)
      }

      // --- candidates ---

      const mix = fairMix(deps.trees.length > 0 ? SOURCES : SOURCES.slice(0, 1))
      const readyOf = (name: (typeof SOURCES)[number]): Node[] =>
        mix.sources.find((one) => one.name === name)?.ready ?? []
      const feed = candidates({
        mix,
        given,
        now: ctx.now,
        after,
        wanted() {
          walk.pump()
          trees.pump()
        },
      })
      const walk = nodeWalk({
        ready: readyOf('discv4'),
        searches: lookups,
        walkMs: intervals.walkMs,
        isWanted: feed.isWanted,
        isTableEmpty: () => tableSize(table) === 0,
        refresh,
        isThere(node) {
          const place = udpOf(node)
          return place !== undefined && ctx.now() - database.contact(node.id, place.ip).lastPongMs < BOND_MS
        },
        requestRecord: (node) => server.requestRecord(node),
        randomTarget,
        now: ctx.now,
        after,
        offered: feed.serve,
        runs,
      })
      const trees = dnsTrees(treeLinks(), {
        ready: readyOf('dns'),
        identities,
        failed: dnsFailures.add,
        isWanted: feed.isWanted,
        resolveText: (name, timeoutMs) => ctx.net.resolveText(name, timeoutMs),
        now: ctx.now,
        draw: (below) => ctx.random.integer(below),
        after,
        offered: feed.serve,
        runs,
      })

      function treeLinks(): TreeLink[] {
        const links: TreeLink[] = []
        for (const url of deps.trees) {
          const link = parseTreeLink(url, identities)
          if (link.ok) links.push(link.value)
          else throw new Error(`${url} is no tree of nodes: ${link.error.code}`)
        }
        return links
      }

      /** What the network knows of a node: asked where it was, where the table has it, and where a search finds it (geth, `Resolve`). */
      async function resolve(node: Node): Promise<Node | undefined> {
        const isNews = (answer: Result<Node, unknown>): answer is { readonly ok: true; readonly value: Node } =>
          answer.ok && (node.record === undefined || seqOf(answer.value) > seqOf(node))
        const asked = await server.requestRecord(node)
        if (asked.ok) return isNews(asked) ? asked.value : undefined
        const known = nodeIn(table, node.id)
        if (known !== undefined) {
          const answer = await server.requestRecord(known)
          if (isNews(answer)) return answer.value
        }
        if (tableSize(table) === 0) await refresh()
        const nearest = await lookups.run(node.publicKey)
        const found = nearest.find(({ id }) => bytesEqual(id, node.id))
        if (found === undefined) return undefined
        const answer = await server.requestRecord(found)
        if (answer.ok) return isNews(answer) ? answer.value : undefined
        return node.endpoint.ip === undefined ? found : undefined
      }

      const entryOf = ({ node, addedMs, checks, isLive }: Entry): TableEntry => ({ node, addedMs, checks, isLive })

      const nameless = deps.bootnodes.filter(({ endpoint }) => endpoint.ip === undefined)
      if (nameless.length > 0) ctx.log.warn('Bootnodes without an address are not used', { count: nameless.length })
      ctx.log.info('Started node discovery', { listen: `${socket.address.host}:${socket.address.port}` })
      loadSeeds()
      runs(refresh())
      after(intervals.copyMs, copyLiveNodes)
      ctx.every(FLUSH_MS, 'flush')
      ctx.every(EXPIRE_MS, 'expire')

      return {
        candidates: reentrant(({ count }) => feed.take(count)),
        resolve: reentrant(({ node }) => resolve(node)),
        lookup: reentrant(async ({ target }) => {
          if (tableSize(table) === 0) await refresh()
          return lookups.run(target)
        }),
        table: () =>
          table.buckets.map(({ entries, replacements }, i) => ({
            distance: BUCKET_MIN_DISTANCE + 1 + i,
            entries: entries.map(entryOf),
            replacements: replacements.map(entryOf),
          })),
        info: () => ({
          address: socket.address,
          nodes: tableSize(table),
          liveNodes: table.buckets.flatMap(({ entries }) => entries).filter(({ isLive }) => isLive).length,
          refreshes,
          lookups: lookups.count,
          rememberedNodes: database.nodes,
          contacts: database.contacts,
          pending: server.pending,
          packetsIn: counted.in.all(),
          packetsOut: counted.out.all(),
          dropped: counted.dropped.all(),
          bytesIn,
          bytesOut,
          candidates: given.all(),
          dnsFailures: dnsFailures.all(),
          externalEndpoint: predicted,
        }),
        localRecord({ record }) {
          const next = ownNode(record)
          if (!next.ok) throw new Error(`the own node record is not usable: ${next.error}`)
          if (next.value.record.seq >= own.record.seq) own = next.value
        },
        datagram({ from, bytes }) {
          const ip = parseAddress(from.host)
          if (ip.ok) server.receive({ ip: ip.value, port: from.port }, bytes)
          else counted.dropped.add('ADDRESS')
        },
        due({ timer }) {
          const action = timers.get(timer)
          timers.delete(timer)
          action?.()
        },
        taskDone({ failure }) {
          if (failure !== undefined) throw new Error(failure)
        },
        flush() {
          if (isFlushing) return
          isFlushing = true
          runs(
            database.flush().then((written) => {
              isFlushing = false
              if (!written.ok) ctx.log.warn('Node database not written', { cause: JSON.stringify(written.error) })
            }),
          )
        },
        expire() {
          const count = database.expire(ctx.now())
          if (count > 0) ctx.log.debug('Nodes forgotten', { count })
        },
      }
    },
  })

export const discovery = discoveryWith({ identities: SECP256K1_IDENTITIES, keyOf: secp256k1NodeKey })
