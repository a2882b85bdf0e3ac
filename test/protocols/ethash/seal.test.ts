import { keccak_256 } from '@noble/hashes/sha3.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { era1Parser } from '../../../protocols/era1/reader.ts'
import type { EthashCache } from '../../../protocols/ethash/cache.ts'
import { datasetItem, hashimotoLight, makeCache, openCache } from '../../../protocols/ethash/cache.ts'
import { verifySeal } from '../../../protocols/ethash/seal.ts'
import type { Header } from '../../../protocols/header.ts'
import { decodeHeader, sealHash } from '../../../protocols/header.ts'
import { bytesToBareHex, hexConstant } from '../../../protocols/hex.ts'
import { bytesToUint } from '../../../protocols/rlp.ts'
import { describeShared, readShared, readSharedJson } from '../../shared-data.ts'

let cache: EthashCache
beforeAll(() => {
  cache = makeCache(0)
})

describe('the cache of epoch 0', () => {
  test('has the hash that it is to have', () => {
    expect(bytesToBareHex(keccak_256(cache.bytes))).toBe(
      '35ded12eecf2ce2e8da2e15c06d463aae9b84cb2530a00b932e4bbc484cde353',
    )
  })

  /** go-ethereum, `consensus/ethash/algorithm_test.go`. */
  test('yields what a seal has to carry', () => {
    const sealed = hexConstant('100cbec5e5ef82991290d0d93d758f19082e71f234cf479192a8b94df6da6bfe')
    const { mixHash, result } = hashimotoLight(cache, sealed, hexConstant('307692cf71b12f6d'))
    expect(bytesToBareHex(mixHash)).toBe('e55d02c555a7969361cf74a9ec6211d8c14e4517930a00442f171bdb1698d175')
    expect(bytesToBareHex(result)).toBe('ab9b13423cface72cbec8424221651bc2e384ef0f7a560e038fc68c8d8684829')
  })

  test('can be opened again from its bytes', () => {
    const again = openCache(0, cache.bytes.slice())
    expect(datasetItem(again, 12_345)).toEqual(datasetItem(cache, 12_345))
    expect(() => openCache(1, cache.bytes)).toThrow(RangeError)
  })

  test('can be opened in the memory of another one, larger or smaller', () => {
    const bytes = cache.bytes.slice()
    const larger = makeCache(1, openCache(0, bytes))
    expect(larger.bytes.length).toBe(16_907_456)
    expect(datasetItem(larger, 12_345)).toEqual(datasetItem(makeCache(1), 12_345))
    expect(datasetItem(openCache(0, bytes, larger), 12_345)).toEqual(datasetItem(cache, 12_345))
  })
})

const VECTORS = ['data', 'ethereum-tests', 'PoWTests', 'ethash_tests.json']
describeShared('PoWTests', VECTORS, () => {
  const vectors = Object.entries<any>(readSharedJson(...VECTORS))
  const headerOf = ({ header }: any): Header => {
    const decoded = decodeHeader(hexConstant(header))
    if (!decoded.ok) throw new Error(decoded.error.code)
    return decoded.value
  }

  test('both are here, of epoch 0', () => {
    expect(vectors.map(([name]) => name)).toEqual(['first', 'second'])
    for (const [, vector] of vectors) {
      expect(vector.cache_size).toBe(cache.bytes.length)
      expect(vector.full_size).toBe(cache.datasetBytes)
      expect(vector.cache_hash).toBe(bytesToBareHex(keccak_256(cache.bytes)))
    }
  })

  test.each(vectors)('%s', (_name, vector) => {
    const header = headerOf(vector)
    const sealed = sealHash(header)
    expect(bytesToBareHex(sealed)).toBe(vector.header_hash)
    const { mixHash, result } = hashimotoLight(cache, sealed, hexConstant(vector.nonce))
    expect(bytesToBareHex(mixHash)).toBe(vector.mixHash)
    expect(bytesToBareHex(result)).toBe(vector.result)
    const target = (1n << 256n) / header.difficulty
    expect(verifySeal(header, cache)).toEqual(
      bytesToUint(result) <= target
        ? { ok: true, value: undefined }
        : { ok: false, error: { code: 'SEAL_RESULT', result: bytesToUint(result), target } },
    )
  })

  test('a seal that is wrong is refused', () => {
    const sealed = headerOf(vectors[0]![1])
    expect(verifySeal({ ...sealed, difficulty: 0n }, cache)).toMatchObject({ error: { code: 'SEAL_DIFFICULTY' } })
    expect(verifySeal({ ...sealed, nonce: new Uint8Array(8) }, cache)).toMatchObject({
      error: { code: 'SEAL_MIX_HASH', mixHash: sealed.mixHash },
    })
    const hard = { ...sealed, difficulty: 1n << 255n }
    const { mixHash } = hashimotoLight(cache, sealHash(hard), hard.nonce)
    expect(verifySeal({ ...hard, mixHash }, cache)).toMatchObject({ error: { code: 'SEAL_RESULT', target: 2n } })
  })

  test('the cache of another epoch is a bug', () => {
    const late = { ...headerOf(vectors[0]![1]), number: 30_000n }
    expect(() => verifySeal(late, cache)).toThrow('epoch 0')
  })
})

const MAINNET = ['data', 'mainnet-00000-5ec1ffb8.era1']
/** Every so many of the file's 8,192 blocks: a seal takes 2 ms or more. */
const STRIDE = 64

describeShared('mainnet', MAINNET, () => {
  const parsed = era1Parser().push(readShared(...MAINNET))
  if (!parsed.ok) throw new Error(parsed.error.code)
  const headers = parsed.value.slice(1).map(({ headerBytes }) => {
    const header = decodeHeader(headerBytes)
    if (!header.ok) throw new Error(header.error.code)
    return header.value
  })

  test('seals of its first blocks hold, and no block carries the seal of the next', () => {
    expect(headers).toHaveLength(8191)
    for (let i = 0; i + 1 < headers.length; i += STRIDE) {
      const [header, next] = [headers[i]!, headers[i + 1]!]
      expect(verifySeal(header, cache)).toEqual({ ok: true, value: undefined })
      const swapped = verifySeal({ ...header, mixHash: next.mixHash, nonce: next.nonce }, cache)
      expect(swapped).toMatchObject({ ok: false, error: { code: 'SEAL_MIX_HASH' } })
    }
  })
})
