/** What must not compile: the compiler checks each `@ts-expect-error`, an unneeded one is an error itself. */
import { expect, test } from 'vitest'
import { type Behavior, type Context, type DownReason, defineActor, reentrant, serial } from '../../runtime/actor.ts'
import type { Ask, Lossy, Ref, Tell } from '../../runtime/messages.ts'

type Messages = {
  add: Tell<{ value: number }>
  clear: Tell
  head: Tell<{ peer: string; number: bigint }, Lossy<'coalesce'>>
  gossip: Tell<{ hash: string }, Lossy<'drop-newest'>>
  sum: Ask<void, number>
  echo: Ask<{ text: string }, { text: string }>
}
type Adds = { add: Tell<{ value: number }> }

const mailbox = { capacity: 8 }
const lossy = { head: { coalesce: 'peer' }, gossip: 'drop-newest' } as const
const handlers: Behavior<Messages> = {
  add() {},
  clear() {},
  head() {},
  gossip() {},
  sum: () => 1,
  echo: ({ text }) => ({ text }),
}

/** Never called: only compiled. */
function speaks(ctx: Context<Messages>, ref: Ref<Messages>): void {
  ctx.tell(ref, 'add', { value: 1 })
  ctx.tell(ref, 'clear')
  ctx.tell(ref, 'head', { peer: 'a', number: 1n }, { transfer: [] })
  // @ts-expect-error no such kind
  ctx.tell(ref, 'subtract', { value: 1 })
  // @ts-expect-error wrong payload
  ctx.tell(ref, 'add', { value: '1' })
  // @ts-expect-error missing payload
  ctx.tell(ref, 'add')
  // @ts-expect-error a payload where none is taken
  ctx.tell(ref, 'clear', { value: 1 })
  // @ts-expect-error an ask is not told
  ctx.tell(ref, 'sum')
  // @ts-expect-error an ask with a payload is not told either
  ctx.tell(ref, 'echo', { text: '' })
  // @ts-expect-error a tell is not asked
  void ctx.ask(ref, 'add', { value: 1 })
  // @ts-expect-error wrong payload of an ask
  void ctx.ask(ref, 'echo', { word: '' })
  void ctx.ask(ref, 'sum').then((answer) => {
    if (!answer.ok) return
    const sum: number = answer.value
    // @ts-expect-error the answer is a number
    const text: string = answer.value
    return [sum, text]
  })
  void ctx.ask(ref, 'sum', undefined, { deadlineMs: 5 })
  // @ts-expect-error options stand behind the payload, also where that is void
  void ctx.ask(ref, 'sum', { deadlineMs: 5 })
  ctx.after(5, 'clear')
  ctx.after(5, 'add', { value: 1 })
  // @ts-expect-error a timer sends tells only
  ctx.after(5, 'sum')
  // @ts-expect-error a timer's payload is checked
  ctx.every(5, 'add', { value: 1n })
  // @ts-expect-error what is piped must be the payload
  ctx.pipe(Promise.resolve(1), 'add', (settled) => settled)
  // @ts-expect-error only what comes in as an ask can be injected
  void ctx.inject('add', { value: 1 })
  // @ts-expect-error the kind must take the reason of an end
  ctx.watch(ref, 'add')
}

type Watches = {
  loose: Tell<{ path: string; reason: { code: string } }>
  greedy: Tell<{ path: string; reason: DownReason; more: number }>
}
/** Never called: only compiled. */
function watches(ctx: Context<Watches>, ref: Ref<Messages>): void {
  ctx.watch(ref, 'loose')
  // @ts-expect-error an end tells no more than path and reason
  ctx.watch(ref, 'greedy')
}

/** Never called: only compiled. */
function addresses(ctx: Context<Messages>, wide: Ref<Messages>, narrow: Ref<Adds>): void {
  const fewer: Ref<Adds> = wide
  // @ts-expect-error who may only add cannot be asked for more
  const more: Ref<Messages> = narrow
  // @ts-expect-error another payload under the same kind is another protocol
  const other: Ref<{ add: Tell<{ value: string }> }> = narrow
  ctx.tell(fewer, 'add', { value: 1 })
  void [more, other]
}

test('takes a complete definition', () => {
  const definition = defineActor<Messages>({ name: 'typed', mailbox, lossy, behavior: () => handlers })
  expect(definition).toMatchObject({ name: 'typed', capacity: 8, lossy })
  expect([speaks, addresses, watches]).toHaveLength(3)
})

test('refuses at compile time what does not fit the messages', () => {
  const made = [
    // @ts-expect-error a lossy kind without its rule
    defineActor<Messages>({ name: 'typed', mailbox, lossy: { gossip: 'drop-newest' }, behavior: () => handlers }),
    // @ts-expect-error no rules at all
    defineActor<Messages>({ name: 'typed', mailbox, behavior: () => handlers }),
    defineActor<Messages>({
      name: 'typed',
      mailbox,
      // @ts-expect-error a rule other than the declared one
      lossy: { head: { coalesce: 'peer' }, gossip: 'drop-oldest' },
      behavior: () => handlers,
    }),
    defineActor<Messages>({
      name: 'typed',
      mailbox,
      // @ts-expect-error coalesced by a field that is not there
      lossy: { head: { coalesce: 'colour' }, gossip: 'drop-newest' },
      behavior: () => handlers,
    }),
    // @ts-expect-error a rule for a kind that suspends
    defineActor<Adds>({ name: 'typed', mailbox, lossy: { add: 'drop-newest' }, behavior: () => ({ add() {} }) }),
    defineActor<Messages>({
      name: 'typed',
      mailbox,
      lossy,
      // @ts-expect-error a handler is missing
      behavior: () => ({ add() {}, clear() {}, head() {}, gossip() {}, sum: () => 1 }),
    }),
    // @ts-expect-error a plain handler returns no promise
    defineActor<Adds>({ name: 'typed', mailbox, behavior: () => ({ add: async () => {} }) }),
    // @ts-expect-error the answer has another type
    defineActor<Messages>({ name: 'typed', mailbox, lossy, behavior: () => ({ ...handlers, sum: () => 'one' }) }),
    defineActor<Messages>({
      name: 'typed',
      mailbox,
      lossy,
      // @ts-expect-error a promise of the answer from a plain handler
      behavior: () => ({ ...handlers, sum: () => Promise.resolve(1) }),
    }),
    defineActor<Messages>({
      name: 'typed',
      mailbox,
      lossy,
      // @ts-expect-error the promised answer has another type
      behavior: () => ({ ...handlers, sum: serial(async () => 'one') }),
    }),
    // @ts-expect-error the payload has another type
    defineActor<Adds>({ name: 'typed', mailbox, behavior: () => ({ add: (_: { value: string }) => {} }) }),
    // @ts-expect-error only tells are packed
    defineActor<Messages>({ name: 'typed', mailbox, lossy, packed: { sum: {} }, behavior: () => handlers }),
    // @ts-expect-error a field without a form
    defineActor<Adds>({ name: 'typed', mailbox, packed: { add: {} }, behavior: () => ({ add() {} }) }),
  ]
  expect(made).toHaveLength(13)
})

test('takes asynchronous handlers that are declared so', () => {
  const definition = defineActor<Messages>({
    name: 'typed',
    mailbox,
    lossy,
    packed: { add: { value: 'f64' } },
    behavior: () => ({
      ...handlers,
      add: serial(async ({ value }) => void value),
      sum: reentrant(async (_, call) => (call.signal.aborted ? 0 : 1)),
    }),
  })
  expect(definition.packed).toEqual({ add: { value: 'f64' } })
})

class Counter {
  count = 0
  add(): void {
    this.count++
  }
}
type Tree = { readonly leaves: readonly Tree[]; readonly weight: bigint | undefined }
type Crosses = {
  deep: Tell<{ readonly tree: Tree; readonly bytes: Uint8Array; readonly shared: SharedArrayBuffer }>
  mapped: Tell<ReadonlyMap<string, { readonly names: ReadonlySet<string> }>>
  choice: Tell<{ readonly at: 'here' } | { readonly at: 'there'; readonly who: Ref<Crosses> }, Lossy<'drop-newest'>>
  anything: Ask<unknown, { readonly of: [number, string?] }>
}

test('refuses messages that do not cross threads whole', () => {
  const made = [
    defineActor<Crosses>({ name: 'typed', mailbox, lossy: { choice: 'drop-newest' }, behavior: () => ({}) as never }),
    // @ts-expect-error a function
    defineActor<{ call: Tell<{ back: () => void }> }>({ name: 'typed', mailbox, behavior: () => ({}) as never }),
    // @ts-expect-error a function far down
    defineActor<{ call: Tell<{ list: { on?: () => void }[] }> }>({
      name: 'typed',
      mailbox,
      behavior: () => ({}) as never,
    }),
    // @ts-expect-error a function as an answer
    defineActor<{ call: Ask<void, () => void> }>({ name: 'typed', mailbox, behavior: () => ({}) as never }),
    // @ts-expect-error an object with methods
    defineActor<{ count: Tell<Counter> }>({ name: 'typed', mailbox, behavior: () => ({}) as never }),
    // @ts-expect-error an Error
    defineActor<{ failed: Tell<{ cause: TypeError }> }>({ name: 'typed', mailbox, behavior: () => ({}) as never }),
    // @ts-expect-error a symbol
    defineActor<{ mark: Tell<symbol> }>({ name: 'typed', mailbox, behavior: () => ({}) as never }),
    // @ts-expect-error a promise as an answer
    defineActor<{ later: Ask<void, Promise<number>> }>({ name: 'typed', mailbox, behavior: () => ({}) as never }),
    // @ts-expect-error a Map of functions
    defineActor<{ table: Tell<Map<string, () => void>> }>({ name: 'typed', mailbox, behavior: () => ({}) as never }),
  ]
  expect(made).toHaveLength(9)
})
