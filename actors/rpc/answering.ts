import {
  handlerCrashed,
  type JsonRpcError,
  methodNotFound,
  notificationsUnsupported,
  responseTooLarge,
  timedOut,
} from '../../protocols/json-rpc/error.ts'
import { isSubscribe, namespaceOf } from '../../protocols/json-rpc/method-name.ts'
import { readParameters } from '../../protocols/json-rpc/parameters.ts'
import { type Entry, NULL_ID, type ParsedRequest } from '../../protocols/json-rpc/request.ts'
import { encodeBatch, encodeError, encodeResult } from '../../protocols/json-rpc/response.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import type { RpcAnswer } from './messages.ts'
import type { Outcome as MethodOutcome, MethodTable, Surroundings } from './methods/method.ts'

/** What answering needs besides the request. */
export type Answering = {
  readonly methods: MethodTable
  readonly namespaces: ReadonlySet<string>
  /** The connection takes notifications. */
  readonly notifies: boolean
  readonly batchResponseMax: number
  /** A fresh snapshot for one call, released when the call is done. */
  surroundings(): Surroundings & Disposable
  /** The time for this request is over, or its client gone. */
  isLate(): boolean
  /** Called between the calls of a batch, which may take long together: lets others have the thread. */
  rest(): Promise<void>
  crashed(method: string, thrown: unknown): void
}

/**
 * Runs the calls of a request one after another, each under one snapshot. At once where its method needs no wait: that
 * is most of them, and a promise costs as much as such an answer. Never rejects.
 */
export function answerRequest(request: ParsedRequest, answering: Answering): RpcAnswer | Promise<RpcAnswer> {
  switch (request.form) {
    case 'nothing':
      return { text: undefined, close: false }
    case 'unreadable':
      return { text: encodeError(NULL_ID, request.error), close: true }
    case 'refused': {
      const text = encodeError(request.id, request.error)
      return { text: request.asBatch ? encodeBatch([text]) : text, close: false }
    }
    case 'single': {
      const { entry } = request
      const outcome = runEntry(entry, answering)
      return outcome instanceof Promise ? outcome.then((known) => answerTo(entry, known)) : answerTo(entry, outcome)
    }
    case 'batch':
      return answerBatch(request.entries, answering).then((text) => ({ text, close: false }))
  }
}

const answerTo = (entry: Entry, outcome: Outcome): RpcAnswer => ({ text: encodeEntry(entry, outcome), close: false })

/** Answers every call of a request with one refusal: of a node that is busy, or of a request that took too long. */
export function refuseRequest(request: ParsedRequest, error: JsonRpcError): RpcAnswer {
  switch (request.form) {
    case 'nothing':
      return { text: undefined, close: false }
    case 'unreadable':
      return { text: encodeError(NULL_ID, request.error), close: true }
    case 'refused':
      return { text: encodeError(request.id, request.error), close: false }
    case 'single':
      return { text: encodeEntry(request.entry, err(error)), close: false }
    case 'batch': {
      const texts = request.entries.map((entry) => encodeEntry(entry, err(error))).filter((text) => text !== undefined)
      return { text: texts.length === 0 ? undefined : encodeBatch(texts), close: false }
    }
  }
}

async function answerBatch(entries: readonly Entry[], answering: Answering): Promise<string | undefined> {
  const texts: string[] = []
  let size = 0
  for (const entry of entries) {
    const outcome: Outcome =
      size > answering.batchResponseMax ? err(responseTooLarge()) : await runEntry(entry, answering)
    const text = encodeEntry(entry, outcome)
    if (text !== undefined) {
      texts.push(text)
      size += outcome.ok ? outcome.value.length : JSON.stringify(outcome.error).length
    }
    await answering.rest()
  }
  return texts.length === 0 ? undefined : encodeBatch(texts)
}

/** JSON text of the result. */
type Outcome = Result<string, JsonRpcError>

function encodeEntry(entry: Entry, outcome: Outcome): string | undefined {
  switch (entry.kind) {
    case 'notification':
    case 'response':
      return undefined
    case 'invalid':
      return encodeError(entry.id, entry.error)
    case 'call':
      return outcome.ok ? encodeResult(entry.id, outcome.value) : encodeError(entry.id, outcome.error)
  }
}

function runEntry(entry: Entry, answering: Answering): Outcome | Promise<Outcome> {
  if (entry.kind === 'invalid') return err(entry.error)
  if (entry.kind === 'response') return ok('null')
  if (answering.isLate()) return err(timedOut())
  if (!answering.notifies && isSubscribe(entry.method)) return err(notificationsUnsupported())
  const namespace = namespaceOf(entry.method)
  const method =
    namespace !== undefined && answering.namespaces.has(namespace) && Object.hasOwn(answering.methods, entry.method)
      ? answering.methods[entry.method]
      : undefined
  if (method === undefined) return err(methodNotFound(entry.method))
  const values = readParameters(method.parameters, entry.params)
  if (!values.ok) return values
  let around: (Surroundings & Disposable) | undefined
  let isLasting = false
  const outcomeOf = (result: MethodOutcome): Outcome => (result.ok ? ok(JSON.stringify(result.value)) : result)
  const crashed = (thrown: unknown): Outcome => {
    answering.crashed(entry.method, thrown)
    return err(handlerCrashed())
  }
  try {
    around = answering.surroundings()
    const result = method.run(around, values.value)
    if (!(result instanceof Promise)) return outcomeOf(result)
    isLasting = true
    const lasting = around
    return result
      .then(outcomeOf)
      .catch(crashed)
      .finally(() => lasting[Symbol.dispose]())
  } catch (thrown) {
    return crashed(thrown)
  } finally {
    if (!isLasting) around?.[Symbol.dispose]()
  }
}
