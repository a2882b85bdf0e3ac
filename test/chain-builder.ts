/** Chains for tests: valid by all rules of proof of work but the seal, with real state roots, forks and ommers, from a seed. */
import { createHash } from 'node:crypto'
import { joinBlock } from '../protocols/block.ts'
import type { BatchedBlock } from '../protocols/block-batch.ts'
import { encodeBody, ommersHash } from '../protocols/body.ts'
import { bytesEqual, concatBytes } from '../protocols/bytes.ts'
import type { ChainSpec } from '../protocols/chain-spec/chain-spec.ts'
import { loadGenesisAlloc } from '../protocols/chain-spec/genesis-alloc.ts'
import { genesisHeader } from '../protocols/chain-spec/genesis-header.ts'
import { rulesAt } from '../protocols/chain-spec/rules.ts'
import { nextDifficulty } from '../protocols/consensus/difficulty.ts'
import { OMMER_GENERATIONS } from '../protocols/consensus/ommers.ts'
import { rewards } from '../protocols/consensus/rewards.ts'
import { EMPTY_TRIE_ROOT, transactionsRoot } from '../protocols/derive-root.ts'
import { era1Writer } from '../protocols/era1/writer.ts'
import { decodeHeader, EMPTY_LIST_HASH, encodeHeader, type Header, headerHash } from '../protocols/header.ts'
import { keccak256 } from '../protocols/keccak256.ts'
import { type SeededRandom, seededRandom } from '../runtime/simulation/random.ts'
import { createBatch } from '../storage/batch.ts'
import { accountKey } from '../storage/schema.ts'
import { type Account, encodeAccount, NEW_ACCOUNT, storedAccount } from '../storage/state/account.ts'
import { genesisState } from '../storage/state/genesis-state.ts'
import { createTrie } from '../storage/trie/trie.ts'

export type BuiltBlock = BatchedBlock & {
  readonly number: bigint
  readonly header: Header
  /** Encoded headers. */
  readonly ommers: readonly Uint8Array[]
  readonly totalDifficulty: bigint
  readonly parent: BuiltBlock | undefined
  /** State root after it; the header of a spoilt block may claim another. */
  readonly stateRoot: Uint8Array
  readonly changes: readonly BalanceChange[]
}
type BalanceChange = {
  readonly address: Uint8Array
  readonly previous: Account | undefined
  readonly current: Account
}

export type BlockWishes = {
  readonly beneficiary?: Uint8Array
  /** Seconds after the parent; 13 keeps the difficulty nearly level. */
  readonly seconds?: bigint
  /** Encoded headers, see `ommerOf`. */
  readonly ommers?: readonly Uint8Array[]
  /** Encoded as they are hashed. They are not executed. */
  readonly transactions?: readonly Uint8Array[]
  /** Spoils the finished header. */
  readonly spoil?: (header: Header) => Header
}

export type ChainBuilder = {
  readonly spec: ChainSpec
  readonly genesis: BuiltBlock
  readonly random: SeededRandom
  extend(parent: BuiltBlock, wishes?: BlockWishes): BuiltBlock
  /** `count` blocks on `parent` with miners, times and ommers as the seed says. */
  grow(parent: BuiltBlock, count: number, wishes?: Pick<BlockWishes, 'seconds'>): BuiltBlock[]
  /** Encoded header of a block that others passed over: a child of `ancestor`. */
  ommerOf(ancestor: BuiltBlock): Uint8Array
  /** wei after the block, by the builder's own account. */
  balanceAt(block: BuiltBlock, address: Uint8Array): bigint
}

/** 2015-07-30T15:26:28Z, when mainnet began. */
const GENESIS_TIMESTAMP = 1_438_269_988n
const GAS_LIMIT = 5_000_000n
const MINERS = 400
/** RLP of a list without receipts. */
const NO_RECEIPTS = Uint8Array.of(0xc0)

const funded = (index: number) => ({
  address: createHash('sha256').update(`funded ${index}`).digest().subarray(0, 20).slice(),
  balance: BigInt(index + 1) * 10n ** 18n,
  nonce: BigInt(index % 3),
  code: index % 5 === 0 ? Uint8Array.of(0x60, index) : new Uint8Array(0),
  storage: index % 7 === 0 ? [{ slot: new Uint8Array(32).fill(1), value: new Uint8Array(32).fill(index + 1) }] : [],
})

/** A proof-of-work network of the lowest difficulty whose first blocks cross the forks up to Petersburg. */
export const TEST_SPEC: ChainSpec = {
  name: 'test',
  chainId: 7357n,
  networkId: 7357n,
  consensus: 'ethash',
  genesis: {
    nonce: new Uint8Array(8),
    timestamp: GENESIS_TIMESTAMP,
    extraData: new Uint8Array(0),
    gasLimit: GAS_LIMIT,
    difficulty: 131_072n,
    mixHash: new Uint8Array(32),
    coinbase: new Uint8Array(20),
    number: 0n,
    gasUsed: 0n,
    parentHash: new Uint8Array(32),
    alloc: { kind: 'inline', accounts: Array.from({ length: 30 }, (_, index) => funded(index)) },
  },
  blockForks: {
    homestead: 3n,
    eip150: 5n,
    eip155: 8n,
    eip158: 8n,
    byzantium: 12n,
    constantinople: 16n,
    petersburg: 16n,
  },
  timeForks: {},
  daoForkSupport: false,
  blobSchedule: {},
}

export async function chainBuilder(seed: string | number, spec: ChainSpec = TEST_SPEC): Promise<ChainBuilder> {
  const random = seededRandom(`chain ${seed}`)
  const miners = Array.from({ length: MINERS }, () => random.bytes(20))
  const accounts = new Map<string, Account>()
  const trie = createTrie({ read: () => undefined, memoryBytesMax: Number.POSITIVE_INFINITY })
  const genesis = genesisBlock(spec, await loadGenesisAlloc(spec.genesis), insert)
  /** Block that `accounts` and `trie` stand after. */
  let position = genesis

  function insert(addressHash: Uint8Array, account: Account | undefined): void {
    const key = text(addressHash)
    if (account === undefined) accounts.delete(key)
    else accounts.set(key, account)
    const done = account === undefined ? trie.delete(addressHash) : trie.insert(addressHash, encodeAccount(account))
    if (!done.ok) throw new Error(done.error.code)
  }

  function moveTo(target: BuiltBlock): void {
    if (position === target) return
    const forth: BuiltBlock[] = []
    let at = target
    while (at !== position) {
      if (at.number > position.number) {
        forth.push(at)
        at = at.parent as BuiltBlock
        continue
      }
      for (const { address, previous } of [...position.changes].reverse()) insert(keccak256(address), previous)
      position = position.parent as BuiltBlock
    }
    for (const block of forth.reverse())
      for (const { address, current } of block.changes) insert(keccak256(address), current)
    position = target
  }

  function headerOn(parent: BuiltBlock, wishes: BlockWishes): Header {
    const timestamp = parent.header.timestamp + (wishes.seconds ?? BigInt(1 + random.integer(25)))
    const number = parent.number + 1n
    const rules = rulesAt(spec, number, timestamp, false)
    const { difficulty } = parent.header
    const hasOmmers = parent.ommers.length > 0
    const before = { difficulty, number: parent.number, timestamp: parent.header.timestamp, hasOmmers }
    const { ommers = [], transactions = [] } = wishes
    return {
      parentHash: parent.hash,
      ommersHash: ommers.length === 0 ? EMPTY_LIST_HASH : ommersHash(ommers),
      beneficiary: wishes.beneficiary ?? (miners[random.integer(miners.length)] as Uint8Array),
      stateRoot: parent.stateRoot,
      transactionsRoot: transactions.length === 0 ? EMPTY_TRIE_ROOT : transactionsRoot(transactions),
      receiptsRoot: EMPTY_TRIE_ROOT,
      logsBloom: new Uint8Array(256),
      difficulty: nextDifficulty(rules, before, timestamp),
      number,
      gasLimit: parent.header.gasLimit,
      gasUsed: 0n,
      timestamp,
      extraData: random.bytes(random.integer(8)),
      mixHash: new Uint8Array(32),
      nonce: random.bytes(8),
    }
  }

  function pay(parent: BuiltBlock, header: Header, ommers: readonly Uint8Array[]): BalanceChange[] {
    moveTo(parent)
    const decoded = ommers.map((ommer) => headerOf(ommer))
    const rules = rulesAt(spec, header.number, header.timestamp, false)
    const changes: BalanceChange[] = []
    for (const { address, amount } of rewards(rules, header, decoded)) {
      const addressHash = keccak256(address)
      const previous = accounts.get(text(addressHash))
      const account = previous ?? NEW_ACCOUNT
      const current = { ...account, balance: account.balance + amount }
      insert(addressHash, current)
      changes.push({ address, previous, current })
    }
    return changes
  }

  function extend(parent: BuiltBlock, wishes: BlockWishes = {}): BuiltBlock {
    const { ommers = [], transactions = [] } = wishes
    const draft = headerOn(parent, wishes)
    const changes = pay(parent, draft, ommers)
    const stateRoot = trie.root().slice()
    const sound = { ...draft, stateRoot }
    const headerBytes = encodeHeader(wishes.spoil?.(sound) ?? sound)
    const header = headerOf(headerBytes)
    const block: BuiltBlock = {
      number: header.number,
      hash: headerHash(headerBytes),
      headerBytes,
      bodyBytes: encodeBody({ transactions, ommers }),
      header,
      ommers,
      totalDifficulty: parent.totalDifficulty + header.difficulty,
      parent,
      stateRoot,
      changes,
    }
    position = block
    return block
  }

  const ommerOf = (ancestor: BuiltBlock): Uint8Array => encodeHeader(headerOn(ancestor, {}))

  function grow(parent: BuiltBlock, count: number, wishes: Pick<BlockWishes, 'seconds'> = {}): BuiltBlock[] {
    const blocks: BuiltBlock[] = []
    let newest = parent
    for (let i = 0; i < count; i++) {
      const ommers: Uint8Array[] = []
      while (ommers.length < 2 && random.integer(8) === 0) {
        // Its parent is a forefather of the new block, but not the parent; near genesis there may be none.
        let ancestor: BuiltBlock | undefined = newest
        for (let back = 1 + random.integer(OMMER_GENERATIONS - 1); back > 0; back--) ancestor = ancestor?.parent
        if (ancestor !== undefined) ommers.push(ommerOf(ancestor))
      }
      newest = extend(newest, { ...wishes, ommers })
      blocks.push(newest)
    }
    return blocks
  }

  return {
    spec,
    genesis,
    random,
    extend,
    grow,
    ommerOf,
    balanceAt(block, address) {
      moveTo(block)
      return accounts.get(text(keccak256(address)))?.balance ?? 0n
    },
  }
}

/** From genesis (without it) to `newest`. */
export function chainTo(newest: BuiltBlock): BuiltBlock[] {
  const blocks: BuiltBlock[] = []
  for (let at: BuiltBlock | undefined = newest; at?.parent !== undefined; at = at.parent) blocks.push(at)
  return blocks.reverse()
}

/** As `export` writes them: one encoded block after the other. */
export const toRlp = (blocks: readonly BatchedBlock[]): Uint8Array => concatBytes(...blocks.map(blockRlp))

export function blockRlp(block: BatchedBlock): Uint8Array {
  const joined = joinBlock(block.headerBytes, block.bodyBytes)
  if (!joined.ok) throw new Error(joined.error.code)
  return joined.value
}

export function toEra1(blocks: readonly BuiltBlock[]): Uint8Array {
  const writer = era1Writer()
  const pieces: Uint8Array[] = []
  for (const { number, headerBytes, bodyBytes, totalDifficulty } of blocks)
    pieces.push(...writer.add({ number, headerBytes, bodyBytes, totalDifficulty, receiptsBytes: NO_RECEIPTS }))
  pieces.push(...writer.finish().pieces)
  return concatBytes(...pieces)
}

function genesisBlock(
  spec: ChainSpec,
  alloc: Awaited<ReturnType<typeof loadGenesisAlloc>>,
  insert: (addressHash: Uint8Array, account: Account) => void,
): BuiltBlock {
  const state = genesisState(alloc)
  const batch = createBatch()
  state.addTo(batch)
  const anyAccount = accountKey(new Uint8Array(32))
  for (const operation of batch.operations)
    if (operation.type === 'put' && operation.key[0] === anyAccount[0] && operation.key.length === anyAccount.length)
      insert(operation.key.slice(1), storedAccount(operation.value))
  const headerBytes = encodeHeader(genesisHeader(spec, state.stateRoot))
  const header = headerOf(headerBytes)
  return {
    number: header.number,
    hash: headerHash(headerBytes),
    headerBytes,
    bodyBytes: encodeBody({ transactions: [], ommers: [] }),
    header,
    ommers: [],
    totalDifficulty: header.difficulty,
    parent: undefined,
    stateRoot: state.stateRoot,
    changes: [],
  }
}

function headerOf(bytes: Uint8Array): Header {
  const header = decodeHeader(bytes)
  if (!header.ok) throw new Error(`${header.error.code} ${header.error.field}`)
  return header.value
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

export const isSameBlock = (a: { readonly hash: Uint8Array }, b: { readonly hash: Uint8Array }): boolean =>
  bytesEqual(a.hash, b.hash)
