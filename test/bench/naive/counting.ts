/** What one writes without a runtime: a worker that counts the messages it gets and answers the questions it is asked. */
import { parentPort } from 'node:worker_threads'

export type NaiveMessage =
  | { readonly kind: 'plain'; readonly value: number; readonly pad: string }
  | { readonly kind: 'total' }
  | { readonly kind: 'add'; readonly a: number; readonly b: number }

let count = 0
let sum = 0
let padBytes = 0
parentPort?.on('message', (message: NaiveMessage) => {
  switch (message.kind) {
    case 'plain':
      count++
      sum += message.value
      padBytes += message.pad.length
      return
    case 'total':
      parentPort?.postMessage({ count, sum, padBytes })
      count = sum = padBytes = 0
      return
    case 'add':
      parentPort?.postMessage(message.a + message.b)
  }
})
