/** A system with one root on the main thread and one sink, for benchmarks that look at the runtime itself. */
import { actorModule, type Context, defineActor } from '../../runtime/actor.ts'
import type { Ask, Ref, Tell } from '../../runtime/messages.ts'
import { startSystem } from '../../runtime/system.ts'
import type { Item, SinkMessages, Total } from './actors/sink/messages.ts'

/** Messages that a handler sends before it lets others have their turn. */
const CHUNK = 512

type Flow = 'plain' | 'packed'
type DriverMessages = {
  flood: Ask<{ readonly count: number; readonly flow: Flow }, Total>
  more: Tell<void>
}

export type Bench = {
  /** Tells `count` items and asks for the total. */
  flood(count: number, flow: Flow): Promise<Total>
  add(a: number, b: number): Promise<number>
  close(): Promise<void>
}

export async function startBench(options: { readonly thread: string; readonly record: boolean }): Promise<Bench> {
  let up: (value: { ctx: Context<DriverMessages>; sink: Ref<SinkMessages> }) => void = () => {}
  const started = new Promise<Parameters<typeof up>[0]>((resolve) => {
    up = resolve
  })
  const driver = defineActor<DriverMessages>({
    name: 'driver',
    mailbox: { capacity: 64 },
    async behavior(ctx) {
      const module = actorModule<SinkMessages>(new URL('./actors/sink/sink.ts', import.meta.url), 'sink')
      const sink = ctx.spawn({ name: 'sink', actor: module, deps: undefined })
      const result = await sink.started
      if (!result.ok) throw new Error(result.error.detail)
      let left = 0
      let next = 0
      let flow: Flow = 'plain'
      let done: (total: Total) => void = () => {}
      up({ ctx, sink: sink.ref })
      return {
        flood: {
          asynchronous: 'reentrant',
          run: (order) =>
            new Promise<Total>((resolve) => {
              left = order.count
              next = 0
              flow = order.flow
              done = resolve
              ctx.tell(ctx.self, 'more')
            }),
        },
        more() {
          const end = Math.min(next + CHUNK, left)
          for (; next < end; next++) ctx.tell(sink.ref, flow, itemOf(next))
          if (next < left) ctx.tell(ctx.self, 'more')
          else void ctx.ask(sink.ref, 'total').then((total) => done(unwrapped(total)))
        },
      }
    },
  })
  const system = await startSystem({
    root: driver,
    deps: undefined,
    placement: { sink: options.thread },
    log: { verbosity: 1, format: 'logfmt', colour: false },
    record: options.record,
  })
  const { ctx, sink } = await started
  return {
    flood: async (count, flow) => unwrapped(await ctx.inject('flood', { count, flow }, { deadlineMs: 120_000 })),
    add: async (a, b) => unwrapped(await ctx.ask(sink, 'add', { a, b })),
    close: () => system.stop(),
  }
}

/** The n-th message: 8 bytes of number and 84 of text, 100 with its two field names shortened. */
const PAD = 'a transaction hash or so, in hex, 0x0123456789abcdef0123456789abcdef0123456789abcdef'
export const itemOf = (n: number): Item => ({ value: n, pad: PAD })

const unwrapped = <T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: { readonly code: string } },
): T => {
  if (!result.ok) throw new Error(`ask failed: ${result.error.code}`)
  return result.value
}
