/** JSON-RPC over HTTP, WebSocket and IPC. Reads go to the store directly, never through the chain. */
import { bytesEqual } from '../../protocols/bytes.ts'
import { encodeQuantity } from '../../protocols/hex.ts'
import type { JsonValue } from '../../protocols/json-rpc/json.ts'
import { parseRequest } from '../../protocols/json-rpc/request.ts'
import { bytesToUint } from '../../protocols/rlp.ts'
import { type ActorDefinition, type Call, defineActor, reentrant } from '../../runtime/actor.ts'
import { pause } from '../../runtime/pause.ts'
import { publishedHeadSequence } from '../../storage/published-head.ts'
import type { PoolInfo } from '../pool/messages.ts'
import { type Answering, answerRequest } from './answering.ts'
import { headerObject } from './block-object.ts'
import { type ChainSource, type OpenChain, openStoredChain } from './chain-source.ts'
import { DEFAULT_RPC_LIMITS, type RpcLimits, requestLimits } from './limits.ts'
import { listen } from './listen.ts'
import type { ImportProgress, RpcAnswer, RpcDeps, RpcMessages, RpcSealing, Transport } from './messages.ts'
import { ADMIN_METHODS } from './methods/admin.ts'
import { DEBUG_METHODS } from './methods/debug.ts'
import { ETH_METHODS, syncingObject } from './methods/eth.ts'
import { FEE_METHODS } from './methods/fees.ts'
import type { MethodTable, Sealing, Subscriber, Surroundings } from './methods/method.ts'
import { NET_METHODS } from './methods/net.ts'
import { PROOF_METHODS } from './methods/proof.ts'
import { RPC_METHODS } from './methods/rpc.ts'
import { SEALING_METHODS } from './methods/sealing.ts'
import { SUBSCRIPTION_METHODS } from './methods/subscription.ts'
import { WEB3_METHODS } from './methods/web3.ts'
import { IPC_NAMESPACES, offered } from './namespaces.ts'
import { createPacing, SLICE_MS, SLICE_WORK_MS } from './pacing.ts'
import { type SharedView, sharedViews } from './shared-view.ts'
import { readStoredHeader } from './stored-block.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createTipOracle } from './tip-oracle.ts'

/** Every method there is, by its full name. */
export const METHODS: MethodTable = {
  ...ADMIN_METHODS,
  ...DEBUG_METHODS,
  ...ETH_METHODS,
  ...FEE_METHODS,
  ...NET_METHODS,
  ...PROOF_METHODS,
  ...RPC_METHODS,
  ...SEALING_METHODS,
  ...SUBSCRIPTION_METHODS,
  ...WEB3_METHODS,
}
/** Milliseconds of a batch before other messages and sockets get the thread. */
const BATCH_TURN_MS = 10
/** Milliseconds between notifications of how an import goes (geth eth/downloader/api.go). */
const SYNCING_EVERY_MS = 60_000
/** Milliseconds for an answer to leave before the restart that it announces ends the connections. */
const RESTART_DELAY_MS = 250
/** Milliseconds that `admin_nodeInfo` waits for the pool: it may just restart. */
const POOL_INFO_MS_MAX = 1_000

export const rpc = rpcOver(openStoredChain)

/** The actor over any store of a chain. */
export function rpcOver(openChain: OpenChain): ActorDefinition<RpcMessages, RpcDeps> {
  return defineActor<RpcMessages, RpcDeps>({
    name: 'rpc',
    // More than the requests at hand (`requestsMax`), so that it is this actor that refuses, with the caller's ids.
    mailbox: { capacity: 1024 },
    lossy: { headMoved: { coalesce: '*' }, importing: { coalesce: '*' } },
    async behavior(ctx, deps) {
      const limits: RpcLimits = { ...DEFAULT_RPC_LIMITS, ...deps.limits }
      const opened = await openChain(deps.database)
      if (!opened.ok) throw new Error(`database does not open: ${opened.error.code}`)
      const source = ctx.own(opened.value)
      const { publishedHead } = deps
      const views = ctx.own(sharedViews(source, ctx.clock, publishedHead && publishedHeadSequence(publishedHead)))
      const namespaces: { readonly [T in Transport]: ReadonlySet<string> } = {
        http: offered(deps.http?.namespaces ?? []),
        ws: offered(deps.ws?.namespaces ?? []),
        ipc: IPC_NAMESPACES,
      }
      const parseLimits = {
        http: requestLimits(limits, 'http'),
        ws: requestLimits(limits, 'ws'),
        ipc: requestLimits(limits, 'ipc'),
      }
      const tips = createTipOracle()
      const subscriptions = createSubscriptions()
      let importing: ImportProgress | undefined
      let syncingToldAt = 0
      /** Hash of the head that subscribers know of. */
      let told = await headHash(source)

      async function poolInfo(): Promise<PoolInfo | undefined> {
        if (deps.pool === undefined) return undefined
        const asked = await ctx.ask(deps.pool, 'info', undefined, { deadlineMs: POOL_INFO_MS_MAX })
        return asked.ok ? asked.value : undefined
      }

      /** @param opened takes the ids of new subscriptions */
      const subscriberOf = (client: number, opened: string[]): Subscriber => ({
        subscribe(topic) {
          const id = encodeQuantity(bytesToUint(ctx.random.bytes(SUBSCRIPTION_ID_BYTES)))
          if (!subscriptions.subscribe(client, topic, id)) return undefined
          opened.push(id)
          if (topic === 'syncing') subscriptions.notify(client, id, syncingNotice(importing))
          return id
        },
        unsubscribe: (id) => subscriptions.unsubscribe(client, id),
      })

      function surroundings(
        transport: Transport,
        subscriber: Subscriber | undefined,
        call: Call,
      ): Surroundings & Disposable {
        let view: SharedView | undefined
        return {
          chain: () => {
            view ??= views.take()
            return view.chain
          },
          info: deps.chain,
          tips,
          node: deps.node,
          pool: poolInfo,
          sealing: deps.sealing && sealingOf(deps.sealing, call),
          importing,
          subscriber,
          namespaces: namespaces[transport],
          inspect: ctx.inspect,
          system: ctx.system,
          self: ctx.path,
          restartLater: (path) => void ctx.after(RESTART_DELAY_MS, 'restartLater', { path }),
          [Symbol.dispose]: () => view?.release(),
        }
      }

      const pacing = createPacing(ctx.clock, () => importing !== undefined)
      const endpoints = await listen(ctx, deps, limits, subscriptions, pacing)

      return {
        request: reentrant(({ body, transport, until, client }, call): RpcAnswer | Promise<RpcAnswer> => {
          const opened: string[] = []
          const subscriber = client === undefined ? undefined : subscriberOf(client, opened)
          const beganAt = ctx.clock.monotonic()
          let turnEndsAt = beganAt + (pacing.isSlow() ? SLICE_WORK_MS : BATCH_TURN_MS)
          const answering: Answering = {
            methods: METHODS,
            namespaces: namespaces[transport],
            batchResponseMax: limits.batchResponseMax,
            notifies: subscriber !== undefined,
            surroundings: () => surroundings(transport, subscriber, call),
            isLate: () => call.isAborted || ctx.now() >= until,
            async rest() {
              if (ctx.clock.monotonic() < turnEndsAt) return
              const isSlow = pacing.isSlow() && transport !== 'ipc'
              await pause(ctx.clock, isSlow ? SLICE_MS : 0)
              turnEndsAt = ctx.clock.monotonic() + (isSlow ? SLICE_WORK_MS : BATCH_TURN_MS)
            },
            crashed: (method, thrown) => ctx.log.error('RPC method crashed', { method, error: stackOf(thrown) }),
          }
          const tell = (answer: RpcAnswer): RpcAnswer => {
            if (opened.length === 0) return answer
            // Nobody learns ids that are answered too late.
            if (call.isAborted) for (const id of opened) subscriber?.unsubscribe(id)
            return { ...answer, opened }
          }
          const answer = answerRequest(parseRequest(body, parseLimits[transport]), answering)
          if (transport !== 'ipc' && pacing.isSlow()) pacing.spent(ctx.clock.monotonic() - beganAt)
          return answer instanceof Promise ? answer.then(tell) : tell(answer)
        }),
        headMoved: reentrant(async ({ head }) => {
          if (told !== undefined && bytesEqual(told, head.hash)) return
          told = head.hash
          views.renew()
          if (subscriptions.count('newHeads') === 0) return
          const view = source.snapshot()
          const header = readStoredHeader(view, head)
          if (header !== undefined) subscriptions.publish('newHeads', headerObject(header, head.hash))
          await view.close()
        }),
        endpoints: () => endpoints,
        importing({ progress }) {
          const wasImporting = importing !== undefined
          importing = progress
          const isDue = ctx.clock.monotonic() - syncingToldAt >= SYNCING_EVERY_MS
          if (wasImporting === (progress !== undefined) && !(wasImporting && isDue)) return
          syncingToldAt = ctx.clock.monotonic()
          subscriptions.publish('syncing', syncingNotice(progress))
        },
        restartLater({ path }) {
          const done = ctx.system.restart(path)
          if (!done.ok) ctx.log.warn('Restart was refused', { actor: path, code: done.error.code })
        },
      }
    },
  })
}

/** Sealing ends with the call that wants it. */
const sealingOf = ({ sealer, feeRecipient }: RpcSealing, call: Call): Sealing => ({
  feeRecipient,
  seal: (count) => call.ask(sealer, 'seal', { count }, { signal: call.signal }),
})

/** Bytes of a subscription's id (geth rpc/subscription.go). */
const SUBSCRIPTION_ID_BYTES = 16

async function headHash(source: ChainSource): Promise<Uint8Array | undefined> {
  const view = source.snapshot()
  const head = view.head()
  await view.close()
  return head?.hash
}

const syncingNotice = (importing: ImportProgress | undefined): JsonValue =>
  importing === undefined ? false : { syncing: true, status: syncingObject(importing) }

const stackOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
