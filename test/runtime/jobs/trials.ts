/** Jobs for the tests of the pool. */
import { threadId } from 'node:worker_threads'
import { moving } from '../../../runtime/moving.ts'

export const whereAmI = (_input: undefined): number => threadId
export const double = (bytes: Uint8Array): Uint8Array => {
  const doubled = bytes.map((byte) => 2 * byte)
  return moving(doubled, [doubled.buffer])
}
export const fail = (why: string): never => {
  throw new Error(why)
}
export const leave = (code: number): never => process.exit(code)
export const spin = (_input: undefined): never => {
  for (;;) {}
}
/** Keeps its thread busy. @returns what it was given */
export const busy = ({ ms, name }: { readonly ms: number; readonly name: string }): string => {
  const end = performance.now() + ms
  while (performance.now() < end) {}
  return name
}
