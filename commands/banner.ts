/** What a node says of itself once it accepts: a person reads it, and scripts wait for it. */
import type { NodeReady } from '../actors/supervisor/messages.ts'
import type { ChainSpec } from '../protocols/chain-spec/chain-spec.ts'
import { bytesToHex } from '../protocols/hex.ts'
import type { ActorView } from '../runtime/inspection.ts'

export type BannerFacts = {
  readonly clientVersion: string
  readonly spec: Pick<ChainSpec, 'name' | 'chainId'>
  readonly dataDirectory: string
  readonly node: NodeReady
  readonly actors: readonly Pick<ActorView, 'path' | 'thread' | 'uid'>[]
}

const LABEL_WIDTH = 9

export function renderBanner({ clientVersion, spec, dataDirectory, node, actors }: BannerFacts): string {
  const rows: [string, string][] = [
    ['Network', `${spec.name}, chain id ${spec.chainId}`],
    ['Data', dataDirectory],
    ['Head', `${node.head.number} ${bytesToHex(node.head.hash)}`],
    ['HTTP', node.http ?? 'off (--http turns it on)'],
    ...(node.ws === undefined ? [] : [['WS', node.ws] as [string, string]]),
    ['IPC', node.ipc ?? 'off'],
    ...threadRows(actors),
  ]
  const lines = rows.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${text}`)
  return `${clientVersion}\n\n${lines.join('\n')}\n\nReady. Ctrl-C stops it.\n`
}

/** One row a thread, in the order in which their first actors were started. */
function threadRows(actors: BannerFacts['actors']): [string, string][] {
  const byThread = new Map<string, string[]>()
  const inOrder = [...actors].sort((a, b) => a.uid - b.uid)
  for (const { path, thread } of inOrder) byThread.set(thread, [...(byThread.get(thread) ?? []), path])
  const width = Math.max(0, ...[...byThread.keys()].map((thread) => thread.length))
  return [...byThread].map(([thread, paths], index) => [
    index === 0 ? 'Threads' : '',
    `${thread.padEnd(width)}  ${paths.join(', ')}`,
  ])
}
