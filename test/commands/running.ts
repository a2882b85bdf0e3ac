/** Runs the real command line in a process of its own. The build is there before the tests run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sharedPath } from '../shared-data.ts'

const LAUNCHER = fileURLToPath(new URL('../../troupe.mjs', import.meta.url))
export const ERA1_DATA = ['data', 'mainnet-00000-5ec1ffb8.era1'] as const
export const ETHTEST_DATA = ['data', 'ethtest', 'genesis.json'] as const
export const ERA1 = sharedPath(...ERA1_DATA)
export const ETHTEST_GENESIS = sharedPath(...ETHTEST_DATA)

export type Ended = {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly errors: string
}
export type Running = {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Waits until stdout or stderr has said it. */
  says(what: string): Promise<string>
}

/** @param home what stands for the home directory, so that no test touches the user's. */
export function troupe(home: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let errors = ''
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', (chunk) => {
    out += chunk
    tell()
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
    tell()
  })
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    const result = { code, signal, out, errors }
    tell()
    return result
  })
  return {
    child,
    ended,
    says: (what) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!(out + errors).includes(what)) return
          listeners.delete(look)
          resolve(out + errors)
        }
        listeners.add(look)
        void ended.then((end) =>
          reject(new Error(`ended (${end.code}) without saying ${what}: ${end.out}${end.errors}`)),
        )
        look()
      }),
  }
}
