import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockStream } from '../../protocols/block-stream.ts'
import { concatBytes } from '../../protocols/bytes.ts'
import { blockRlp, chainBuilder } from '../chain-builder.ts'

const builder = await chainBuilder('block stream')
const chain = await builder.grow(builder.genesis, 12)
const encoded = chain.map((block) => blockRlp(block))
const file = concatBytes(...encoded)
const numbers = chain.map(({ number }) => number)

function read(bytes: Uint8Array, chunkBytes: number) {
  const stream = blockStream()
  const found: bigint[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const blocks = stream.push(bytes.subarray(at, at + chunkBytes))
    if (!blocks.ok) return { found, fault: blocks.error }
    found.push(...blocks.value.map(({ number }) => number))
  }
  const ended = stream.end()
  return { found, fault: ended.ok ? undefined : ended.error }
}

test('blocks come out whole, wherever the chunks are cut', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: file.length + 10 }), (chunkBytes) => {
      expect(read(file, chunkBytes)).toEqual({ found: numbers, fault: undefined })
    }),
  ))

test('a fault is told after the blocks before it, with its offset, wherever the chunks are cut', () => {
  const offset = encoded.slice(0, 7).reduce((sum, block) => sum + block.length, 0)
  const damaged = concatBytes(...encoded.slice(0, 7), Uint8Array.of(0x05), ...encoded.slice(7))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: file.length + 10 }), (chunkBytes) => {
      const fault = { code: 'STREAM_NOT_A_LIST', offset }
      expect(read(damaged, chunkBytes)).toEqual({ found: numbers.slice(0, 7), fault })
    }),
  )
})

test('a file that ends within a block is told as such', () => {
  const { found, fault } = read(file.subarray(0, file.length - 3), 1000)
  expect(found).toEqual(numbers.slice(0, -1))
  expect(fault).toMatchObject({ code: 'STREAM_TRUNCATED' })
})
