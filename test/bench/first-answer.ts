/** From the start of the process to the first JSON-RPC answer, of a built tree: what a person waits for. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchCase, Outcome } from './harness.ts'

/** Of the checkout, from `dist/test/bench/`. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const START_MS_MAX = 30_000
/** Settings of the tests, as CI's TROUPE_REQUIRE_SHARED, are none of the node's, which refuses what it does not know. */
const OWN_ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TROUPE_')))

export const firstAnswer: BenchCase = {
  name: 'first RPC answer after the start of the process (goal: within 3,000 ms)',
  unit: 'ms',
  better: 'lower',
  rounds: 7,
  goals: [],
  async open() {
    const contenders = [
      { name: 'dev, new data directory', run: () => withDirectory((directory) => answerOf(directory, 'dev')) },
      { name: 'dev, compact', run: () => withDirectory((directory) => answerOf(directory, 'dev', 'compact')) },
      { name: 'dev, isolated', run: () => withDirectory((directory) => answerOf(directory, 'dev', 'isolated')) },
    ]
    return { contenders, close: async () => {} }
  },
}

async function withDirectory(run: (directory: string) => Promise<Outcome>): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
  try {
    return await run(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function answerOf(directory: string, network: string, threads?: string): Promise<Outcome> {
  const began = performance.now()
  const flags = [
    '--network',
    network,
    '--datadir',
    directory,
    '--http',
    '--http.port',
    '0',
    '--port',
    '0',
    '--nodiscover',
  ]
  const node = spawn(
    process.execPath,
    [join(ROOT, 'troupe.mjs'), 'start', ...flags, ...(threads === undefined ? [] : ['--threads', threads])],
    { stdio: ['ignore', 'pipe', 'pipe'], env: OWN_ENVIRONMENT },
  )
  const exited = new Promise<void>((resolve) => node.once('exit', () => resolve()))
  const late = setTimeout(() => node.kill('SIGKILL'), START_MS_MAX)
  let complaints = ''
  node.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString()
  })
  try {
    const endpoint = await endpointOf(node.stdout, () => complaints)
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' }),
    })
    const { result } = (await response.json()) as { readonly result: string }
    return { answer: result, measured: performance.now() - began }
  } finally {
    clearTimeout(late)
    node.kill('SIGTERM')
    await exited
  }
}

/** As the banner says once it accepts. */
function endpointOf(output: NodeJS.ReadableStream, complaints: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)
      if (found !== null) resolve(found[0])
    })
    output.once('end', () => reject(new Error(`the node ended before it answered: ${text}${complaints()}`)))
  })
}
