import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { consoleGlobals } from '../../commands/console-globals.ts'
import { converse } from '../../commands/conversation.ts'
import type { JsonValue } from '../../protocols/json-rpc/json.ts'

function console() {
  const called: [string, readonly JsonValue[]][] = []
  const names = new Map([['eth', ['chainId']]])
  const globals = consoleGlobals(
    {
      endpoint: 'x',
      async call(method, params = []) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        called.push([method, params])
        if (method === 'eth_chainId') return { ok: true, value: '0x539' }
        const error = { code: -32601, message: `no ${method}` }
        return { ok: false, error: { code: 'RPC_REFUSED', endpoint: 'x', message: error.message, error } }
      },
      close() {},
    },
    names,
  )
  const input = new PassThrough()
  const output = new PassThrough()
  let text = ''
  output.on('data', (chunk) => {
    text += chunk
  })
  const over = converse(globals, names, { input, output, isTerminal: false, history: undefined })
  return { called, input, over, text: () => text }
}

test('answers are shown once they are there, refusals as errors, and variables stay', async () => {
  const { called, input, over, text } = console()
  const says = async (line: string, answer: string) => {
    input.write(`${line}\n`)
    await expect.poll(text).toContain(answer)
  }
  await says('eth.chainId()', "'0x539'")
  await says('const id = await eth.chainId()', 'undefined')
  await says('Number(id) + 1', '1338')
  await says('eth.other(5n, [1n], { at: 2n })', 'Error: no eth_other')
  await says('nobody', 'nobody is not defined')
  input.end('.exit\n')
  await over
  expect(called.at(-1)).toEqual(['eth_other', ['0x5', ['0x1'], { at: '0x2' }]])
})

test('the end of a pipe does not overtake the answers', async () => {
  const { input, over, text } = console()
  input.end('eth.chainId()\n')
  await over
  expect(text()).toContain("'0x539'")
  const other = console()
  other.input.end('eth.chainId()\n.exit\n')
  await other.over
  expect(other.text()).toContain("'0x539'")
})
