import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { createPublishedHeadMemory, publishHead, readPublishedHead } from '../../storage/published-head.ts'

const head = (number: bigint, epoch = 1n) => ({ number, epoch, hash: new Uint8Array(32).fill(Number(number & 0xffn)) })

test('reads nothing before the first head, then the newest', () => {
  const memory = createPublishedHeadMemory()
  expect(readPublishedHead(memory)).toBeUndefined()
  for (const published of [head(0n), head(5n), head(2n ** 40n + 7n, 2n ** 33n), head(2n ** 64n - 1n)]) {
    publishHead(memory, published)
    expect(readPublishedHead(memory)).toEqual(published)
  }
})

test('a writer that died inside a write is seen as nothing, and its replacement makes the memory whole', () => {
  const memory = createPublishedHeadMemory()
  publishHead(memory, head(1n))
  new Int32Array(memory)[0]! += 1
  expect(readPublishedHead(memory)).toBeUndefined()
  publishHead(memory, head(2n, 2n))
  expect(readPublishedHead(memory)).toEqual(head(2n, 2n))
})

test('never reads half of one head and half of another while a thread writes', async () => {
  const memory = createPublishedHeadMemory()
  // The words and their order are those of published-head.ts: a worker loads JavaScript only.
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads')
     const words = new Int32Array(workerData)
     parentPort.postMessage('begins')
     const end = Date.now() + 300
     for (let i = 1; Date.now() < end; i++) {
       Atomics.store(words, 0, 2 * i - 1)
       for (let at = 1; at < words.length; at++) Atomics.store(words, at, i & 0x7f)
       Atomics.store(words, 0, 2 * i)
     }`,
    { eval: true, workerData: memory },
  )
  await once(worker, 'message')
  let reads = 0
  for (const end = Date.now() + 250; Date.now() < end; ) {
    const seen = readPublishedHead(memory)
    if (seen === undefined) continue
    reads++
    const low = Number(seen.number & 0xffn)
    expect(seen.epoch).toBe(seen.number)
    expect(seen.hash[3]).toBe(low)
    expect(seen.hash[31]).toBe(low)
  }
  expect(reads).toBeGreaterThan(100)
  await once(worker, 'exit')
})
