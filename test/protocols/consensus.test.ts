import { describe, expect, test } from 'vitest'
import { DEV } from '../../protocols/chain-spec/dev.ts'
import { genesisHeader } from '../../protocols/chain-spec/genesis-header.ts'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { nextBaseFee } from '../../protocols/consensus/base-fee.ts'
import { blobBaseFee, nextExcessBlobGas } from '../../protocols/consensus/blob-gas.ts'
import { nextDifficulty } from '../../protocols/consensus/difficulty.ts'
import { checkHeader, DAO_EXTRA_DATA, isHeaderPeerFault } from '../../protocols/consensus/header-rules.ts'
import { checkOmmers } from '../../protocols/consensus/ommers.ts'
import { rewards } from '../../protocols/consensus/rewards.ts'
import type { Header } from '../../protocols/header.ts'
import { encodeHeader, headerHash } from '../../protocols/header.ts'

describe('base fee', () => {
  test.each([
    [10_000_000n, 1_000_000_000n],
    [9_000_000n, 987_500_000n],
    [11_000_000n, 1_012_500_000n],
  ])('after %d gas of 20M', (gasUsed, expected) => {
    expect(nextBaseFee({ gasLimit: 20_000_000n, gasUsed, baseFeePerGas: 1_000_000_000n })).toBe(expected)
  })
  test('begins at 1 gwei and rises by at least 1 wei', () => {
    expect(nextBaseFee({ gasLimit: 20_000_000n, gasUsed: 0n })).toBe(1_000_000_000n)
    expect(nextBaseFee({ gasLimit: 20_000_000n, gasUsed: 10_000_001n, baseFeePerGas: 7n })).toBe(8n)
  })
})

describe('blob gas', () => {
  test.each([
    [0n, 1n],
    [2_314_057n, 1n],
    [2_314_058n, 2n],
    [10_485_760n, 23n],
  ])('excess %d costs %d', (excess, fee) => {
    expect(blobBaseFee(excess, { baseFeeUpdateFraction: 3_338_477n })).toBe(fee)
  })
  test.each([
    [5_149_252n, 1_310_720n, 30n, 9, 14, 8_832_827n, 5_617_366n],
    [19_251_039n, 2_490_368n, 50n, 21, 32, 20_609_697n, 20_107_103n],
  ])(
    'reserve price of EIP-7918 holds excess %d',
    (excessBlobGas, blobGasUsed, baseFeePerGas, target, max, fraction, next) => {
      const parameters = { target, max, baseFeeUpdateFraction: fraction }
      expect(nextExcessBlobGas({ excessBlobGas, blobGasUsed, baseFeePerGas }, parameters, true)).toBe(next)
    },
  )
  test('excess below the target is forgotten', () => {
    const parameters = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n }
    expect(nextExcessBlobGas({}, parameters, false)).toBe(0n)
    expect(nextExcessBlobGas({ excessBlobGas: 393_216n, blobGasUsed: 131_072n }, parameters, false)).toBe(131_072n)
  })
})

describe('rewards', () => {
  test('of a Byzantium block with two ommers', () => {
    const [a, b, c] = [new Uint8Array(20), new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)]
    const rules = { byzantium: true, constantinople: false, merge: false }
    const paid = rewards(rules, { number: 10n, beneficiary: a }, [
      { number: 9n, beneficiary: b },
      { number: 4n, beneficiary: c },
    ])
    const ether = 10n ** 18n
    expect(paid).toEqual([
      { address: b, amount: (3n * ether * 7n) / 8n },
      { address: c, amount: (3n * ether * 2n) / 8n },
      { address: a, amount: 3n * ether + (2n * 3n * ether) / 32n },
    ])
    expect(rewards({ ...rules, merge: true }, { number: 10n, beneficiary: a }, [])).toEqual([])
  })
})

const ROOT = new Uint8Array(32)
/** A valid child of `parent` at proof of work before London. */
function child(parent: Header, change: Partial<Header> = {}): Header {
  const timestamp = change.timestamp ?? parent.timestamp + 13n
  const number = parent.number + 1n
  const rules = rulesAt(MAINNET, number, timestamp, false)
  const { difficulty, number: parentNumber, timestamp: parentTime } = parent
  const parentSummary = { difficulty, number: parentNumber, timestamp: parentTime, hasOmmers: false }
  return {
    ...parent,
    parentHash: headerHash(encodeHeader(parent)),
    number,
    timestamp,
    extraData: new Uint8Array(0),
    difficulty: nextDifficulty(rules, parentSummary, timestamp),
    ...change,
  }
}
const GENESIS = genesisHeader(MAINNET, ROOT)

describe('a proof-of-work header', () => {
  const at = (number: bigint): Header => ({ ...GENESIS, number, difficulty: 10n ** 12n, timestamp: 1_500_000_000n })
  test('that follows its parent passes', () => {
    expect(checkHeader(MAINNET, child(GENESIS), GENESIS)).toEqual({ ok: true, value: undefined })
  })
  test.each<[string, Partial<Header>]>([
    ['HEADER_EXTRA_DATA_LONG', { extraData: new Uint8Array(33) }],
    ['HEADER_FUTURE', { timestamp: 116n }],
    ['HEADER_TIMESTAMP', { timestamp: 0n, difficulty: 1n }],
    ['HEADER_DIFFICULTY', { difficulty: 131_072n }],
    ['HEADER_GAS_LIMIT', { gasLimit: 2n ** 63n }],
    ['HEADER_GAS_USED', { gasUsed: 5_001n }],
    ['HEADER_GAS_LIMIT', { gasLimit: 4_999n }],
    ['HEADER_GAS_LIMIT', { gasLimit: 5_004n }],
    ['HEADER_BASE_FEE', { baseFeePerGas: 7n }],
    ['HEADER_NUMBER', { number: 2n }],
  ])('is refused with %s', (code, change) => {
    const checked = checkHeader(MAINNET, child(GENESIS, change), GENESIS, { now: 100n })
    expect(checked).toMatchObject({ ok: false, error: { code } })
    if (!checked.ok) expect(isHeaderPeerFault(checked.error)).toBe(code !== 'HEADER_FUTURE')
  })
  test('may be ahead of the clock by 15 s, an ommer by any time', () => {
    expect(checkHeader(MAINNET, child(GENESIS, { timestamp: 115n }), GENESIS, { now: 100n }).ok).toBe(true)
    expect(checkHeader(MAINNET, child(GENESIS, { timestamp: 900n }), GENESIS, { now: 100n, ommer: true }).ok).toBe(true)
  })
  test('says at the dao fork which side it is on, for ten blocks', () => {
    const marked = { extraData: DAO_EXTRA_DATA }
    const opposing = { ...MAINNET, daoForkSupport: false }
    for (const [number, spec, change, valid] of [
      [1_919_999n, MAINNET, marked, true],
      [1_919_999n, MAINNET, {}, false],
      [1_920_008n, MAINNET, {}, false],
      [1_920_009n, MAINNET, {}, true],
      [1_919_999n, opposing, marked, false],
      [1_919_999n, opposing, {}, true],
    ] as const)
      expect([number, checkHeader(spec, child(at(number), change), at(number)).ok]).toEqual([number, valid])
  })
  test('has the one hash at the EIP-150 fork of mainnet', () => {
    expect(checkHeader(MAINNET, child(at(2_462_999n)), at(2_462_999n))).toMatchObject({
      error: { code: 'HEADER_FORK_HASH' },
    })
  })
  test('doubles the gas limit at London only', () => {
    const parent = { ...at(12_964_999n), gasLimit: 15_000_000n }
    const london = { gasLimit: 30_000_000n, baseFeePerGas: 1_000_000_000n }
    expect(checkHeader(MAINNET, child(parent, london), parent).ok).toBe(true)
    expect(checkHeader(MAINNET, child(parent, { ...london, gasLimit: 15_000_000n }), parent).ok).toBe(false)
    expect(checkHeader(MAINNET, child(parent, { gasLimit: 30_000_000n }), parent).ok).toBe(false)
  })
  test('gives way to proof of stake exactly at the terminal difficulty', () => {
    const parent = at(15_000_000n)
    const low = { parentTotalDifficulty: 1n }
    const high = { parentTotalDifficulty: MAINNET.terminalTotalDifficulty! }
    expect(checkHeader(MAINNET, child(parent), parent, high)).toMatchObject({ error: { code: 'HEADER_MERGE' } })
    expect(checkHeader(MAINNET, child(parent, { difficulty: 0n }), parent, low)).toMatchObject({
      error: { code: 'HEADER_MERGE' },
    })
  })
})

describe('a proof-of-stake header', () => {
  const parent = genesisHeader(DEV, ROOT)
  const next: Header = {
    ...parent,
    parentHash: headerHash(encodeHeader(parent)),
    number: 1n,
    timestamp: 12n,
    baseFeePerGas: 875_000_000n,
  }
  test('that follows its parent passes, without a look at the clock', () => {
    expect(checkHeader(DEV, next, parent, { now: 0n })).toEqual({ ok: true, value: undefined })
  })
  const { withdrawalsRoot: _withdrawals, ...withoutWithdrawals } = next
  const { requestsHash: _requests, ...withoutRequests } = next
  test.each<[string, Header]>([
    ['HEADER_NONCE', { ...next, nonce: new Uint8Array(8).fill(1) }],
    ['HEADER_OMMERS', { ...next, ommersHash: ROOT }],
    ['HEADER_TIMESTAMP', { ...next, timestamp: 0n }],
    ['HEADER_BASE_FEE', { ...next, baseFeePerGas: 1n }],
    ['HEADER_NUMBER', { ...next, number: 3n }],
    ['HEADER_FIELD', withoutWithdrawals],
    ['HEADER_FIELD', withoutRequests],
    ['HEADER_FIELD', { ...next, slotNumber: 1n }],
    ['HEADER_BLOB_GAS_USED', { ...next, blobGasUsed: 1n }],
    ['HEADER_BLOB_GAS_USED', { ...next, blobGasUsed: 131_072n * 10n }],
    ['HEADER_EXCESS_BLOB_GAS', { ...next, excessBlobGas: 131_072n }],
  ])('is refused with %s', (code, header) => {
    expect(checkHeader(DEV, header, parent)).toMatchObject({ ok: false, error: { code } })
  })
})

describe('ommers', () => {
  const chain: Header[] = [GENESIS]
  for (let i = 0; i < 9; i++) chain.push(child(chain.at(-1)!))
  const hashOf = (header: Header): Uint8Array => headerHash(encodeHeader(header))
  const ancestors = chain.toReversed().map((header) => ({ hash: hashOf(header), header, ommers: [] }))
  const block = hashOf(child(chain.at(-1)!))
  const ommerAt = (number: number): Uint8Array =>
    encodeHeader(child(chain[number - 1]!, { extraData: Uint8Array.of(1) }))
  const check = (...ommers: Uint8Array[]) => checkOmmers(MAINNET, ommers, block, ancestors)

  test('of the last six generations pass', () => {
    for (const number of [4, 5, 6, 7, 8, 9]) expect([number, check(ommerAt(number)).ok]).toEqual([number, true])
  })
  test('that are too old, too young, repeated, ancestors, or too many are refused', () => {
    expect(check(ommerAt(3))).toMatchObject({ error: { code: 'OMMER_PARENT' } })
    expect(check(ommerAt(10))).toMatchObject({ error: { code: 'OMMER_PARENT' } })
    expect(check(ommerAt(8), ommerAt(8))).toMatchObject({ error: { code: 'OMMER_REPEATED', index: 1 } })
    expect(check(encodeHeader(chain[8]!))).toMatchObject({ error: { code: 'OMMER_IS_ANCESTOR' } })
    expect(check(ommerAt(7), ommerAt(8), ommerAt(9))).toMatchObject({ error: { code: 'OMMER_COUNT' } })
    expect(check(Uint8Array.of(0xc0))).toMatchObject({ error: { code: 'OMMER_ENCODING' } })
    const wrong = encodeHeader(child(chain[7]!, { gasUsed: 9_000_000n }))
    expect(check(wrong)).toMatchObject({ error: { code: 'OMMER_HEADER', cause: { code: 'HEADER_GAS_USED' } } })
    const before = ancestors.map((ancestor, i) => (i === 2 ? { ...ancestor, ommers: [ommerAt(8)] } : ancestor))
    expect(checkOmmers(MAINNET, [ommerAt(8)], block, before)).toMatchObject({ error: { code: 'OMMER_REPEATED' } })
  })
})
