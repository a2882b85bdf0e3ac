import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import * as z from 'zod'
import { METHODS } from '../actors/rpc/rpc.ts'
import { isJsonObject } from '../protocols/json-rpc/json.ts'
import { option } from '../runtime/config.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE } from './command.ts'
import type { NodeConfig } from './config-schema.ts'
import { type ConsoleGlobals, consoleGlobals } from './console-globals.ts'
import { consoleNames } from './console-names.ts'
import { showThrown, showValue } from './console-text.ts'
import { converse } from './conversation.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { connectRpc } from './rpc-client.ts'
import { endpointOf } from './running-node.ts'

/** In the data directory: what was typed, for the arrow keys of the next time. */
const HISTORY_FILE = 'attach-history'

export const command = defineCommand({
  name: 'attach',
  summary: 'Talk to a running node in JavaScript',
  usage: 'attach [flags] [ENDPOINT]',
  examples: [
    'troupe attach',
    'troupe attach --mainnet',
    'troupe attach ws://127.0.0.1:8546',
    'troupe attach --exec "eth.blockNumber()"',
  ],
  arguments: { min: 0, max: 1 },
  options: {
    exec: option(z.string().min(1), 'Print what this expression gives, and end; 1 when it throws', {
      placeholder: 'EXPR',
    }),
  },
  sections: ['storage', 'ipc'],
  async run(context) {
    const { config, options, workingDirectory, write, complain } = context
    const fail = (why: string): number => {
      complain(`Fatal: ${why}\n`)
      return EXIT_FAILED
    }
    const endpoint = context.arguments[0] ?? endpointOf(context)
    if (endpoint === undefined) return fail('IPC is off (--ipc=false): name the node by an http:// or ws:// URL')
    const client = await connectRpc(endpoint)
    if (!client.ok) return fail(client.error.message)
    try {
      const modules = await client.value.call('rpc_modules')
      if (!modules.ok) return fail(modules.error.message)
      const offered = isJsonObject(modules.value) ? Object.keys(modules.value) : []
      const names = consoleNames(Object.keys(METHODS), offered)
      const globals = consoleGlobals(client.value, names)
      if (options.exec !== undefined) return await execute(options.exec, globals, write, complain)
      write(`Attached to ${endpoint}: ${offered.sort().join(', ')}. Tab completes, .exit or Ctrl-D ends.\n`)
      await converse(globals, names, {
        input: process.stdin,
        output: process.stdout,
        isTerminal: process.stdout.isTTY === true && process.stdin.isTTY === true,
        history: historyFile(config, workingDirectory),
      })
      return EXIT_FINE
    } finally {
      client.value.close()
    }
  },
})

async function execute(
  code: string,
  globals: ConsoleGlobals,
  write: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  try {
    const result = await scriptOf(code).runInContext(createContext({ ...globals, console }))
    write(`${typeof result === 'string' ? result : showValue(result, false)}\n`)
    return EXIT_FINE
  } catch (thrown) {
    complain(`${showThrown(thrown)}\n`)
    return EXIT_FAILED
  }
}

/** An expression, in which `await` may stand; else statements, of which the last gives the result. */
function scriptOf(code: string): Script {
  try {
    return new Script(`(async () => (${code}\n))()`, { filename: 'exec' })
  } catch {
    return new Script(code, { filename: 'exec' })
  }
}

/** Undefined where the node's directory is not on this machine: nothing is made for a history. */
function historyFile(config: NodeConfig, workingDirectory: string): string | undefined {
  const directory = dataDirectoryOf(config, { home: homedir(), platform: process.platform, workingDirectory })
  return existsSync(directory) ? join(directory, HISTORY_FILE) : undefined
}
