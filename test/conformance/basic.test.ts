/** BasicTests, but for what no client computes any more; and that no file of the vectors is left out. */
import { describe, expect, test } from 'vitest'
import { loadGenesisAlloc } from '../../protocols/chain-spec/genesis-alloc.ts'
import { genesisHeader } from '../../protocols/chain-spec/genesis-header.ts'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import { DIFFICULTY_MIN, nextDifficulty } from '../../protocols/consensus/difficulty.ts'
import { decodeHeader, EMPTY_LIST_HASH, encodeHeader, headerHash } from '../../protocols/header.ts'
import { bytesToBareHex, hexConstant } from '../../protocols/hex.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../protocols/rlp.ts'
import { eciesDecrypt } from '../../protocols/rlpx/ecies.ts'
import { addressOf } from '../../protocols/secp256k1/batch.ts'
import { secp256k1 } from '../../protocols/secp256k1/secp256k1.ts'
import { decodeTransaction } from '../../protocols/transaction/decode.ts'
import { encodeTransaction, signingBytes, signingHash } from '../../protocols/transaction/encode.ts'
import { senderOf } from '../../protocols/transaction/sender.ts'
import { SECP256K1_N } from '../../protocols/transaction/transaction-rules.ts'
import { realCiphers } from '../../runtime/real/ciphers.ts'
import { genesisState } from '../../storage/state/genesis-state.ts'
import { decodeHexPrefix, encodeHexPrefix } from '../../storage/trie/hex-prefix.ts'
import { describeShared, readSharedJson, sharedJsonFiles } from '../shared-data.ts'

const VECTORS = ['data', 'ethereum-tests']
const BASIC = [...VECTORS, 'BasicTests']
const read = (name: string): any => readSharedJson(...BASIC, `${name}.json`)
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describeShared('the files that tests read', VECTORS, () => {
  const difficulty = ['difficulty', 'difficultyCustomHomestead', 'difficultyCustomMainNetwork']
  const basic = [
    'blockgenesistest',
    'crypto',
    ...difficulty,
    'difficultyMainNetwork',
    'difficultyRopsten',
    'genesishashestest',
    'hexencodetest',
    'keyaddrtest',
    'txtest',
  ]
  const trie = ['hex_encoded_securetrie_test', 'trieanyorder', 'trieanyorder_secureTrie']
  test.each([
    ['BasicTests', basic],
    ['GenesisTests', ['basic_genesis_tests']],
    ['PoWTests', ['ethash_tests']],
    ['RLPTests', ['RandomRLPTests/example', 'invalidRLPTest', 'rlptest']],
    ['TrieTests', [...trie, 'trietest', 'trietest_secureTrie', 'trietestnextprev']],
  ])('%s has no other', (folder, names) => {
    expect(sharedJsonFiles(...VECTORS, folder)).toEqual(names.map((name) => `${name}.json`))
  })
})

describeShared('BasicTests', BASIC, () => {
  describe('hexencodetest', () => {
    const rows = Object.entries<any>(read('hexencodetest'))
    test('all 12 are here', () => expect(rows).toHaveLength(12))
    test.each(rows)('%s', (_name, { seq, term, out }) => {
      const nibbles = Uint8Array.from(seq)
      expect(bytesToBareHex(encodeHexPrefix(nibbles, term))).toBe(out)
      expect(decodeHexPrefix(hexConstant(out))).toEqual({ key: nibbles, isLeaf: term })
    })
  })

  describe('keyaddrtest', () => {
    const rows: any[] = read('keyaddrtest')
    test('both are here', () => expect(rows).toHaveLength(2))
    // The signatures beside them are of no digest of nothing that is known (Keccak-256, SHA3-256, SHA-256, zeros, signed
    // messages of Bitcoin and Ethereum), so only their numbers can be read.
    test.each(rows)('$seed', ({ seed, key, addr, sig_of_emptystring: { v, r, s } }) => {
      expect(bytesToBareHex(keccak256(utf8(seed)))).toBe(key)
      expect(bytesToBareHex(addressOf(secp256k1.publicKey(hexConstant(key))!))).toBe(addr)
      expect(['27', '28']).toContain(v)
      for (const number of [BigInt(r), BigInt(s)]) expect(number > 0n && number < SECP256K1_N).toBe(true)
    })
  })

  describe('txtest', () => {
    const rows: any[] = read('txtest')
    test('both are here', () => expect(rows).toHaveLength(2))
    test.each(rows)('the transaction to "$to"', (vector) => {
      const bytes = hexConstant(vector.signed)
      const decoded = decodeTransaction(bytes)
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
      const tx = decoded.value
      expect(tx).toMatchObject({
        type: 0,
        nonce: BigInt(vector.nonce),
        gasPrice: BigInt(vector.gasprice),
        gasLimit: BigInt(vector.startgas),
        to: vector.to === '' ? undefined : hexConstant(vector.to),
        value: BigInt(vector.value),
        data: hexConstant(vector.data),
      })
      expect(encodeTransaction(tx)).toEqual(bytes)
      // The vector's unsigned form has the places of the signature, empty.
      const unsigned = decodeRlp(hexConstant(vector.unsigned))
      const fields = unsigned.ok ? (unsigned.value as RlpItem[]) : []
      expect(fields.slice(6)).toEqual([new Uint8Array(0), new Uint8Array(0), new Uint8Array(0)])
      expect(encodeRlp(fields.slice(0, 6))).toEqual(signingBytes(tx))
      const address = addressOf(secp256k1.publicKey(hexConstant(vector.key))!)
      expect(senderOf(tx)).toEqual({ ok: true, value: address })
      expect(signingHash(tx)).toEqual(keccak256(signingBytes(tx)))
    })
  })

  test('genesishashestest: state, header and hash of mainnet', async () => {
    const vector = read('genesishashestest')
    expect(Object.keys(vector)).toEqual(['genesis_rlp_hex', 'genesis_state_root', 'genesis_hash'])
    const { stateRoot } = genesisState(await loadGenesisAlloc(MAINNET.genesis))
    expect(bytesToBareHex(stateRoot)).toBe(vector.genesis_state_root)
    const header = encodeHeader(genesisHeader(MAINNET, stateRoot))
    expect(bytesToBareHex(headerHash(header))).toBe(vector.genesis_hash)
    const block = decodeRlp(hexConstant(vector.genesis_rlp_hex))
    expect(block).toEqual({ ok: true, value: [(decodeRlp(header) as { value: RlpItem }).value, [], []] })
  })

  /** Blocks of a proof of concept before Frontier, whose headers had other fields: read as RLP, refused as headers. */
  describe('blockgenesistest', () => {
    const rows: any[] = read('blockgenesistest')
    test('all 3 are here', () => expect(rows).toHaveLength(3))
    test.each(rows)('$inputs', ({ result }) => {
      const bytes = hexConstant(result)
      const block = decodeRlp(bytes)
      if (!block.ok) throw new Error(block.error.code)
      expect(encodeRlp(block.value)).toEqual(bytes)
      const [header, transactions, ommers] = block.value as [Uint8Array[], RlpItem[], RlpItem[]]
      expect([transactions, ommers]).toEqual([[], []])
      expect(header).toHaveLength(13)
      expect(header[1]).toEqual(EMPTY_LIST_HASH)
      expect(header[12]).toEqual(keccak256(Uint8Array.of(42)))
      expect(decodeHeader(encodeRlp(header)).ok).toBe(false)
    })
  })

  describe('crypto', () => {
    const vectors = read('crypto')
    test('both are here', () => expect(Object.keys(vectors)).toEqual(['aes1', 'ecies1']))
    test('aes1', () => {
      const { key, cipher, payload } = vectors.aes1
      const stream = realCiphers.counterMode(hexConstant(key), new Uint8Array(16))
      expect(bytesToBareHex(stream.next(hexConstant(cipher)))).toBe(payload)
    })
    test('ecies1', () => {
      const { key, cipher, payload } = vectors.ecies1
      const opened = eciesDecrypt(realCiphers, hexConstant(key), hexConstant(cipher), new Uint8Array(0))
      expect(opened).toEqual({ ok: true, value: hexConstant(payload) })
    })
  })

  /** Blocks from which the forks that change the difficulty hold, in the chains that the files are of. */
  type Forks = { readonly homestead: bigint; readonly byzantium: bigint; readonly constantinople: bigint }
  const NEVER = 1n << 64n
  const mainnet: Forks = { homestead: 1_150_000n, byzantium: 4_370_000n, constantinople: NEVER }
  const ropsten: Forks = { homestead: 0n, byzantium: 1_700_000n, constantinople: 4_230_000n }
  const homestead: Forks = { homestead: 0n, byzantium: NEVER, constantinople: NEVER }
  test.each([
    ['difficulty', mainnet, 14, 14],
    ['difficultyMainNetwork', mainnet, 2254, 2254],
    ['difficultyCustomMainNetwork', mainnet, 360, 90],
    ['difficultyCustomHomestead', homestead, 120, 30],
    ['difficultyRopsten', ropsten, 2254, 2254],
  ] as const)('%s', (name, forks, count, possible) => {
    const cases = Object.entries<any>(read(name))
    expect(cases).toHaveLength(count)
    let compared = 0
    for (const [title, vector] of cases) {
      const number = BigInt(vector.currentBlockNumber)
      const rules = {
        homestead: number >= forks.homestead,
        byzantium: number >= forks.byzantium,
        constantinople: number >= forks.constantinople,
        muirGlacier: false,
        london: false,
        arrowGlacier: false,
        grayGlacier: false,
      }
      const ommers = vector.parentUncles === undefined ? EMPTY_LIST_HASH : hexConstant(vector.parentUncles)
      const parent = {
        number: number - 1n,
        difficulty: BigInt(vector.parentDifficulty),
        timestamp: BigInt(vector.parentTimestamp),
        hasOmmers: bytesToBareHex(ommers) !== bytesToBareHex(EMPTY_LIST_HASH),
      }
      // No block has less, so geth passes these over as well (tests/difficulty_test.go).
      if (parent.difficulty < DIFFICULTY_MIN) continue
      compared++
      const difficulty = nextDifficulty(rules, parent, BigInt(vector.currentTimestamp))
      if (difficulty !== BigInt(vector.currentDifficulty)) expect([title, difficulty]).toEqual([title, vector])
    }
    expect(compared).toBe(possible)
  })
})
