import { defineActor, reentrant, serial } from '../../../../runtime/actor.ts'
import { note } from '../journal.ts'
import type { ProbeDeps, ProbeMessages } from './messages.ts'

export const probe = defineActor<ProbeMessages, ProbeDeps>({
  name: 'probe',
  mailbox: { capacity: 1024 },
  packed: { packed: { value: 'f64', pad: 'string' } },
  lossy: { newest: { coalesce: '*' }, lossy: 'drop-newest', oldest: 'drop-oldest' },
  behavior(ctx, deps) {
    const values: number[] = []
    const notes: { path: string; reason: { code: string; detail: string } }[] = []
    let sum = 0
    let count = 0
    const growing = new Map<number, string>()
    note(deps.journal, deps.code ?? 0)
    ctx.own({ close: () => note(deps.journal, -(deps.code ?? 0)) })
    const take = ({ value }: { value: number }): void => {
      if (deps.keep !== false) values.push(value)
      sum += value
      count++
    }
    return {
      add: take,
      packed: take,
      newest: take,
      lossy: take,
      oldest: take,
      echo: (payload) => payload,
      values: () => ({ values, sum, count }),
      slow: reentrant(async ({ ms }) => {
        await new Promise<void>((resolve) => ctx.clock.schedule(ms, resolve))
        return 'done'
      }),
      busy: serial(async ({ ms }) => {
        await new Promise<void>((resolve) => ctx.clock.schedule(ms, resolve))
      }),
      die: serial(async ({ how }) => {
        switch (how) {
          case 'throw':
            throw new Error('told to throw')
          case 'reject':
            await Promise.reject(new Error('told to reject'))
            return
          case 'exit':
            return process.exit(7)
          case 'loop':
            for (let turn = 0; turn >= 0; turn = (turn + 1) % 1000);
            return
          case 'array': {
            const hoard: number[][] = []
            while (hoard.length >= 0) hoard.push(new Array(4_000_000).fill(1.5))
            return
          }
          case 'map':
            ctx.every(5, 'grow')
            return
          case 'stop':
            ctx.end()
        }
      }),
      grow: () => {
        for (let i = 0; i < 5_000; i++)
          growing.set(growing.size, `entry number ${growing.size} of a map that only grows`)
      },
      seen: () => ctx.inspect.actors().map(({ path }) => path),
      lives: () => ({ incarnation: ctx.incarnation, epoch: ctx.epoch, pid: process.pid }),
      noted: (down) => void notes.push(down),
      notes: () => notes,
    }
  },
})
