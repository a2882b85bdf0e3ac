/** The same addition behind comlink. */
import { parentPort } from 'node:worker_threads'
import { expose } from 'comlink/dist/esm/comlink.mjs'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'

if (parentPort !== null) expose((a: number, b: number): number => a + b, nodeEndpoint(parentPort))
