/**
 * The type language of an actor's `messages.ts`: what it accepts, what it answers, how each edge behaves under load.
 * Types only; nothing here exists at run time.
 */

/** The sender rests when the receiver's mailbox has no credit left: load becomes backpressure, nothing is lost. */
export type Suspend = { readonly edge: 'suspend' }
export type LossyPolicy = 'drop-newest' | 'drop-oldest' | 'coalesce'
/** The sender never rests: without credit a message is dropped at the sender's outbox, and counted. */
export type Lossy<P extends LossyPolicy> = { readonly edge: P }
export type Edge = Suspend | Lossy<LossyPolicy>

/** A message without an answer. */
export type Tell<Payload = void, E extends Edge = Suspend> = {
  readonly type: 'tell'
  readonly payload: Payload
  readonly edge: E
}
/** A message with an answer. Always a suspending edge; the answer itself travels on reserved credit. */
export type Ask<Payload = void, Answer = void> = {
  readonly type: 'ask'
  readonly payload: Payload
  readonly answer: Answer
}

/** What one actor accepts: message kind → shape. */
export type Protocol = { readonly [kind: string]: Tell<any, any> | Ask<any, any> }

export type Kind<M> = keyof M & string
export type TellKind<M> = { [K in Kind<M>]: M[K] extends { type: 'tell' } ? K : never }[Kind<M>]
export type AskKind<M> = { [K in Kind<M>]: M[K] extends { type: 'ask' } ? K : never }[Kind<M>]
export type LossyKind<M> = {
  [K in Kind<M>]: M[K] extends { type: 'tell'; edge: { edge: LossyPolicy } } ? K : never
}[Kind<M>]
export type PayloadOf<M, K extends Kind<M>> = M[K] extends { payload: infer P } ? P : never
export type AnswerOf<M, K extends Kind<M>> = M[K] extends { answer: infer A } ? A : never
/** A payload of `void` need not be passed. */
export type Arguments<P> = [P] extends [void] ? [] : [payload: P]
/** As `Arguments`, with options behind: a payload of `void` is passed as `undefined` then. */
export type ArgumentsAnd<P, O> = [P] extends [void] ? [payload?: undefined, options?: O] : [payload: P, options?: O]

declare const PROTOCOL: unique symbol

/** How a packed kind is laid out: field → fixed or length-prefixed binary form. */
export type PackField = 'u32' | 'f64' | 'u64' | 'string' | 'bytes' | 'bool'
export type PackSchema = { readonly [field: string]: PackField }

/** How one lossy kind loses. `coalesce` keeps the newest per key field (`*`: the newest of the kind). */
export type LossRule = 'drop-newest' | 'drop-oldest' | { readonly coalesce: string }

/**
 * The address of an actor, a plain value: it travels in messages and stays valid when the actor or its thread restarts
 * (its parent's restart makes new children, with new addresses). `{ a, b }` is assignable where `{ a }` is needed.
 */
export type Ref<M> = {
  readonly uid: number
  readonly thread: string
  readonly path: string
  readonly [PROTOCOL]?: M
}
export type AnyRef = Ref<unknown>

/** Stands where a type cannot cross threads, so that the compiler's message says why. */
export type NotCloneable<Why extends string> = { readonly [NOT_CLONEABLE]: Why }
declare const NOT_CLONEABLE: unique symbol

type Opaque = ArrayBuffer | SharedArrayBuffer | ArrayBufferView | Date | AnyRef | string | number | bigint | boolean
/**
 * A type as structured clone carries it: itself if nothing is lost, else with `NotCloneable` in the place of what would be. A class
 * without methods looks like a plain object to the compiler, and `unknown` may hold anything: those are found when they are sent.
 */
export type Carried<T> = unknown extends T
  ? T
  : T extends Opaque | null | undefined | void
    ? T
    : T extends (...args: never) => unknown
      ? NotCloneable<'a function'>
      : T extends symbol
        ? NotCloneable<'a symbol'>
        : T extends Error
          ? NotCloneable<'an Error: its class and its fields are lost, send plain data'>
          : T extends PromiseLike<unknown>
            ? NotCloneable<'a promise'>
            : T extends ReadonlyMap<infer K, infer V>
              ? CarriedIf<T, [K, V]>
              : T extends ReadonlySet<infer V>
                ? CarriedIf<T, [V]>
                : { readonly [F in keyof T]: Carried<T[F]> }
type CarriedIf<T, Parts> = Parts extends Carried<Parts> ? T : NotCloneable<'what it holds'>

/** What an actor's messages must fit: payloads and answers that cross threads whole. */
export type Carries<M> = {
  readonly [K in keyof M]: M[K] extends { type: 'tell'; payload: infer P; edge: infer E extends Edge }
    ? Tell<Carried<P>, E>
    : M[K] extends { type: 'ask'; payload: infer P; answer: infer A }
      ? Ask<Carried<P>, Carried<A>>
      : Protocol[string]
}
