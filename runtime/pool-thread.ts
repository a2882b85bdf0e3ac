/** What every thread of a pool runs: loads the module of a job and moves the buffers of its answer. */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { buffersOf } from './moving.ts'

export type ThreadOrder = { readonly url: string; readonly name: string; readonly input: unknown }

export async function runJob({ url, name, input }: ThreadOrder): Promise<unknown> {
  const module = (await import(/* @vite-ignore */ url)) as { readonly [name: string]: (input: unknown) => unknown }
  const answer = await module[name]!(input)
  const buffers = buffersOf(answer)
  if (buffers === undefined) return answer
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: answer } as never)
}
