import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { logsBloom, unionOfBlooms } from '../../protocols/bloom.ts'
import { decodeBody, encodeBody, ommersHash } from '../../protocols/body.ts'
import { bytesEqual, concatBytes } from '../../protocols/bytes.ts'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import { checkHeader } from '../../protocols/consensus/header-rules.ts'
import type { OmmerAncestor } from '../../protocols/consensus/ommers.ts'
import { checkOmmers } from '../../protocols/consensus/ommers.ts'
import { receiptsRoot, transactionsRoot } from '../../protocols/derive-root.ts'
import { blockIndexOffset, decodeBlockIndex } from '../../protocols/era1/block-index.ts'
import type { Era1Block, Era1Error, Era1Summary } from '../../protocols/era1/reader.ts'
import { era1Parser } from '../../protocols/era1/reader.ts'
import { era1FileName, era1Writer } from '../../protocols/era1/writer.ts'
import type { Header } from '../../protocols/header.ts'
import { decodeHeader, encodeHeader } from '../../protocols/header.ts'
import { bytesToBareHex } from '../../protocols/hex.ts'
import { decodeReceipts, encodeReceipts, splitReceipts } from '../../protocols/receipt.ts'
import type { Result } from '../../protocols/result.ts'
import { describeShared, readShared } from '../shared-data.ts'

const FILE = 'mainnet-00000-5ec1ffb8.era1'
const GENESIS_HASH = 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3'

function readAll(
  file: Uint8Array,
  chunkBytes: number,
): Result<{ blocks: Era1Block[]; summary: Era1Summary }, Era1Error> {
  const parser = era1Parser()
  const blocks: Era1Block[] = []
  for (let at = 0; at < file.length; at += chunkBytes) {
    const pushed = parser.push(file.subarray(at, at + chunkBytes))
    if (!pushed.ok) return pushed
    blocks.push(...pushed.value)
  }
  const summary = parser.end()
  return summary.ok ? { ok: true, value: { blocks, summary: summary.value } } : summary
}
function written(blocks: readonly Era1Block[]): { file: Uint8Array; root: Uint8Array } {
  const writer = era1Writer()
  const pieces = blocks.flatMap((block) => writer.add(block))
  const { pieces: last, accumulatorRoot } = writer.finish()
  return { file: concatBytes(...pieces, ...last), root: accumulatorRoot }
}

describeShared('mainnet blocks 0 to 8191 in era1', ['data', FILE], () => {
  let file: Uint8Array
  let blocks: Era1Block[]
  let headers: Header[]
  let summary: Era1Summary
  beforeAll(() => {
    file = readShared('data', FILE)
    const read = readAll(file, 65_536)
    if (!read.ok) throw new Error(JSON.stringify(read.error))
    ;({ blocks, summary } = read.value)
    headers = blocks.map(({ headerBytes }) => {
      const header = decodeHeader(headerBytes)
      if (!header.ok) throw new Error(JSON.stringify(header.error))
      return header.value
    })
  })

  test('are 8,192, from genesis on, under the accumulator of the file name', () => {
    expect(summary).toMatchObject({ firstNumber: 0n, count: 8192 })
    expect(blocks).toHaveLength(8192)
    expect(bytesToBareHex(blocks[0]!.hash)).toBe(GENESIS_HASH)
    expect(era1FileName('mainnet', 0, summary.accumulatorRoot)).toBe(FILE)
  })

  test('form a chain whose total difficulty is the running sum', () => {
    let total = 0n
    let at = 0
    for (const { number, totalDifficulty } of blocks) {
      total += headers[at]!.difficulty
      if (number !== BigInt(at) || totalDifficulty !== total) expect([number, totalDifficulty]).toEqual([at, total])
      if (at > 0 && !bytesEqual(headers[at]!.parentHash, blocks[at - 1]!.hash)) expect(at).toBe('chained')
      at++
    }
  })

  test('have headers, bodies and receipts that encode to the same bytes and to the roots in the header', () => {
    for (const [i, block] of blocks.entries()) {
      const header = headers[i]!
      const body = decodeBody(block.bodyBytes)
      const receipts = decodeReceipts(block.receiptsBytes)
      const raw = splitReceipts(block.receiptsBytes)
      if (!body.ok || !receipts.ok || !raw.ok) throw new Error(`block ${i}`)
      const same =
        bytesEqual(encodeHeader(header), block.headerBytes) &&
        bytesEqual(encodeBody(body.value), block.bodyBytes) &&
        bytesEqual(encodeReceipts(receipts.value), block.receiptsBytes) &&
        bytesEqual(transactionsRoot(body.value.transactions), header.transactionsRoot) &&
        bytesEqual(receiptsRoot(raw.value), header.receiptsRoot) &&
        bytesEqual(ommersHash(body.value.ommers), header.ommersHash) &&
        bytesEqual(unionOfBlooms(receipts.value.map((receipt) => logsBloom(receipt.logs))), header.logsBloom)
      if (!same) expect(i).toBe('a block that comes back')
    }
  })

  test('keep the header rules, difficulty and ommer rules', () => {
    const ancestors: OmmerAncestor[] = []
    let ommers = 0
    for (const [i, { hash, bodyBytes }] of blocks.entries()) {
      const header = headers[i]!
      const body = decodeBody(bodyBytes)
      if (!body.ok) throw new Error(`body ${i}`)
      if (i > 0) {
        const checked = checkHeader(MAINNET, header, headers[i - 1]!, {
          now: header.timestamp,
          parentTotalDifficulty: blocks[i - 1]!.totalDifficulty,
        })
        if (!checked.ok) expect([i, checked.error]).toBe('valid')
        const checkedOmmers = checkOmmers(MAINNET, body.value.ommers, hash, ancestors)
        if (!checkedOmmers.ok) expect([i, checkedOmmers.error]).toBe('valid')
        else ommers += checkedOmmers.value.length
      }
      ancestors.unshift({ hash, header, ommers: body.value.ommers })
      if (ancestors.length > 7) ancestors.pop()
    }
    expect(ommers).toBeGreaterThan(1000)
  })

  test('decode and pass the header rules in well under a second', () => {
    const started = performance.now()
    let previous: Header | undefined
    for (const { headerBytes } of blocks) {
      const header = decodeHeader(headerBytes)
      if (!header.ok || (previous && !checkHeader(MAINNET, header.value, previous).ok)) throw new Error('refused')
      previous = header.value
    }
    const elapsed = performance.now() - started
    console.log(`8,192 headers: ${elapsed.toFixed(0)} ms`)
    expect(elapsed).toBeLessThan(1000)
  })

  test('are found through the index alone', () => {
    const offset = blockIndexOffset(file.subarray(-8), file.length)
    if (!offset.ok) throw new Error('no index')
    const index = decodeBlockIndex(file.subarray(offset.value + 8), offset.value)
    expect(index.ok && [index.value.firstNumber, index.value.offsets.length, index.value.offsets[0]]).toEqual([
      0n,
      8192,
      8,
    ])
  })

  test('read equal when written again, in chunks of any size', () => {
    const again = written(blocks)
    expect(again.root).toEqual(summary.accumulatorRoot)
    const read = readAll(again.file, 1_000_003)
    if (!read.ok) throw new Error(JSON.stringify(read.error))
    expect(read.value.summary).toEqual(summary)
    for (const [i, block] of read.value.blocks.entries())
      for (const key of ['headerBytes', 'bodyBytes', 'receiptsBytes'] as const)
        if (!bytesEqual(block[key], blocks[i]![key])) expect([i, key]).toBe('equal')
    const few = written(blocks.slice(0, 20)).file
    for (const size of [1, 7, 100]) expect(readAll(few, size)).toEqual(readAll(few, few.length))
  })

  test('give a typed error when the file is cut anywhere', () => {
    const small = written(blocks.slice(0, 40)).file
    fc.assert(
      fc.property(fc.nat(small.length - 1), (length) => {
        const read = readAll(small.subarray(0, length), 4096)
        expect(read.ok).toBe(false)
        if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(length)
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  test('give a typed error when a bit is flipped that matters', () => {
    const small = written(blocks.slice(0, 40)).file
    const intact = readAll(small, 4096)
    expect(intact.ok).toBe(true)
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.nat(7), (at, bit) => {
        const damaged = small.slice()
        damaged[at]! ^= 1 << bit
        const read = readAll(damaged, 4096)
        // Another way to compress the same bytes is no damage.
        if (read.ok) expect(read).toEqual(intact)
        else expect(read.error.code).toMatch(/^(ERA1|E2STORE)_/)
      }),
      { seed: 5, numRuns: 1500 },
    )
  })
})
