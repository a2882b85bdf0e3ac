import { expect, test } from 'vitest'
import { blockStream } from '../protocols/block-stream.ts'
import { era1Parser } from '../protocols/era1/reader.ts'
import { chainBuilder, chainTo, toEra1, toRlp } from './chain-builder.ts'

const hashes = (blocks: readonly { readonly hash: Uint8Array }[]) =>
  blocks.map(({ hash }) => Buffer.from(hash).toString('hex'))

test('one seed builds one chain, another seed another on the same genesis', async () => {
  const [first, same, other] = [await chainBuilder(1), await chainBuilder(1), await chainBuilder(2)]
  const blocks = first.grow(first.genesis, 50)
  expect(hashes(same.grow(same.genesis, 50))).toEqual(hashes(blocks))
  expect(other.genesis.hash).toEqual(first.genesis.hash)
  expect(hashes(other.grow(other.genesis, 50))).not.toEqual(hashes(blocks))
  expect(chainTo(blocks[49]!)).toEqual(blocks)
})

test('going from branch to branch does not change what a block pays', async () => {
  const build = await chainBuilder('branches')
  const common = build.grow(build.genesis, 20)
  const left = build.grow(common[19]!, 5)
  const right = build.grow(common[9]!, 12)
  for (const block of [left[4]!, right[11]!, common[3]!, left[2]!]) {
    const { address, current } = block.changes[block.changes.length - 1]!
    expect(build.balanceAt(block, address)).toBe(current.balance)
  }
  const straight = await chainBuilder('branches')
  const again = straight.grow(straight.genesis, 20)
  expect(hashes(straight.grow(again[19]!, 5))).toEqual(hashes(left))
})

test('its files are read by the parsers of RLP and era1', async () => {
  const build = await chainBuilder('files')
  const blocks = build.grow(build.genesis, 40)
  const rlp = blockStream()
  const fromRlp = rlp.push(toRlp(blocks))
  if (!fromRlp.ok) throw new Error(fromRlp.error.code)
  expect(hashes(fromRlp.value)).toEqual(hashes(blocks))
  expect(rlp.end().ok).toBe(true)
  const era1 = era1Parser()
  const fromEra1 = era1.push(toEra1([build.genesis, ...blocks]))
  if (!fromEra1.ok) throw new Error(fromEra1.error.code)
  expect(hashes(fromEra1.value)).toEqual(hashes([build.genesis, ...blocks]))
  expect(fromEra1.value.map(({ totalDifficulty }) => totalDifficulty)).toEqual(
    [build.genesis, ...blocks].map(({ totalDifficulty }) => totalDifficulty),
  )
  expect(era1.end().ok).toBe(true)
})
