import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ActorRecorder, createArena, disabledRecorder, endArena } from '../../../runtime/arena/arena.ts'
import { arenaOverflow, createInspector } from '../../../runtime/arena/inspector.ts'
import { OUTCOME_FAILED, OUTCOME_OK, PATH_BYTES_MAX } from '../../../runtime/arena/layout.ts'

/** A message that waited, as its handling begins at `at`. */
const begins = (
  recorder: ActorRecorder,
  kindId: number,
  sender: number,
  sequence: number,
  causeActor: number,
  causeSequence: number,
  bytes: number,
  waitedMs: number,
  at: number,
): number => {
  const wallOffset = START
  const turnTime = at - START
  return recorder.begin(
    kindId,
    { sender, sequence, causeActor, causeSequence, arrivedAt: turnTime - waitedMs },
    bytes,
    { turnTime, wallOffset },
  )
}

const START = 1_700_000_000_000
const at = (now: number) => ({ now: () => START + now })
const arenaOf = (thread = 'net', actorsMax = 8, bytes = 1 << 20) => {
  const writer = createArena({ thread, epoch: 3, actorsMax, bytes })
  const source = { thread, epoch: 3, buffer: writer.buffer, restarts: 2 }
  return { writer, source, inspect: (now = 0) => createInspector(() => [source], at(now)) }
}

test('shows an actor with its state, its thread and what it is handling for how long', () => {
  const { writer, inspect } = arenaOf()
  const eth = writer.actor(7, '/eth', 64, 16, START)
  eth.state('running')
  begins(eth, writer.intern('announce'), 9, 1, 0, 0, 100, 0.1, START + 10)
  expect(inspect(35).actors()).toEqual([
    {
      path: '/eth',
      uid: 7,
      thread: 'net',
      epoch: 3,
      state: 'running',
      restarts: 0,
      startedAt: START,
      handling: { kind: 'announce', forMs: 25 },
    },
  ])
  eth.end(5, OUTCOME_OK, 0)
  eth.begun(1, START + 50)
  expect(inspect(60).actors()[0]).toMatchObject({ restarts: 1, startedAt: START + 50, handling: undefined })
})

test('counts what goes through a mailbox', () => {
  const { writer, inspect } = arenaOf()
  const eth = writer.actor(7, '/eth', 64, 16, START)
  for (const depth of [1, 2, 3]) eth.received(depth)
  begins(eth, 1, 9, 1, 0, 0, 0, 0.2, START)
  eth.end(1.5, OUTCOME_OK, 2)
  begins(eth, 1, 9, 2, 0, 0, 0, 0.2, START)
  eth.end(2, OUTCOME_FAILED, 1)
  eth.dropped(4)
  eth.lost(5)
  eth.resting(true)
  expect(inspect().mailboxes()[0]).toMatchObject({
    depth: 1,
    highWater: 3,
    capacity: 64,
    received: 3,
    handled: 2,
    failed: 1,
    dropped: 4,
    lost: 5,
    busyMs: 3.5,
    resting: true,
  })
})

test('a waiting time falls into the first bucket whose bound is above it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (waitedMs) => {
      const { writer, inspect } = arenaOf('net', 1, 200_000)
      begins(writer.actor(1, '/a', 1, 0, START), 1, 0, 1, 0, 0, 0, waitedMs, START)
      const bounds = Array.from({ length: 15 }, (_, i) => 0.016 * 2 ** i)
      const bucket = bounds.findIndex((bound) => waitedMs < bound * (1 - 1e-12))
      const waited = inspect().mailboxes()[0]!.waited
      const nearBound = bounds.some((bound) => Math.abs(waitedMs - bound) < bound * 1e-9)
      expect(waited.reduce((a, b) => a + b)).toBe(1)
      if (!nearBound) expect(waited[bucket === -1 ? 15 : bucket]).toBe(1)
    }),
    { numRuns: 200 },
  )
})

test('a flight recorder keeps the last records, newest last, and names senders of other threads', () => {
  const net = arenaOf('net')
  const chain = arenaOf('chain')
  chain.writer.actor(9, '/chain', 1, 16, START)
  const eth = net.writer.actor(7, '/eth', 64, 16, START)
  const kind = net.writer.intern('head')
  for (let i = 1; i <= 20; i++) {
    begins(eth, kind, 9, i, i === 20 ? 5 : 0, i === 20 ? 77 : 0, 32, 0.5, START + i)
    if (i < 20) eth.end(1, OUTCOME_OK, 0)
  }
  const inspector = createInspector(() => [net.source, chain.source], at(30))
  const records = inspector.flightRecord('/eth')!
  expect(records.map((r) => r.sequence)).toEqual(Array.from({ length: 16 }, (_, i) => i + 5))
  expect(records[0]).toEqual({
    sequence: 5,
    at: START + 5,
    kind: 'head',
    sender: '/chain',
    senderSequence: 5,
    cause: undefined,
    bytes: 32,
    waitedMs: 0.5,
    tookMs: 1,
    outcome: 'ok',
  })
  expect(records.at(-1)).toMatchObject({ outcome: 'running', tookMs: 10, cause: { actor: 5, sequence: 77 } })
  expect(inspector.flightRecord('/nobody')).toBeUndefined()
})

test('messages that are handled at the same time end in their own records', () => {
  const { writer, inspect } = arenaOf()
  const rpc = writer.actor(1, '/rpc', 8, 16, START)
  const first = begins(rpc, 1, 0, 1, 0, 0, 0, 0, START)
  const second = begins(rpc, 1, 0, 2, 0, 0, 0, 0, START)
  rpc.end(3, OUTCOME_OK, 0, second)
  rpc.end(9, OUTCOME_FAILED, 0, first, 1)
  expect(
    inspect()
      .flightRecord('/rpc')!
      .map((r) => [r.tookMs, r.outcome]),
  ).toEqual([
    [9, 'failed'],
    [3, 'ok'],
  ])
  expect(inspect().mailboxes()[0]).toMatchObject({ busyMs: 4 })
})

test('a released actor is gone, and its slot and ring serve the next one without its records', () => {
  const { writer, inspect } = arenaOf('net', 1)
  for (let i = 0; i < 100; i++) {
    const session = writer.actor(i, `/p2p/session-${i}`, 8, 16, START + i)
    expect(inspect().flightRecord(`/p2p/session-${i}`)).toEqual([])
    begins(session, 1, 0, 1, 0, 0, 0, 0, START)
    session.end(1, OUTCOME_OK, 0)
    expect(
      inspect()
        .actors()
        .map((a) => a.path),
    ).toEqual([`/p2p/session-${i}`])
    session.release()
    session.release()
    session.received(5)
    expect(inspect().actors()).toEqual([])
  }
  expect(arenaOverflow(writer.buffer)).toEqual({ actors: 0, strings: 0, flights: 0 })
})

test('without a free slot, ring or string it goes on, counted', () => {
  const { writer, inspect } = arenaOf('net', 2, 220_000)
  begins(writer.actor(1, '/a', 1, 4096, START), 1, 0, 1, 0, 0, 0, 0, START)
  writer.actor(2, '/b', 1, 16, START)
  const third = writer.actor(3, '/c', 1, 16, START)
  third.received(1)
  begins(third, 1, 0, 1, 0, 0, 0, 0, START)
  third.end(1, OUTCOME_OK, 0)
  third.release()
  for (let i = 0; i < 3000; i++) writer.intern(`kind-${i}`)
  expect(writer.intern('kind-7')).toBeGreaterThan(0)
  expect(writer.intern('kind-2999')).toBe(0)
  expect(
    inspect()
      .actors()
      .map((a) => a.path),
  ).toEqual(['/a', '/b'])
  expect(inspect().flightRecord('/a')).toEqual([])
  const overflow = arenaOverflow(writer.buffer)
  expect(overflow).toMatchObject({ actors: 1, flights: 1 })
  expect(overflow.strings).toBeGreaterThan(900)
})

test('a path that is too long is cut at a whole character', () => {
  const { writer, inspect } = arenaOf()
  writer.actor(1, `/${'é'.repeat(200)}`, 1, 0, START)
  expect(inspect().actors()[0]!.path).toBe(`/${'é'.repeat((PATH_BYTES_MAX - 2) / 2)}`)
})

test('dead letters: the last 256 of all threads in order, repetitions merged, all of them counted', () => {
  const net = arenaOf('net')
  const chain = arenaOf('chain')
  for (let i = 0; i < 300; i++) net.writer.deadLetter(START + 2 * i, `/a${i}`, '/b', 'ping', 'NO_ACTOR')
  chain.writer.deadLetter(START + 597, '/x', '/y', 'pong', 'STOPPED', 3)
  chain.writer.deadLetter(START + 599, '/x', '/y', 'pong', 'STOPPED')
  const { total, recent } = createInspector(() => [net.source, chain.source], at(0)).deadLetters()
  expect(total).toBe(304)
  expect(recent).toHaveLength(256)
  expect(recent.at(-1)).toEqual({ at: START + 599, to: '/x', from: '/y', kind: 'pong', reason: 'STOPPED', count: 4 })
  expect(recent.at(-2)).toMatchObject({ to: '/a299', count: 1 })
})

test('a thread is running, hung without a beat, and ended once its exit was seen', () => {
  const { writer, source, inspect } = arenaOf()
  expect(inspect().threads()[0]).toMatchObject({ state: 'starting', restarts: 2 })
  writer.state('running')
  writer.beat(START, 1000, 2000)
  expect(inspect(100).threads()).toEqual([
    {
      name: 'net',
      epoch: 3,
      state: 'running',
      sinceBeatMs: 100,
      heapUsedBytes: 1000,
      externalBytes: 2000,
      restarts: 2,
    },
  ])
  expect(inspect(5_001).threads()[0]).toMatchObject({ state: 'hung', sinceBeatMs: 5_001 })
  endArena(source.buffer)
  expect(inspect(5_001).threads()[0]).toMatchObject({ state: 'ended' })
})

test('of an ended thread and its replacement the actor started last is shown', () => {
  const old = arenaOf('net')
  const young = arenaOf('net')
  old.writer.actor(1, '/eth', 1, 0, START)
  young.writer.actor(2, '/eth', 1, 0, START + 1)
  const inspector = createInspector(() => [young.source, old.source], at(0))
  expect(inspector.actors().map((a) => a.uid)).toEqual([2])
})

test('a buffer that is no arena is left out', () => {
  const source = { thread: 'x', epoch: 1, buffer: new SharedArrayBuffer(1 << 20), restarts: 0 }
  expect(createInspector(() => [source], at(0)).threads()).toEqual([])
})

test('the disabled recorder takes everything and records nothing', () => {
  disabledRecorder.received(1)
  expect(begins(disabledRecorder, 1, 1, 1, 1, 1, 1, 1, 1)).toBe(0)
  disabledRecorder.end(1, OUTCOME_OK, 0)
})

/** Threads load compiled JavaScript only: this needs a build. */
const compiled = new URL('../../../dist/runtime/arena/arena.js', import.meta.url)

test.skipIf(!existsSync(compiled))('is read while its thread hangs in an endless loop, and never torn', async () => {
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads')
     import(workerData).then(({ createArena }) => {
       const writer = createArena({ thread: 'w', epoch: 1, actorsMax: 4, bytes: 1 << 20 })
       const kind = writer.intern('spin')
       let actor = writer.actor(1, '/spin-0', 8, 16, 0)
       parentPort.postMessage(writer.buffer)
       for (let i = 1; ; i++) {
         const message = { sender: i, sequence: i, causeActor: i, causeSequence: i, arrivedAt: i }
         actor.begin(kind, message, i, { turnTime: i, wallOffset: 0 })
         actor.end(i, 1, 0)
         if (i % 1000 === 0) { actor.release(); actor = writer.actor(i, '/spin-' + i, 8, 16, i) }
       }
     })`,
    { eval: true, workerData: compiled.href },
  )
  const buffer = await new Promise<SharedArrayBuffer>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  const inspector = createInspector(() => [{ thread: 'w', epoch: 1, buffer, restarts: 0 }], at(0))
  let seen = 0
  for (let i = 0; i < 2000; i++) {
    for (const actor of inspector.actors()) {
      if (actor.uid > 1) expect(actor.path).toBe(`/spin-${actor.uid}`)
      for (const record of inspector.flightRecord(actor.path) ?? []) {
        seen++
        expect(record.kind).toBe('spin')
        expect(record.bytes).toBe(record.senderSequence)
        expect(record.at).toBe(record.senderSequence)
      }
    }
  }
  await worker.terminate()
  expect(seen).toBeGreaterThan(0)
})
