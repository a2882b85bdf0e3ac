/** The node that a command asks: found by the configuration, or named by `--attach`. */
import { homedir } from 'node:os'
import * as z from 'zod'
import { err, ok, type Result } from '../protocols/result.ts'
import { option } from '../runtime/config.ts'
import type { NodeConfig } from './config-schema.ts'
import { ipcPathOf } from './data-directory.ts'
import { connectRpc, type RpcClient } from './rpc-client.ts'

export const attachOptions = {
  attach: option(
    z.string().min(1),
    'IPC endpoint, or http:// or ws:// URL of the node; default its socket in the data directory',
  ),
  json: option(z.boolean(), 'Print JSON', { default: false }),
}

type Asked = {
  readonly config: NodeConfig
  readonly options: { readonly attach?: string | undefined }
  readonly workingDirectory: string
  readonly complain: (text: string) => void
}

/** The answers to `methods`, in order; undefined after a failure, which was told in one line. */
export async function askNode(asked: Asked, methods: readonly string[]): Promise<readonly unknown[] | undefined> {
  const answers = await answersOf(asked, methods)
  if (answers.ok) return answers.value
  asked.complain(`Fatal: ${answers.error}\n`)
  return undefined
}

async function answersOf(asked: Asked, methods: readonly string[]): Promise<Result<readonly unknown[], string>> {
  const endpoint = asked.options.attach ?? endpointOf(asked)
  if (endpoint === undefined) return err('IPC is off (--ipc=false): name the node by an http:// or ws:// URL')
  const client = await connectRpc(endpoint)
  if (!client.ok) return err(client.error.message)
  try {
    return await callAll(client.value, methods)
  } finally {
    client.value.close()
  }
}

async function callAll(client: RpcClient, methods: readonly string[]): Promise<Result<readonly unknown[], string>> {
  const answers: unknown[] = []
  for (const method of methods) {
    const answer = await client.call(method)
    if (!answer.ok) return err(answer.error.message)
    answers.push(answer.value)
  }
  return ok(answers)
}

/** The IPC endpoint of the node of this configuration; undefined when IPC is off. */
export const endpointOf = ({
  config,
  workingDirectory,
}: Pick<Asked, 'config' | 'workingDirectory'>): string | undefined =>
  ipcPathOf(config, { home: homedir(), platform: process.platform, workingDirectory })
