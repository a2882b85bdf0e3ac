import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChainSpec } from '../../../protocols/chain-spec/chain-spec.ts'
import { DEV } from '../../../protocols/chain-spec/dev.ts'
import { EMPTY_REQUESTS_HASH, genesisHeader } from '../../../protocols/chain-spec/genesis-header.ts'
import { checkHeader } from '../../../protocols/consensus/header-rules.ts'
import { nextGasLimit, nextHeader } from '../../../protocols/consensus/next-header.ts'
import { EMPTY_TRIE_ROOT } from '../../../protocols/derive-root.ts'
import { encodeHeader, headerHash } from '../../../protocols/header.ts'
import '../../fixed-seed.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const ROOT = new Uint8Array(32).fill(1)
const attributes = fc.record({
  timestamp: fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(0n, 2n ** 63n)),
  prevRandao: bytes(32),
  feeRecipient: bytes(20),
  extraData: fc.uint8Array({ maxLength: 32 }),
  gasLimit: fc.oneof(fc.bigInt(0n, 10n ** 8n), fc.bigInt(0n, 2n ** 64n)),
  parentBeaconBlockRoot: bytes(32),
})

/** The dev chain with its forks one after another, ten seconds apart. */
const STEPS: ChainSpec = { ...DEV, timeForks: { shanghai: 10n, cancun: 20n, prague: 30n, osaka: 40n } }

test.each([
  ['the dev chain', DEV],
  ['a chain that crosses the forks', STEPS],
])('every header made passes the rules of an import: %s', (_name, spec) => {
  fc.assert(
    fc.property(fc.array(attributes, { minLength: 1, maxLength: 6 }), (blocks) => {
      let parent = genesisHeader(spec, ROOT)
      for (const wishes of blocks) {
        const header = nextHeader(spec, parent, headerHash(encodeHeader(parent)), wishes, ROOT)
        expect(checkHeader(spec, header, parent, { parentTotalDifficulty: 0n })).toEqual({ ok: true, value: undefined })
        expect(header.parentHash).toEqual(headerHash(encodeHeader(parent)))
        expect(header.timestamp).toBe(wishes.timestamp > parent.timestamp ? wishes.timestamp : parent.timestamp + 1n)
        parent = header
      }
    }),
  )
})

test('the fields of Osaka are those of an empty block', () => {
  const parent = genesisHeader(DEV, ROOT)
  const wishes = {
    timestamp: 5n,
    prevRandao: new Uint8Array(32).fill(2),
    feeRecipient: new Uint8Array(20).fill(3),
    extraData: Uint8Array.of(4),
    gasLimit: 60_000_000n,
    parentBeaconBlockRoot: new Uint8Array(32).fill(5),
  }
  expect(nextHeader(DEV, parent, ROOT, wishes, ROOT)).toMatchObject({
    beneficiary: wishes.feeRecipient,
    mixHash: wishes.prevRandao,
    difficulty: 0n,
    nonce: new Uint8Array(8),
    number: 1n,
    timestamp: 5n,
    gasLimit: parent.gasLimit + parent.gasLimit / 1024n - 1n,
    // An eighth below the initial one: the genesis used nothing.
    baseFeePerGas: 875_000_000n,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: wishes.parentBeaconBlockRoot,
    requestsHash: EMPTY_REQUESTS_HASH,
  })
})

test('the gas limit moves by less than a 1,024th, arrives, and never falls below the least', () => {
  expect(nextGasLimit(30_000_000n, 60_000_000n)).toBe(30_029_295n)
  expect(nextGasLimit(30_000_000n, 30_000_007n)).toBe(30_000_007n)
  expect(nextGasLimit(30_000_000n, 30_000_000n)).toBe(30_000_000n)
  expect(nextGasLimit(30_000_000n, 29_999_000n)).toBe(29_999_000n)
  expect(nextGasLimit(30_000_000n, 5_000n)).toBe(29_970_705n)
  expect(nextGasLimit(5_001n, 0n)).toBe(5_000n)
})
