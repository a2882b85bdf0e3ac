import { invalidParams, notificationsUnsupported, serverError } from '../../../protocols/json-rpc/error.ts'
import type { JsonValue } from '../../../protocols/json-rpc/json.ts'
import { optional, type Parameter, text } from '../../../protocols/json-rpc/parameters.ts'
import { err, ok } from '../../../protocols/result.ts'
import { SUBSCRIPTIONS_MAX, TOPICS } from '../subscriptions.ts'
import { type MethodTable, method } from './method.ts'

/** Further arguments belong to subscriptions that are not offered. */
const anything: Parameter<JsonValue> = { optional: false, read: (value) => ok(value) }

export const SUBSCRIPTION_METHODS: MethodTable = {
  eth_subscribe: method([text, optional(anything)], ({ subscriber }, [name, argument]) => {
    if (subscriber === undefined) return err(notificationsUnsupported())
    const topic = TOPICS.find((known) => known === name)
    if (topic === undefined) {
      const shown = JSON.stringify(name.slice(0, NAME_SHOWN_MAX))
      return err({ ...notificationsUnsupported(), message: `no ${shown} subscription in eth namespace` })
    }
    if (argument !== undefined) return err(invalidParams('too many arguments, want at most 1'))
    const id = subscriber.subscribe(topic)
    return id === undefined ? err(serverError(`too many subscriptions (max ${SUBSCRIPTIONS_MAX})`)) : ok(id)
  }),
  eth_unsubscribe: method([text], ({ subscriber }, [id]) =>
    subscriber?.unsubscribe(id) === true ? ok(true) : err(serverError('subscription not found')),
  ),
}

const NAME_SHOWN_MAX = 100
