/** What a node says of itself once it accepts: a person reads it, and scripts wait for it. */
import type { SealingSettings } from '../actors/sealer/messages.ts'
import type { NodeReady } from '../actors/supervisor/messages.ts'
import type { ChainSpec } from '../protocols/chain-spec/chain-spec.ts'
import { DEV_ACCOUNTS, DEV_BALANCE, DEV_DERIVATION_PATH, DEV_MNEMONIC } from '../protocols/chain-spec/dev.ts'
import { checksumAddress } from '../protocols/checksum-address.ts'
import { bytesToHex } from '../protocols/hex.ts'
import type { ActorView } from '../runtime/inspection.ts'

export type BannerFacts = {
  readonly clientVersion: string
  readonly spec: Pick<ChainSpec, 'name' | 'chainId'>
  /** Undefined: all is in memory. */
  readonly dataDirectory: string | undefined
  /** Of a chain that this node seals, whose funded accounts are shown; undefined: it seals none. */
  readonly sealing: Pick<SealingSettings, 'periodMs'> | undefined
  readonly node: NodeReady
  readonly actors: readonly Pick<ActorView, 'path' | 'thread' | 'uid'>[]
}

const LABEL_WIDTH = 9

export function renderBanner({ clientVersion, spec, dataDirectory, sealing, node, actors }: BannerFacts): string {
  const rows: [string, string][] = [
    ['Network', `${spec.name}, chain id ${spec.chainId}`],
    ['Data', dataDirectory ?? 'in memory: gone when the node ends'],
    ['Head', `${node.head.number} ${bytesToHex(node.head.hash)}`],
    ['HTTP', node.http ?? 'off (--http turns it on)'],
    ...(node.ws === undefined ? [] : [['WS', node.ws] as [string, string]]),
    ['IPC', node.ipc ?? 'off'],
    ...(sealing === undefined ? [] : [['Blocks', sealingText(sealing.periodMs)] as [string, string]]),
    ...threadRows(actors),
  ]
  const lines = rows.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${text}`)
  const accounts = sealing === undefined ? '' : `${devAccountsText()}\n`
  return `${clientVersion}\n\n${lines.join('\n')}\n\n${accounts}Ready. Ctrl-C stops it.\n`
}

const sealingText = (periodMs: number): string =>
  periodMs === 0
    ? 'when asked (admin_seal); --dev.period makes one every so many seconds'
    : `every ${periodMs / 1000} s`

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

const WEI_PER_ETHER = 10n ** 18n

/** Accounts of the dev chain with their keys: they are no secret, and must not be taken for one. */
function devAccountsText(): string {
  const balance = `${(DEV_BALANCE / WEI_PER_ETHER).toLocaleString('en')} ETH`
  const rows = DEV_ACCOUNTS.map(({ address, key }, index) => {
    return `  (${index}) ${checksumAddress(address)}  ${bytesToHex(key)}`
  })
  return [
    `Accounts, each with ${balance} from the genesis, and their private keys`,
    ...rows,
    '',
    `  Mnemonic         ${DEV_MNEMONIC}`,
    `  Derivation path  ${DEV_DERIVATION_PATH}`,
    '',
    'EVERYBODY KNOWS THESE KEYS. Send nothing of value to these accounts on any other network: it would be taken at once.',
    '',
  ].join('\n')
}
