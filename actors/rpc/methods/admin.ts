import { bytesToHex } from '../../../protocols/hex.ts'
import { type JsonRpcError, serverError } from '../../../protocols/json-rpc/error.ts'
import type { JsonValue } from '../../../protocols/json-rpc/json.ts'
import { text } from '../../../protocols/json-rpc/parameters.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { closeNames } from '../close-names.ts'
import { type MethodTable, method, type Surroundings } from './method.ts'

/** Nobody restarts the root: its end is the end of the node. */
const ROOT = 'supervisor'
/** Actors that nobody could resume again once they rest. */
const NEVER_PAUSED: readonly string[] = ['rpc', ROOT, '']

export const ADMIN_METHODS: MethodTable = {
  admin_nodeInfo: method([], async ({ node, info, chain, pool }) => {
    const { ip, discoveryPort, listenerPort } = node
    const head = chain().head()
    const { secp256k1, ...work } = (await pool()) ?? { secp256k1: undefined }
    return ok({
      name: node.clientVersion,
      ip,
      ports: { discovery: discoveryPort, listener: listenerPort },
      listenAddr: `${ip.includes(':') ? `[${ip}]` : ip}:${listenerPort}`,
      protocols: {
        eth: {
          network: jsonInteger(info.networkId),
          genesis: bytesToHex(info.genesisHash),
          config: info.config,
          head: bytesToHex(head === undefined ? info.genesisHash : head.hash),
        },
      },
      // What go-ethereum has no field for.
      troupe: { secp256k1: secp256k1 ?? null, pool: 'threads' in work ? work : null },
    })
  }),
  admin_datadir: method([], ({ node }) => ok(node.datadir)),
  admin_actors: method([], ({ inspect }) => ok(asJson(inspect.actors()))),
  admin_mailboxes: method([], ({ inspect }) => ok(asJson(inspect.mailboxes()))),
  admin_threads: method([], ({ inspect }) => ok(asJson(inspect.threads()))),
  admin_deadLetters: method([], ({ inspect }) => ok(asJson(inspect.deadLetters()))),
  admin_flightRecord: method([text], (around, [name]) => {
    const path = findActor(around, name)
    if (!path.ok) return path
    const records = around.inspect.flightRecord(path.value)
    return records === undefined ? err(unknownActor(around, name)) : ok(asJson(records))
  }),
  admin_restartActor: method([text], (around, [name]) => {
    const path = findActor(around, name)
    if (!path.ok) return path
    if (bare(path.value) === ROOT) {
      return err(serverError(`${ROOT} cannot be restarted: stop the node and start it again`))
    }
    if (bare(path.value) === bare(around.self)) {
      around.restartLater(path.value)
      return ok(true)
    }
    return controlled(around.system.restart(path.value))
  }),
  admin_pauseActor: method([text], (around, [name]) => {
    const path = findActor(around, name)
    if (!path.ok) return path
    if (NEVER_PAUSED.includes(bare(path.value)) || isSelfOrAbove(path.value, around.self)) {
      return err(serverError(`${display(path.value)} cannot be paused: nothing could resume it`))
    }
    return controlled(around.system.pause(path.value))
  }),
  admin_resumeActor: method([text], (around, [name]) => {
    const path = findActor(around, name)
    return path.ok ? controlled(around.system.resume(path.value)) : path
  }),
}

/** `chain` and `/chain` name the same actor. @returns the path as the runtime writes it. */
function findActor(around: Surroundings, name: string): Result<string, JsonRpcError> {
  const wanted = bare(name)
  const found = around.inspect.actors().find((actor) => bare(actor.path) === wanted)
  return found === undefined ? err(unknownActor(around, name)) : ok(found.path)
}

function unknownActor(around: Surroundings, name: string): JsonRpcError {
  const names = closeNames(
    bare(name),
    around.inspect.actors().map((actor) => bare(actor.path)),
  ).map(display)
  const shown = JSON.stringify(name.length > NAME_SHOWN_MAX ? `${name.slice(0, NAME_SHOWN_MAX)}…` : name)
  return serverError(`no actor ${shown}${names.length === 0 ? '' : `, close names: ${names.join(', ')}`}`)
}
const NAME_SHOWN_MAX = 100

const bare = (path: string): string => path.replace(/^\/|\/$/g, '')
const display = (path: string): string => bare(path) || '/'

const isSelfOrAbove = (path: string, self: string): boolean =>
  bare(path) === '' || bare(self) === bare(path) || bare(self).startsWith(`${bare(path)}/`)

function controlled(done: ReturnType<Surroundings['system']['pause']>): Result<JsonValue, JsonRpcError> {
  if (done.ok) return ok(true)
  switch (done.error.code) {
    case 'NO_SUCH_ACTOR':
      return err(serverError(`no actor ${display(done.error.path)}`))
    case 'NOT_RESTARTABLE':
      return err(serverError(`${display(done.error.path)} cannot be restarted`))
    case 'NOT_RUNNING':
      return err(serverError(`${display(done.error.path)} is not running`))
  }
}

/** The views of the inspector are plain data already; what is undefined in them is left out of the text. */
const asJson = (view: object): JsonValue => view as JsonValue

/** A number where JSON can carry it exactly, else its decimal digits. */
const jsonInteger = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()
