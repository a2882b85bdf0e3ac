import { expect, test } from 'vitest'
import { bodyOfParts, decodeBlock, encodeBlock, joinBlock, splitBlock } from '../../protocols/block.ts'
import type { Body } from '../../protocols/body.ts'
import { decodeBody, encodeBody, ommersHash } from '../../protocols/body.ts'
import { bytesEqual } from '../../protocols/bytes.ts'
import { CANCUN_BLOBS } from '../../protocols/chain-spec/blob-parameters.ts'
import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { DEV } from '../../protocols/chain-spec/dev.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { checkBody } from '../../protocols/consensus/body-rules.ts'
import { checkHeader } from '../../protocols/consensus/header-rules.ts'
import { transactionsRoot, withdrawalsRoot } from '../../protocols/derive-root.ts'
import type { Header } from '../../protocols/header.ts'
import { encodeHeader, headerHash } from '../../protocols/header.ts'
import { bytesToHex, hexToBytes } from '../../protocols/hex.ts'
import { decodeTransaction } from '../../protocols/transaction/decode.ts'
import { encodeTransaction } from '../../protocols/transaction/encode.ts'
import { checkTransaction } from '../../protocols/transaction/transaction-rules.ts'
import { describeShared, readSharedJson, sharedJsonFiles } from '../shared-data.ts'

const VECTORS = ['data', 'ethereum-tests', 'BlockchainTests']

const { homestead: _, ...pastHomestead } = DEV.blockForks
/** Chain id 1, all forks through Cancun from genesis. */
const CANCUN: ChainSpec = {
  ...DEV,
  chainId: 1n,
  blockForks: { homestead: 0n, ...pastHomestead },
  timeForks: { shanghai: 0n, cancun: 0n },
  blobSchedule: { cancun: CANCUN_BLOBS },
}
/** Refused by what a header or a body show (a gas sum shows when executing only); other refusals need the body, the state or a signature. */
const SHOWN_BY_HEADER =
  /EXTRA_DATA_TOO_BIG|INVALID_GASLIMIT|GASLIMIT_TOO_BIG|GAS_USED_OVERFLOW|OLDER_THAN_PARENT|INVALID_BASEFEE|INVALID_BLOCK_NUMBER|UNCLES_OVER_PARIS|DIFFICULTY_OVER_PARIS|INVALID_WITHDRAWALS_ROOT|INVALID_TRANSACTIONS_ROOT/
const SHOWN_BY_ENCODING = /^BlockException\.RLP_STRUCTURES_ENCODING/

function checkBoth(body: Body, header: Header, parent: Header) {
  const checked = checkHeader(CANCUN, header, parent)
  return checked.ok ? checkBody(rulesAt(CANCUN, header.number, header.timestamp), header, body) : checked
}

type Counts = { valid: number; transactions: number; byHeader: number; byEncoding: number }

function bytesOf(hex: string): Uint8Array {
  const bytes = hexToBytes(hex)
  if (!bytes.ok) throw new Error(`${bytes.error.code} in ${hex.slice(0, 80)}`)
  return bytes.value
}

/** A valid block must come back from each way in which it is taken apart. */
function checkValidBlock(rlp: Uint8Array, vector: any, counts: Counts): void {
  const block = decodeBlock(rlp)
  const parts = splitBlock(rlp)
  if (!block.ok || !parts.ok) throw new Error(`refused: ${JSON.stringify(block.ok ? parts : block.error)}`)
  const { header, headerBytes, body } = block.value
  const joined = joinBlock(parts.value.header, bodyOfParts(parts.value))
  const bodyAlone = decodeBody(encodeBody(body))
  expect(bytesEqual(encodeBlock(encodeHeader(header), body), rlp)).toBe(true)
  expect(joined.ok && bytesEqual(joined.value, rlp)).toBe(true)
  expect(bodyAlone.ok && bytesEqual(encodeBody(bodyAlone.value), bodyOfParts(parts.value))).toBe(true)
  if (vector.blockHeader) expect(bytesToHex(headerHash(headerBytes))).toBe(vector.blockHeader.hash)
  expect(bytesEqual(transactionsRoot(body.transactions), header.transactionsRoot)).toBe(true)
  expect(bytesEqual(ommersHash(body.ommers), header.ommersHash)).toBe(true)
  if (body.withdrawals) expect(bytesEqual(withdrawalsRoot(body.withdrawals), header.withdrawalsRoot!)).toBe(true)
  for (const bytes of body.transactions) {
    const tx = decodeTransaction(bytes)
    expect(tx.ok && bytesEqual(encodeTransaction(tx.value), bytes)).toBe(true)
    counts.transactions++
  }
  counts.valid++
}

describeShared('BlockchainTests: encodings and header rules', VECTORS, () => {
  const files = sharedJsonFiles(...VECTORS)

  test('all 369 files are here', () => expect(files).toHaveLength(369))

  test('valid blocks come back; refused ones are refused where header or encoding show it', () => {
    const counts: Counts = { valid: 0, transactions: 0, byHeader: 0, byEncoding: 0 }
    const notRefused: string[] = []
    const wronglyRefused: string[] = []
    for (const file of files)
      for (const [name, vector] of Object.entries<any>(readSharedJson(...VECTORS, file))) {
        const genesis = decodeBlock(bytesOf(vector.genesisRLP))
        if (!genesis.ok) throw new Error(`${name}: genesis`)
        const known = new Map<string, Header>([
          [bytesToHex(headerHash(genesis.value.headerBytes)), genesis.value.header],
        ])
        for (const entry of vector.blocks) {
          const where = `${name} ${entry.expectException ?? 'valid'}`
          const rlp = hexToBytes(entry.rlp)
          const block = rlp.ok ? decodeBlock(rlp.value) : rlp
          const header = block.ok ? block.value.header : undefined
          const parent = header && known.get(bytesToHex(header.parentHash))
          const checked =
            vector.network === 'Cancun' && block.ok && header && parent
              ? checkBoth(block.value.body, header, parent)
              : undefined
          const expected = entry.expectException
          if (expected === undefined && rlp.ok && block.ok) {
            checkValidBlock(rlp.value, entry, counts)
            if (checked && !checked.ok) wronglyRefused.push(`${where} ${checked.error.code}`)
            if (vector.network === 'Cancun')
              for (const bytes of block.value.body.transactions) {
                const tx = decodeTransaction(bytes)
                const rules = rulesAt(CANCUN, header!.number, header!.timestamp)
                const txChecked = tx.ok ? checkTransaction(tx.value, rules) : tx
                if (!txChecked.ok) wronglyRefused.push(`${where} ${txChecked.error.code}`)
              }
            known.set(bytesToHex(headerHash(block.value.headerBytes)), block.value.header)
          } else if (expected === undefined) wronglyRefused.push(`${where} encoding`)
          else if (SHOWN_BY_ENCODING.test(expected)) {
            const refused = !block.ok || block.value.body.transactions.some((bytes) => !decodeTransaction(bytes).ok)
            if (refused || (checked && !checked.ok)) counts.byEncoding++
            else notRefused.push(where)
          } else if (vector.network === 'Cancun' && SHOWN_BY_HEADER.test(expected)) {
            if (!block.ok || checked?.ok === false) counts.byHeader++
            else notRefused.push(where)
          }
        }
      }
    expect({ notRefused, wronglyRefused }).toEqual({ notRefused: [], wronglyRefused: [] })
    expect(counts).toEqual({ valid: 1292, transactions: 1602, byHeader: 96, byEncoding: 11 })
  })
})
