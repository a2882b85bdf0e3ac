/** A small chain in memory, in the place of the store. */
import type { AccountFields, ChainReader } from '../../../actors/rpc/chain-reader.ts'
import type { ChainSource } from '../../../actors/rpc/chain-source.ts'
import { type Body, encodeBody } from '../../../protocols/body.ts'
import { encodeHeader, type Header, headerHash } from '../../../protocols/header.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { keccak256 } from '../../../protocols/keccak256.ts'

export type StoredBlock = { readonly hash: Uint8Array; readonly header: Uint8Array; readonly body: Uint8Array }

export type MemoryChain = ChainSource & {
  readonly canonical: StoredBlock[]
  readonly side: Map<string, { readonly number: bigint; readonly block: StoredBlock }>
  /** Address → account after each block. */
  readonly accounts: Map<string, (AccountFields | undefined)[]>
  readonly codes: Map<string, Uint8Array>
  /** Block hash → encoded list of receipts. */
  readonly receipts: Map<string, Uint8Array>
  readonly add: (fields?: Partial<Header>, body?: Body) => StoredBlock
  /** Snapshots taken and not closed. */
  readonly open: () => number
  readonly taken: () => number
}

export const EMPTY_BODY: Body = { transactions: [], ommers: [] }

export function storedBlock(
  fields: Partial<Header> & { readonly number: bigint },
  body: Body = EMPTY_BODY,
): StoredBlock {
  const header = encodeHeader({
    parentHash: new Uint8Array(32),
    ommersHash: new Uint8Array(32).fill(2),
    beneficiary: new Uint8Array(20).fill(3),
    stateRoot: new Uint8Array(32).fill(4),
    transactionsRoot: new Uint8Array(32).fill(5),
    receiptsRoot: new Uint8Array(32).fill(6),
    logsBloom: new Uint8Array(256),
    difficulty: 0x20000n,
    gasLimit: 30_000_000n,
    gasUsed: 21_000n,
    timestamp: 1_000n + fields.number,
    extraData: Uint8Array.of(0xab),
    mixHash: new Uint8Array(32).fill(7),
    nonce: new Uint8Array(8).fill(8),
    ...fields,
  })
  return { hash: headerHash(header), header, body: encodeBody(body) }
}

export function memoryChain(): MemoryChain {
  const canonical: StoredBlock[] = []
  const side: MemoryChain['side'] = new Map()
  const accounts: MemoryChain['accounts'] = new Map()
  const codes = new Map<string, Uint8Array>()
  const receipts = new Map<string, Uint8Array>()
  let open = 0
  let taken = 0

  const chain: MemoryChain = {
    canonical,
    side,
    accounts,
    codes,
    receipts,
    open: () => open,
    taken: () => taken,
    add(fields = {}, body = EMPTY_BODY) {
      const parentHash = canonical.at(-1)?.hash ?? new Uint8Array(32)
      const block = storedBlock({ parentHash, number: BigInt(canonical.length), ...fields }, body)
      canonical.push(block)
      return block
    },
    snapshot() {
      const blocks = [...canonical]
      const byHash = new Map([
        ...blocks.map((block, index) => [bytesToHex(block.hash), { number: BigInt(index), block }] as const),
        ...side,
      ])
      open++
      taken++
      const reader: ChainReader = {
        head: () => ({ number: BigInt(blocks.length - 1), hash: blocks.at(-1)!.hash }),
        canonicalHash: (number) => blocks[Number(number)]?.hash,
        numberOf: (hash) => byHash.get(bytesToHex(hash))?.number,
        header: (_number, hash) => byHash.get(bytesToHex(hash))?.block.header,
        body: (_number, hash) => byHash.get(bytesToHex(hash))?.block.body,
        async accountAt(addressHash, number) {
          const history = [...accounts].find(([address]) => address === bytesToHex(addressHash))?.[1]
          if (number === 1n && accounts.has('pruned'))
            return { ok: false, error: { code: 'HISTORY_PRUNED', oldest: 2n } }
          return { ok: true, value: history?.[Math.min(Number(number), history.length - 1)] }
        },
        code: (hash) => codes.get(bytesToHex(hash)),
        receipts: (_number, hash) => receipts.get(bytesToHex(hash)),
        storageAt: async () => ({ ok: true, value: new Uint8Array(32) }),
        accountNode: () => undefined,
        storageNode: () => undefined,
      }
      return { ...reader, close: async () => void open-- }
    },
    async close() {},
  }
  return chain
}

export const addressKey = (address: Uint8Array): string => bytesToHex(keccak256(address))
