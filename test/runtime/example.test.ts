/** The example that runtime/README.md quotes: it does what is said there, on the main thread and on one of its own. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../runtime/actor.ts'
import type { Ref } from '../../runtime/messages.ts'
import type { System } from '../../runtime/system.ts'
import type { BallotMessages } from './example/messages.ts'
import { openStation } from './example/station.ts'
import { answered, until } from './stage.ts'

describe.each(['main', 'ballot'])('a ballot on the thread %s', (thread) => {
  let ctx: Context<any>
  let ballot: Ref<BallotMessages>
  let system: System<any>
  const result = () => answered(ctx.ask(ballot, 'result'))
  beforeAll(async () => {
    const opened = new Promise<void>((resolve) => {
      const arrived = (context: Context<any>, ref: Ref<BallotMessages>): void => {
        ctx = context
        ballot = ref
        resolve()
      }
      openStation(thread, { opened: arrived }).then((started) => {
        system = started
      })
    })
    await opened
    await until(() => system !== undefined)
  })
  afterAll(() => system.stop())

  test('runs where it was placed', () => {
    expect(ballot).toMatchObject({ path: 'ballot', thread })
    expect(system.threads).toEqual(thread === 'main' ? ['main'] : ['main', thread])
  })
  test('takes messages in the order they were told, and answers', async () => {
    ctx.tell(ballot, 'question', { text: 'Tea?' })
    expect(await result()).toEqual({ question: 'Tea?', votes: new Map() })
    for (const on of ['yes', 'no', 'yes']) ctx.tell(ballot, 'vote', { on })
    expect(await result()).toEqual({ question: 'Tea?', votes: new Map([['yes', 2], ['no', 1]]) }) // biome-ignore format: a table
  })
  test('starts anew under the same address after a message that it could not handle', async () => {
    ctx.tell(ballot, 'vote', { on: '' })
    await until(async () => {
      const answer = await ctx.ask(ballot, 'result')
      return answer.ok && answer.value.question === ''
    })
    expect(await result()).toEqual({ question: '', votes: new Map() })
    expect(system.inspector.actors().find(({ path }) => path === 'ballot')).toMatchObject({ restarts: 1 })
  })
  test('left a record of what it handled, without what was in it', () => {
    const records = system.inspector.flightRecord('ballot') ?? []
    expect(records.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(
      expect.arrayContaining(['question ok', 'vote ok', 'vote failed', 'result ok']),
    )
    expect(JSON.stringify(records)).not.toContain('Tea')
  })
})

test('runtime/README.md quotes the example as it is', () => {
  const readme = readFileSync(new URL('../../runtime/README.md', import.meta.url), 'utf8')
  const quotes = [...readme.matchAll(/```ts\n\/\/ (test\/runtime\/example\/\S+)\n([\s\S]*?)```/g)]
  expect(quotes.map(([, path]) => path)).toEqual(
    ['messages', 'ballot', 'station'].map((n) => `test/runtime/example/${n}.ts`),
  )
  for (const [, path, text] of quotes) {
    expect(text, path).toBe(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))
  }
})
