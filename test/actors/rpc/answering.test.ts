import { expect, test } from 'vitest'
import { type Answering, answerRequest, refuseRequest } from '../../../actors/rpc/answering.ts'
import { closeNames } from '../../../actors/rpc/close-names.ts'
import { type MethodTable, method, type Surroundings } from '../../../actors/rpc/methods/method.ts'
import { timedOut } from '../../../protocols/json-rpc/error.ts'
import { parseRequest } from '../../../protocols/json-rpc/request.ts'
import { ok } from '../../../protocols/result.ts'

const request = (...methods: readonly (string | undefined)[]) =>
  parseRequest(
    new TextEncoder().encode(
      JSON.stringify(
        methods.map((name, id) => ({ jsonrpc: '2.0', ...(name === undefined ? {} : { id }), method: name ?? 'a_ok' })),
      ),
    ),
    { bytesMax: 10_000, depthMax: 10, valuesMax: 1000, itemsMax: 100 },
  )

function rig() {
  const log: string[] = []
  const state = { isLate: false, open: 0 }
  const methods: MethodTable = {
    a_ok: method([], () => {
      log.push('ok')
      return ok('fine')
    }),
    a_slow: method([], async () => {
      state.isLate = true
      return ok('slow')
    }),
    a_throws: method([], () => {
      throw new Error('secret detail')
    }),
    a_unserialisable: method([], () => ok(1n as unknown as string)),
  }
  const answering: Answering = {
    methods,
    namespaces: new Set(['a']),
    notifies: false,
    batchResponseMax: 1000,
    surroundings() {
      state.open++
      return { [Symbol.dispose]: () => void state.open-- } as unknown as Surroundings & Disposable
    },
    isLate: () => state.isLate,
    rest: async () => {},
    crashed: (name) => log.push(`crashed ${name}`),
  }
  return { log, state, answering }
}
const answers = async (...methods: readonly (string | undefined)[]) => {
  const { answering, log, state } = rig()
  const { text } = await answerRequest(request(...methods), answering)
  return { answers: text === undefined ? undefined : JSON.parse(text), log, open: state.open }
}

test('a batch that runs out of time keeps what was answered', async () => {
  const { answers: batch } = await answers('a_ok', 'a_slow', 'a_ok', 'a_ok')
  expect(batch.map((answer: any) => answer.result ?? answer.error.code)).toEqual(['fine', 'slow', -32002, -32002])
})
test('a method that throws tells the log, not the client, and harms no other call', async () => {
  const { answers: batch, log, open } = await answers('a_throws', 'a_unserialisable', 'a_ok')
  expect(batch.slice(0, 2).map((answer: any) => answer.error)).toEqual([
    { code: -32603, message: 'method handler crashed' },
    { code: -32603, message: 'method handler crashed' },
  ])
  expect(batch[2].result).toBe('fine')
  expect(log).toEqual(['crashed a_throws', 'crashed a_unserialisable', 'ok'])
  expect(open).toBe(0)
})
test('notifications are executed and not answered', async () =>
  expect(await answers(undefined, undefined)).toEqual({ answers: undefined, log: ['ok', 'ok'], open: 0 }))
test('a refusal carries the id of each call, of notifications none', () => {
  const { text } = refuseRequest(request('a_ok', undefined, 'a_ok'), timedOut())
  expect(JSON.parse(text!).map((answer: any) => [answer.id, answer.error.code])).toEqual([
    [0, -32002],
    [2, -32002],
  ])
})
test('close names are near by letters or parts of the name, nearest first', () => {
  const names = ['', 'chain', 'chain/trie-committer-0', 'rpc', 'storage']
  expect(closeNames('chian', names)).toEqual(['chain'])
  expect(closeNames('committer', names)).toEqual(['chain/trie-committer-0'])
  expect(closeNames('rcp', names)).toEqual(['rpc'])
  expect(closeNames('completely-else', names)).toEqual([])
  expect(closeNames('x'.repeat(100_000), names)).toEqual([])
})
