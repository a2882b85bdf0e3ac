import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  nodeRoom,
  type TrieNodeKernel,
  trieNodeKernel,
  trieNodeKernelPasses,
} from '../../../protocols/kernels/trie-node-kernel.ts'
import { encodeRlpList, encodeRlpString } from '../../../protocols/rlp.ts'
import { buildsOf } from './builds.ts'

/** A node for the kernel: encoded, or the references of a branch; `isKnown`: not to be hashed. */
type Order = { readonly isKnown: boolean } & (
  | { readonly encoded: Uint8Array }
  | { readonly references: readonly Uint8Array[] }
)

function encode(order: Order): Uint8Array {
  if ('encoded' in order) return order.encoded
  const slots = order.references.map((one) => (one.length === 0 || one.length === 32 ? encodeRlpString(one) : one))
  return encodeRlpList([...slots, Uint8Array.of(0x80)])
}

/** Lays the orders out, and takes each one's encoding and reference. */
function refer(kernel: TrieNodeKernel, orders: readonly Order[]): { encoding: Uint8Array; reference: Uint8Array }[] {
  kernel.references.fill(0)
  let room = 0
  let table = 0
  const rooms = orders.map((order, i) => {
    const encoding = encode(order)
    const at = room
    room += nodeRoom(encoding.length)
    kernel.lengths[i] = encoding.length | (order.isKnown ? kernel.encodedOnly : 0)
    if ('encoded' in order) kernel.input.set(encoding, at)
    else {
      kernel.lengths[i]! |= kernel.fromTable
      kernel.tables.set(
        order.references.map(({ length }) => length),
        table,
      )
      table += 16
      for (const one of order.references) {
        kernel.tables.set(one, table)
        if (one.length > 0) table += 32
      }
    }
    return { at, length: encoding.length }
  })
  kernel.referTo(orders.length)
  const { buffer, byteOffset } = kernel.references
  return rooms.map(({ at, length }, i) => ({
    encoding: kernel.input.slice(at, at + length),
    reference: new Uint8Array(buffer.slice(byteOffset + 32 * i, byteOffset + 32 * i + Math.min(length, 32))),
  }))
}

const expected = (order: Order): { encoding: Uint8Array; reference: Uint8Array } => {
  const encoding = encode(order)
  const reference =
    encoding.length < 32 ? encoding : order.isKnown ? new Uint8Array(32) : Uint8Array.from(keccak_256(encoding))
  return { encoding, reference }
}

const isKnown = fc.boolean()
const embedded = fc.uint8Array({ minLength: 1, maxLength: 31 })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const references = fc.array(
  fc.oneof(fc.constant(new Uint8Array(0)), { weight: 2, arbitrary: hash }, { weight: 1, arbitrary: embedded }),
  { minLength: 16, maxLength: 16 },
)
const orders = fc.array(
  fc.oneof(
    fc.record({ isKnown, references }),
    fc.record({ isKnown, encoded: fc.uint8Array({ minLength: 1, maxLength: 600 }) }),
  ),
  { minLength: 1, maxLength: 60 },
)

const builds = await buildsOf('trie-node')
test('there are both builds', () => expect(builds.map(([build]) => build)).toEqual(['simd', 'plain']))

describe.each(builds)('%s', (_build, module) => {
  const kernel = trieNodeKernel(module)

  test('passes its self-test, which a kernel that is wrong does not', () => {
    expect(trieNodeKernelPasses(kernel)).toBe(true)
    expect(trieNodeKernelPasses({ ...kernel, referTo: () => {} })).toBe(false)
    const twisted = (count: number): void => {
      kernel.referTo(count)
      kernel.references[8 * (count - 1)]! ^= 1
    }
    expect(trieNodeKernelPasses({ ...kernel, referTo: twisted })).toBe(false)
  })

  test('encodes and hashes any batch as the plain encoder and @noble/hashes do', () =>
    fc.assert(
      fc.property(orders, (batch) => {
        expect(refer(kernel, batch)).toEqual(batch.map(expected))
      }),
    ))

  test('every number of children, and a batch that fills what there is', () => {
    const children = (count: number) =>
      Array.from({ length: 16 }, (_, i) =>
        i < count ? new Uint8Array(32).fill(count * 16 + i + 1) : new Uint8Array(0),
      )
    const each = Array.from({ length: 17 }, (_, count) => ({ isKnown: false, references: children(count) }))
    expect(refer(kernel, each)).toEqual(each.map(expected))
    const pairs = Array.from({ length: kernel.batchMax }, () => ({ isKnown: false, references: children(2) }))
    expect(refer(kernel, pairs)).toEqual(pairs.map(expected))
    const full = Array.from({ length: Math.floor(kernel.input.length / 544) }, () => each[16]!)
    expect(refer(kernel, full)).toEqual(full.map(expected))
  })
})
