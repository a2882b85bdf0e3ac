import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

/** Its thread stands in native code, which no `terminate` interrupts, longer than the test may take. */
const stuck = (mayStartAgain: boolean): string => `
  import { Worker } from 'node:worker_threads'
  import { endByForce } from ${JSON.stringify(new URL('../../dist/commands/node-process.js', import.meta.url).href)}
  const worker = new Worker(\`
    require('node:worker_threads').parentPort.postMessage('stuck')
    require('node:child_process').spawnSync('sleep', ['120'])\`, { eval: true, execArgv: [] })
  worker.once('message', () => setTimeout(() => {
    void worker.terminate()
    process.exitCode = 75
    endByForce(${mayStartAgain})
  }, 200))`

test.skipIf(process.platform === 'win32').each([
  ['aborts, so that the launcher starts it again,', true, 'SIGABRT'],
  ['is killed', false, 'SIGKILL'],
] as const)('a node whose thread does not end %s', async (_how, mayStartAgain, expected) => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', stuck(mayStartAgain)], {
    stdio: 'ignore',
    detached: true,
  })
  const [, signal] = await once(child, 'exit')
  // The sleeper is of its group.
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  expect(signal).toBe(expected)
})
