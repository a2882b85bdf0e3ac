/** Who is told of what: subscriptions of the connections that take notifications (geth rpc/subscription.go). */
import type { JsonValue } from '../../protocols/json-rpc/json.ts'

export const TOPICS = ['newHeads', 'syncing'] as const
export type Topic = (typeof TOPICS)[number]

/** Subscriptions of one connection. */
export const SUBSCRIPTIONS_MAX = 128
/** Notifications of one subscription that wait for its id to be answered; the oldest yields. */
const WAITING_MAX = 64

export type Subscriptions = {
  /** A connection. @param send takes one notification; it may lead to `disconnect`. @returns its number */
  connect(send: (text: string) => void): number
  disconnect(client: number): void
  /** @returns false when the connection is gone, or has as many as it may. */
  subscribe(client: number, topic: Topic, id: string): boolean
  /** @returns false when it is not one of this connection. */
  unsubscribe(client: number, id: string): boolean
  /** The answer that tells these ids has left: what waited behind it follows, and later notifications go at once. */
  opened(client: number, ids: readonly string[]): void
  publish(topic: Topic, result: JsonValue): void
  /** To one subscription. */
  notify(client: number, id: string, result: JsonValue): void
  count(topic: Topic): number
}

type Subscription = {
  readonly topic: Topic
  /** Notifications from before the id was answered; undefined from then on. */
  waiting: string[] | undefined
}
type Client = { readonly send: (text: string) => void; readonly subscriptions: Map<string, Subscription> }

export function createSubscriptions(): Subscriptions {
  const clients = new Map<number, Client>()
  let last = 0

  function tell(client: Client, id: string, subscription: Subscription, result: string): void {
    const text = `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"${id}","result":${result}}}`
    const { waiting } = subscription
    if (waiting === undefined) {
      client.send(text)
      return
    }
    if (waiting.length === WAITING_MAX) waiting.shift()
    waiting.push(text)
  }

  return {
    connect(send) {
      clients.set(++last, { send, subscriptions: new Map() })
      return last
    },
    disconnect: (client) => void clients.delete(client),
    subscribe(client, topic, id) {
      const subscriptions = clients.get(client)?.subscriptions
      if (subscriptions === undefined || subscriptions.size >= SUBSCRIPTIONS_MAX) return false
      subscriptions.set(id, { topic, waiting: [] })
      return true
    },
    unsubscribe: (client, id) => clients.get(client)?.subscriptions.delete(id) ?? false,
    opened(client, ids) {
      for (const id of ids) {
        const known = clients.get(client)
        const subscription = known?.subscriptions.get(id)
        const waiting = subscription?.waiting
        if (known === undefined || subscription === undefined || waiting === undefined) continue
        subscription.waiting = undefined
        for (const text of waiting) known.send(text)
      }
    },
    publish(topic, result) {
      const text = JSON.stringify(result)
      for (const client of [...clients.values()])
        for (const [id, subscription] of client.subscriptions)
          if (subscription.topic === topic) tell(client, id, subscription, text)
    },
    notify(client, id, result) {
      const known = clients.get(client)
      const subscription = known?.subscriptions.get(id)
      if (known !== undefined && subscription !== undefined) tell(known, id, subscription, JSON.stringify(result))
    },
    count(topic) {
      let count = 0
      for (const { subscriptions } of clients.values())
        for (const subscription of subscriptions.values()) if (subscription.topic === topic) count++
      return count
    },
  }
}
