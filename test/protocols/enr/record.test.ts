import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../protocols/bytes.ts'
import {
  forkIdEntry,
  forkIdOf,
  ip4Entry,
  ip4Of,
  ip6Entry,
  ip6Of,
  portEntry,
  portOf,
} from '../../../protocols/enr/entries.ts'
import { nodeIdOf, SECP256K1_IDENTITIES, secp256k1NodeKey } from '../../../protocols/enr/identity.ts'
import {
  changeRecord,
  decodeRecord,
  type NodeRecord,
  signRecord,
  valueIn,
  verifyRecord,
} from '../../../protocols/enr/record.ts'
import { formatRecord, parseRecord } from '../../../protocols/enr/text.ts'
import { bytesToBareHex, hexConstant } from '../../../protocols/hex.ts'
import { formatAddress } from '../../../protocols/ip/address.ts'
import { encodeRlp, encodeRlpString, type RlpItem } from '../../../protocols/rlp.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'
import { recordCase } from './record-case.ts'
import { RECORDS_IN_SERVICE } from './records-in-service.ts'

const KEY = secp256k1NodeKey(hexConstant('b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291'))!
const CHEAP_KEY = simulatedNodeKey(Uint8Array.of(1))
const LOCALHOST = hexConstant('7f000001')
const expectOk = <T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the record of EIP-778', () => {
  const TEXT =
    'enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8'
  const BYTES =
    'f884b8407098ad865b00a582051940cb9cf36836572411a47278783077011599ed5cd16b76f2635f4e234738f30813a89eb9137e3e3df5266e3a1f11df72ecf1145ccb9c01826964827634826970847f00000189736563703235366b31a103ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd31388375647082765f'

  test('is read', () => {
    const record = expectOk(parseRecord(TEXT))
    expect(bytesToBareHex(record.encoded)).toBe(BYTES)
    expect(record.seq).toBe(1n)
    expect(record.pairs.map(({ key }) => key)).toEqual(['id', 'ip', 'secp256k1', 'udp'])
    expect(ip4Of(record)).toEqual(LOCALHOST)
    expect(portOf(record, 'udp')).toBe(30303)
    expect(portOf(record, 'tcp')).toBeUndefined()
    const { publicKey, id } = expectOk(verifyRecord(record, SECP256K1_IDENTITIES))
    expect(publicKey).toEqual(KEY.publicKey)
    expect(bytesToBareHex(id)).toBe('a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7')
    expect(nodeIdOf(KEY.publicKey)).toEqual(id)
  })
  test('is made and signed byte for byte', () => {
    const record = expectOk(signRecord(1n, [portEntry('udp', 30303), ip4Entry(LOCALHOST)], KEY, SECP256K1_IDENTITIES))
    expect(bytesToBareHex(record.encoded)).toBe(BYTES)
    expect(formatRecord(record)).toBe(TEXT)
    expect(decodeRecord(record.encoded)).toEqual({ ok: true, value: record })
  })
})

test('a record of geth is read and verified (TestParseNode)', () => {
  const record = expectOk(
    parseRecord(
      'enr:-IS4QGrdq0ugARp5T2BZ41TrZOqLc_oKvZoPuZP5--anqWE_J-Tucc1xgkOL7qXl0puJgT7qc2KSvcupc4NCb0nr4tdjgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQM6UUF2Rm-oFe1IH_rQkRCi00T2ybeMHRSvw1HDpRvjPYN1ZHCCdl8',
    ),
  )
  const key = secp256k1NodeKey(hexConstant('45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8'))!
  expect(record.seq).toBe(99n)
  expect(expectOk(verifyRecord(record, SECP256K1_IDENTITIES)).publicKey).toEqual(key.publicKey)
})

describe('records in service', () => {
  test('are all 15 here', () => expect(RECORDS_IN_SERVICE).toHaveLength(15))
  test.each(RECORDS_IN_SERVICE)('%s', (ip, text) => {
    const record = expectOk(parseRecord(text))
    expect(formatAddress(ip4Of(record)!)).toBe(ip)
    expect(verifyRecord(record, SECP256K1_IDENTITIES).ok).toBe(true)
    expect(formatRecord(record)).toBe(text)
    // Of consensus clients: keys that nobody knows here are kept.
    expect(valueIn(record, 'eth2')).toBeDefined()
    expect(forkIdOf(record)).toBeUndefined()
    const next = expectOk(changeRecord(record, new Map([['ip', undefined]]), KEY, SECP256K1_IDENTITIES))
    expect(valueIn(next, 'eth2')).toEqual(valueIn(record, 'eth2'))
  })
})

describe('entries', () => {
  const record = expectOk(
    signRecord(
      7n,
      [
        ip4Entry(hexConstant('01020304')),
        ip6Entry(hexConstant('20010db8000000000000000000000001')),
        portEntry('tcp', 1),
        portEntry('udp', 0),
        portEntry('tcp6', 65_535),
        forkIdEntry({ hash: hexConstant('07c9462e'), next: 0n }),
        { key: 'snap', value: encodeRlp([]) },
      ],
      CHEAP_KEY,
      SIMULATED_IDENTITIES,
    ),
  )
  const withValue = (key: string, value: RlpItem): NodeRecord =>
    expectOk(signRecord(1n, [{ key, value: encodeRlp(value) }], CHEAP_KEY, SIMULATED_IDENTITIES))

  test('are read as they were written', () => {
    expect(ip4Of(record)).toEqual(hexConstant('01020304'))
    expect(ip6Of(record)).toEqual(hexConstant('20010db8000000000000000000000001'))
    expect((['tcp', 'udp', 'tcp6', 'udp6'] as const).map((key) => portOf(record, key))).toEqual([
      1,
      0,
      65_535,
      undefined,
    ])
    expect(forkIdOf(record)).toEqual({ hash: hexConstant('07c9462e'), next: 0n })
    expect(verifyRecord(record, SIMULATED_IDENTITIES).ok).toBe(true)
  })
  test('that are malformed are as if absent', () => {
    expect(ip4Of(withValue('ip', new Uint8Array(16)))).toBeUndefined()
    expect(ip6Of(withValue('ip6', new Uint8Array(4)))).toBeUndefined()
    expect(ip4Of(withValue('ip', [new Uint8Array(4)]))).toBeUndefined()
    expect(portOf(withValue('tcp', hexConstant('010000')), 'tcp')).toBeUndefined()
    expect(portOf(withValue('tcp', hexConstant('0001')), 'tcp')).toBeUndefined()
    expect(portOf(withValue('tcp', []), 'tcp')).toBeUndefined()
  })
  test.each<[string, RlpItem]>([
    ['a string', new Uint8Array(4)],
    ['nothing in the list', []],
    ['a hash of 3 bytes', [[new Uint8Array(3), new Uint8Array(0)]]],
    ['no next fork', [[new Uint8Array(4)]]],
    ['a next fork above 64 bits', [[new Uint8Array(4), new Uint8Array(9).fill(1)]]],
    ['three things in the fork id', [[new Uint8Array(4), new Uint8Array(0), new Uint8Array(0)]]],
  ])('eth with %s has no fork id', (_name, value) => {
    expect(forkIdOf(withValue('eth', value))).toBeUndefined()
  })
  test('eth may hold more than a fork id', () => {
    const value = [[hexConstant('07c9462e'), hexConstant('0102')], [new Uint8Array(3)], ascii('later')]
    expect(forkIdOf(withValue('eth', value))).toEqual({ hash: hexConstant('07c9462e'), next: 0x102n })
  })
  test('out of range are bugs', () => {
    expect(() => portEntry('udp', 65_536)).toThrow(RangeError)
    expect(() => ip4Entry(new Uint8Array(16))).toThrow(RangeError)
    expect(() => forkIdEntry({ hash: new Uint8Array(3), next: 0n })).toThrow(RangeError)
    expect(() => signRecord(-1n, [], CHEAP_KEY, SIMULATED_IDENTITIES)).toThrow(RangeError)
    expect(() => signRecord(1n, [portEntry('udp', 1), portEntry('udp', 2)], CHEAP_KEY, SIMULATED_IDENTITIES)).toThrow(
      'twice',
    )
  })
})

describe('refuses', () => {
  const signature = new Uint8Array(64)
  const one = Uint8Array.of(1)
  const codeOf = (bytes: Uint8Array): string | undefined => {
    const decoded = decodeRecord(bytes)
    return decoded.ok ? undefined : decoded.error.code
  }
  test.each<[string, RlpItem, string]>([
    ['a string', ascii('record'), 'RECORD_ENCODING'],
    ['an empty list', [], 'RECORD_ENCODING'],
    ['a signature alone', [signature], 'RECORD_ENCODING'],
    ['a list for a signature', [[], one], 'RECORD_ENCODING'],
    ['a number above 64 bits', [signature, new Uint8Array(9).fill(1)], 'RECORD_ENCODING'],
    ['a number with a leading zero', [signature, hexConstant('0001')], 'RECORD_ENCODING'],
    ['a list for a key', [signature, one, [], one], 'RECORD_ENCODING'],
    ['a key without value', [signature, one, ascii('a')], 'RECORD_VALUE_MISSING'],
    ['a key twice', [signature, one, ascii('a'), one, ascii('a'), one], 'RECORD_KEY_TWICE'],
    ['keys out of order', [signature, one, ascii('b'), one, ascii('a'), one], 'RECORD_KEY_ORDER'],
    ['keys out of order as bytes', [signature, one, hexConstant('ff'), one, ascii('a'), one], 'RECORD_KEY_ORDER'],
    ['301 bytes', [signature, one, ascii('a'), new Uint8Array(228).fill(1)], 'RECORD_TOO_LARGE'],
  ])('%s', (_name, item, code) => expect(codeOf(encodeRlp(item))).toBe(code))

  test('nothing of 300 bytes', () => {
    const bytes = encodeRlp([signature, one, ascii('a'), new Uint8Array(227).fill(1)])
    expect(bytes).toHaveLength(300)
    expect(codeOf(bytes)).toBeUndefined()
  })
  test('bytes behind the record', () => {
    expect(codeOf(concatBytes(encodeRlp([signature, one]), one))).toBe('RECORD_ENCODING')
  })

  const verdict = (record: NodeRecord): string | undefined => {
    const verified = verifyRecord(record, SECP256K1_IDENTITIES)
    return verified.ok ? undefined : verified.error.code
  }
  const good = expectOk(signRecord(1n, [], KEY, SECP256K1_IDENTITIES))
  const withPair = (key: string, value: Uint8Array): NodeRecord => ({
    ...good,
    pairs: good.pairs.map((pair) => (pair.key === key ? { key, value: encodeRlpString(value) } : pair)),
  })
  test('another scheme, or none', () => {
    expect(verdict(withPair('id', ascii('v5')))).toBe('RECORD_SCHEME')
    expect(verdict({ ...good, pairs: good.pairs.filter(({ key }) => key !== 'id') })).toBe('RECORD_SCHEME')
  })
  test('another key, no key, and what is none', () => {
    expect(verdict(withPair('secp256k1', new Uint8Array(33)))).toBe('RECORD_PUBLIC_KEY')
    expect(verdict(withPair('secp256k1', KEY.publicKey))).toBe('RECORD_PUBLIC_KEY')
    const other = secp256k1NodeKey(new Uint8Array(32).fill(1))!
    expect(verdict(withPair('secp256k1', SECP256K1_IDENTITIES.compress(other.publicKey)))).toBe('RECORD_SIGNATURE')
  })
  test('a signature of another content, another length, or with s in the upper half', () => {
    expect(verdict(good)).toBeUndefined()
    expect(verdict({ ...good, seq: 2n })).toBe('RECORD_SIGNATURE')
    expect(verdict({ ...good, signature: good.signature.subarray(1) })).toBe('RECORD_SIGNATURE')
    expect(verdict({ ...good, signature: concatBytes(good.signature, one) })).toBe('RECORD_SIGNATURE')
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const s = BigInt(`0x${bytesToBareHex(good.signature.subarray(32))}`)
    const mirrored = hexConstant((order - s).toString(16).padStart(64, '0'))
    expect(verdict({ ...good, signature: concatBytes(good.signature.subarray(0, 32), mirrored) })).toBe(
      'RECORD_SIGNATURE',
    )
  })
  test('to sign more than 300 bytes', () => {
    const pairs = [{ key: 'a', value: encodeRlpString(new Uint8Array(300)) }]
    expect(signRecord(1n, pairs, KEY, SECP256K1_IDENTITIES)).toMatchObject({ error: { code: 'RECORD_TOO_LARGE' } })
  })
  test.each([
    ['enode:', 'RECORD_TEXT_PREFIX'],
    ['enr:', 'RECORD_ENCODING'],
    ['enr:x', 'RECORD_TEXT_BASE64'],
    ['enr:+A', 'RECORD_TEXT_BASE64'],
    ['enr:AAA=', 'RECORD_TEXT_BASE64'],
    ['enr:AB', 'RECORD_TEXT_BASE64'],
    [`enr:${'A'.repeat(1e6)}`, 'RECORD_TOO_LARGE'],
  ])('the text %.20s', (text, code) => {
    expect(parseRecord(text)).toMatchObject({ ok: false, error: { code } })
  })
})

describe('the next record', () => {
  const first = expectOk(signRecord(5n, [portEntry('udp', 1)], CHEAP_KEY, SIMULATED_IDENTITIES))
  const changed = (changes: readonly (readonly [string, Uint8Array | undefined])[], from = first) =>
    changeRecord(from, new Map(changes), CHEAP_KEY, SIMULATED_IDENTITIES)

  test('has the next number where a value changed, came or went', () => {
    const moved = expectOk(changed([['udp', portEntry('udp', 2).value]]))
    expect([moved.seq, portOf(moved, 'udp')]).toEqual([6n, 2])
    const grown = expectOk(changed([['tcp', portEntry('tcp', 3).value]], moved))
    expect([grown.seq, portOf(grown, 'udp'), portOf(grown, 'tcp')]).toEqual([7n, 2, 3])
    const shrunk = expectOk(changed([['udp', undefined]], grown))
    expect([shrunk.seq, portOf(shrunk, 'udp'), portOf(shrunk, 'tcp')]).toEqual([8n, undefined, 3])
    expect(verifyRecord(shrunk, SIMULATED_IDENTITIES).ok).toBe(true)
  })
  test('is the same one where nothing changed', () => {
    expect(expectOk(changed([['udp', portEntry('udp', 1).value]]))).toBe(first)
    expect(expectOk(changed([['tcp', undefined]]))).toBe(first)
    expect(expectOk(changed([]))).toBe(first)
  })
  test('does not come after the last number', () => {
    const last = expectOk(signRecord(2n ** 64n - 1n, [], CHEAP_KEY, SIMULATED_IDENTITIES))
    expect(changed([['udp', portEntry('udp', 1).value]], last)).toEqual({
      ok: false,
      error: { code: 'RECORD_SEQ_EXHAUSTED' },
    })
  })
})

describe('properties', () => {
  const key = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 8 })
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map(encodeRlp),
    fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 3 }).map(encodeRlp),
  )
  const pairs = fc.uniqueArray(fc.record({ key, value }), { selector: (pair) => pair.key, maxLength: 6 })
  const seq = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  test('what is signed is read back, with keys that nobody knows, and verified', () => {
    fc.assert(
      fc.property(seq, pairs, (number, entries) => {
        const signed = signRecord(number, entries, CHEAP_KEY, SIMULATED_IDENTITIES)
        if (!signed.ok) return expect(signed.error.code).toBe('RECORD_TOO_LARGE')
        const read = expectOk(parseRecord(formatRecord(signed.value)))
        expect(read).toEqual(signed.value)
        expect(verifyRecord(read, SIMULATED_IDENTITIES).ok).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
  test('20,000 mutated records are refused or are what they say', () => {
    const random = seededRandom('records')
    let decoded = 0
    for (let i = 0; i < 20_000; i++) if (recordCase(random)) decoded++
    expect(decoded).toBeGreaterThan(1_000)
    expect(decoded).toBeLessThan(19_000)
  })
})
