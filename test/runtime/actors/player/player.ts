import { defineActor, reentrant, serial } from '../../../../runtime/actor.ts'
import { moving } from '../../../../runtime/moving.ts'
import type { Result } from '../../../../runtime/result.ts'
import { note } from '../journal.ts'
import type { PlayerDeps, PlayerMessages } from './messages.ts'

export const player = defineActor<PlayerMessages, PlayerDeps>({
  name: 'player',
  mailbox: { capacity: 64 },
  behavior(ctx, deps) {
    const aborts: string[] = []
    const ticks = { once: 0, every: 0, cancelled: 0, flood: 0 }
    const pipes: Result<number, unknown>[] = []
    const injections: string[] = []
    let given: Uint8Array = new Uint8Array()
    const sleep = (ms: number) => new Promise<void>((resolve) => ctx.clock.schedule(ms, resolve))
    return {
      mix({ to, count }) {
        for (let value = 0; value < count; value++)
          if (value % 3 === 0) ctx.tell(to, 'packed', { value, pad: 'x'.repeat(value % 50) })
          else ctx.tell(to, 'add', { value })
      },
      unclonable({ to, packed }) {
        ctx.tell(to, 'add', { value: 1 })
        ctx.tell(to, 'packed', { value: 2, pad: 'two' })
        if (packed) ctx.tell(to, 'packed', { value: 3, pad: undefined as unknown as string })
        else ctx.tell(to, 'add', { value: (() => 3) as unknown as number })
        ctx.tell(to, 'packed', { value: 4, pad: 'four' })
        ctx.tell(to, 'add', { value: 5 })
      },
      askUnclonable: reentrant(async ({ to }) => ctx.ask(to, 'echo', () => 1)),
      answerUnclonable: () => () => 1,
      forward: serial(async ({ to, value }) => ctx.ask(to, 'echo', value)),
      deadlines: reentrant(async ({ chain, deadlineMs }, call) => {
        const mine = call.deadline ?? Number.NaN
        const [next, ...rest] = chain
        if (next === undefined) return [mine]
        await sleep(1)
        const answer = await call.ask(next, 'deadlines', { chain: rest, deadlineMs }, { deadlineMs })
        return answer.ok ? [mine, ...answer.value] : [mine, Number.NaN]
      }),
      identity: (_, call) => ({ id: call.id, cause: call.cause }),
      identityOf: serial(async (other) => {
        const answer = await ctx.ask(other, 'identity')
        if (!answer.ok) throw new Error(answer.error.code)
        return answer.value
      }),
      wait: reentrant(async ({ ms }, call) => {
        call.signal.addEventListener('abort', () => aborts.push(String((call.signal.reason as Error).message)))
        await sleep(ms)
        return call.signal.aborted ? 'aborted' : 'waited'
      }),
      waitSerially: serial(async ({ ms }, call) => {
        await sleep(ms)
        return call.signal.aborted ? 'aborted' : 'waited'
      }),
      aborts: () => aborts,
      sendAway: serial(async ({ to, size }) => {
        const bytes = new Uint8Array(size).fill(7)
        const answer = ctx.ask(to, 'echo', bytes, { transfer: [bytes.buffer] })
        await answer
        return bytes.byteLength
      }),
      give({ size }) {
        given = new Uint8Array(size).fill(9)
        return moving(given, [given.buffer as ArrayBuffer])
      },
      kept: () => given.byteLength,
      startTimers() {
        ctx.after(1, 'ticked', { timer: 'once' })
        ctx.every(5, 'ticked', { timer: 'every' })
        ctx.after(5, 'ticked', { timer: 'cancelled' }).cancel()
      },
      ticked: ({ timer }) => void ticks[timer]++,
      ticks: () => ticks,
      pipe({ value, fails }) {
        const promise = fails ? Promise.reject(new Error(`no ${value}`)) : Promise.resolve(value)
        ctx.pipe(promise, 'piped', (result) => ({ result }))
      },
      piped: ({ result }) => void pipes.push(result),
      pipes: () => pipes,
      inject({ count }) {
        ctx.clock.schedule(0, () => {
          for (let n = 0; n < count; n++)
            void ctx.inject('event', { n }).then((r) => injections.push(r.ok ? 'ok' : r.error.code))
        })
      },
      event: ({ n }) => n,
      injections: () => injections,
      own({ count }) {
        for (let n = 1; n <= count; n++) {
          if (n % 2 === 0) ctx.own({ close: async () => note(deps.journal, n) })
          else ctx.own({ [Symbol.dispose]: () => note(deps.journal, n) })
        }
      },
      fail() {
        throw new Error('told to fail')
      },
      failAsked: serial(async () => {
        throw new Error('asked to fail')
      }),
      end: () => ctx.end(),
    }
  },
})
