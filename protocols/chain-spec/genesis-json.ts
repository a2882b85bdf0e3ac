/** geth's genesis.json. */
import { leftPad } from '../bytes.ts'
import { looseHexToBytes } from '../hex.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { uintToBytes } from '../rlp.ts'
import type { BlobParameters, ChainSpec, GenesisAccount, GenesisSpec } from './chain-spec.ts'
import { checkForkOrder } from './chain-spec.ts'
import type { BlobFork, BlockFork, ForkOrderError, TimeFork } from './forks.ts'
import { BLOB_FORKS, BLOCK_FORKS, TIME_FORKS } from './forks.ts'

export type GenesisError = {
  readonly code:
    | 'GENESIS_SYNTAX' // not JSON
    | 'GENESIS_MISSING' // a required key
    | 'GENESIS_TYPE' // of another JSON type than the key takes
    | 'GENESIS_NUMBER' // not a hexadecimal or decimal integer, or a JSON number above 2^53
    | 'GENESIS_RANGE' // an integer or byte string too long
    | 'GENESIS_HEX' // not hexadecimal
    | 'GENESIS_DUPLICATE' // one address twice, written differently
    | 'GENESIS_BLOCK_NUMBER' // not 0
    | 'GENESIS_EXTRA_DATA' // clique: too short for vanity, a signer and the seal
    | 'GENESIS_FORKS'
  /** Path of the offending key, such as `config.londonBlock`. */
  readonly key: string
  readonly cause?: ForkOrderError
}

/** Vanity 32, one signer 20, seal 65 (EIP-225). */
const CLIQUE_EXTRA_DATA_MIN = 97

/** As `parseGenesisJson`, from the file's text; integers of any size keep their last digit, which JSON.parse loses. */
export function parseGenesisText(text: string, name?: string): Result<ChainSpec, GenesisError> {
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  )
  let json: unknown
  try {
    json = JSON.parse(exact)
  } catch {
    return err({ code: 'GENESIS_SYNTAX', key: '' })
  }
  return parseGenesisJson(json, name)
}

/**
 * A chain from geth's genesis.json. Numbers are hexadecimal or decimal strings or JSON numbers up to 2^53 - 1 (larger
 * ones have lost digits: see `parseGenesisText`), addresses with or without `0x`. Keys it does not know are passed over.
 */
export function parseGenesisJson(json: unknown, name = 'custom'): Result<ChainSpec, GenesisError> {
  // Refusals inside unwind to here as one exception type, so that the reading below stays a plain description.
  try {
    return readChain(new Keys(json, ''), name)
  } catch (thrown) {
    if (thrown instanceof Refusal) return err(thrown.error)
    throw thrown
  }
}

function readChain(top: Keys, name: string): Result<ChainSpec, GenesisError> {
  const config = top.object('config')
  const clique = config.has('clique') ? config.object('clique') : undefined
  const consensus = clique !== undefined ? 'clique' : config.has('ethash') ? 'ethash' : 'beacon'
  const chainId = config.uint('chainId', 32)
  const blockForks: { [F in BlockFork]?: bigint } = {}
  for (const fork of BLOCK_FORKS) {
    const at =
      config.optionalUint(`${fork}Block`, 8) ?? (fork === 'dao' ? config.optionalUint('daoForkBlock', 8) : undefined)
    if (at !== undefined) blockForks[fork] = at
  }
  if (blockForks.petersburg === undefined && blockForks.constantinople !== undefined)
    blockForks.petersburg = blockForks.constantinople
  const timeForks: { [F in TimeFork]?: bigint } = {}
  for (const fork of TIME_FORKS) {
    const at = config.optionalUint(`${fork}Time`, 8)
    if (at !== undefined) timeForks[fork] = at
  }
  const terminalTotalDifficulty = config.optionalUint('terminalTotalDifficulty', 32)
  const eip150Hash = config.optionalBytes('eip150Hash', 32)
  const depositContract = config.optionalBytes('depositContractAddress', 20)
  const genesis = readGenesis(top)
  const spec: ChainSpec = {
    name,
    chainId,
    networkId: chainId,
    consensus,
    ...(clique && {
      clique: { periodSeconds: clique.uint('period', 8), epochBlocks: clique.optionalUint('epoch', 8) || CLIQUE_EPOCH },
    }),
    genesis,
    blockForks,
    timeForks,
    daoForkSupport: config.optionalBoolean('daoForkSupport') ?? false,
    ...(eip150Hash?.some((byte) => byte !== 0) && { eip150Hash }),
    ...(terminalTotalDifficulty !== undefined && { terminalTotalDifficulty }),
    blobSchedule: config.has('blobSchedule') ? readBlobSchedule(config.object('blobSchedule')) : {},
    ...(depositContract && { depositContract }),
  }
  if (genesis.number !== 0n) return err({ code: 'GENESIS_BLOCK_NUMBER', key: 'number' })
  if (consensus === 'clique' && genesis.extraData.length < CLIQUE_EXTRA_DATA_MIN)
    return err({ code: 'GENESIS_EXTRA_DATA', key: 'extraData' })
  const order = checkForkOrder(spec)
  if (!order.ok) return err({ code: 'GENESIS_FORKS', key: keyOfOrderError(order.error), cause: order.error })
  return ok(spec)
}

/** Blocks of an epoch where the config names none (EIP-225). */
const CLIQUE_EPOCH = 30_000n

function keyOfOrderError(error: ForkOrderError): string {
  if (error.code === 'FORK_BLOB_SCHEDULE') return `config.blobSchedule.${error.fork}`
  if (error.fork === 'dao') return 'config.daoForkBlock'
  return `config.${error.fork}${(BLOCK_FORKS as readonly string[]).includes(error.fork) ? 'Block' : 'Time'}`
}

function readGenesis(top: Keys): GenesisSpec {
  const baseFeePerGas = top.optionalUint('baseFeePerGas', 32)
  const excessBlobGas = top.optionalUint('excessBlobGas', 8)
  const blobGasUsed = top.optionalUint('blobGasUsed', 8)
  const slotNumber = top.optionalUint('slotNumber', 8)
  return {
    nonce: leftPad(uintToBytes(top.optionalUint('nonce', 8) ?? 0n), 8),
    timestamp: top.optionalUint('timestamp', 8) ?? 0n,
    extraData: top.optionalBytes('extraData') ?? new Uint8Array(0),
    gasLimit: top.uint('gasLimit', 8),
    difficulty: top.uint('difficulty', 32),
    mixHash: top.optionalBytes('mixHash', 32) ?? top.optionalBytes('mixhash', 32) ?? new Uint8Array(32),
    coinbase: top.optionalBytes('coinbase', 20) ?? new Uint8Array(20),
    number: top.optionalUint('number', 8) ?? 0n,
    gasUsed: top.optionalUint('gasUsed', 8) ?? 0n,
    parentHash: top.optionalBytes('parentHash', 32) ?? new Uint8Array(32),
    ...(baseFeePerGas !== undefined && { baseFeePerGas }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    ...(blobGasUsed !== undefined && { blobGasUsed }),
    ...(slotNumber !== undefined && { slotNumber }),
    alloc: { kind: 'inline', accounts: readAlloc(top.object('alloc')) },
  }
}

function readAlloc(alloc: Keys): GenesisAccount[] {
  const seen = new Set<string>()
  return alloc.names().map((key) => {
    const address = hexOr(key, 20, () => alloc.refuse('GENESIS_HEX', key))
    const canonical = address.join()
    if (seen.has(canonical)) throw alloc.refuse('GENESIS_DUPLICATE', key)
    seen.add(canonical)
    const account = alloc.object(key)
    const storage = account.has('storage') ? account.object('storage') : undefined
    return {
      address,
      balance: account.optionalUint('balance', 32) ?? 0n,
      nonce: account.optionalUint('nonce', 8) ?? 0n,
      code: account.optionalBytes('code') ?? new Uint8Array(0),
      storage: (storage?.names() ?? []).map((slot) => ({
        slot: wordOf(slot, () => storage!.refuse('GENESIS_HEX', slot)),
        value: wordOf(storage!.string(slot), () => storage!.refuse('GENESIS_HEX', slot)),
      })),
    }
  })
}

function readBlobSchedule(schedule: Keys): ChainSpec['blobSchedule'] {
  const read: { [F in BlobFork]?: BlobParameters } = {}
  for (const fork of BLOB_FORKS) {
    if (!schedule.has(fork)) continue
    const entry = schedule.object(fork)
    read[fork] = {
      target: Number(entry.uint('target', 4)),
      max: Number(entry.uint('max', 4)),
      baseFeeUpdateFraction: entry.uint('baseFeeUpdateFraction', 8),
    }
  }
  return read
}

/** A storage word: hexadecimal of at most 32 bytes, odd digits allowed, padded on the left. */
function wordOf(text: string, refusal: () => Refusal): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text
  const bytes = hexOr(digits.length % 2 === 0 ? digits : `0${digits}`, undefined, refusal)
  if (bytes.length > 32) throw refusal()
  return leftPad(bytes, 32)
}

function hexOr(text: string, length: number | undefined, refusal: () => Refusal): Uint8Array {
  const bytes = looseHexToBytes(text, length)
  if (!bytes.ok) throw refusal()
  return bytes.value
}

class Refusal extends Error {
  readonly error: GenesisError
  constructor(error: GenesisError) {
    super(`${error.code} ${error.key}`)
    this.error = error
  }
}

/** One JSON object that knows its path. A key whose value is null counts as absent, as in Go. */
class Keys {
  readonly #path: string
  readonly #values: { readonly [key: string]: unknown }

  constructor(json: unknown, path: string) {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new Refusal({ code: 'GENESIS_TYPE', key: path })
    this.#path = path
    this.#values = json as { [key: string]: unknown }
  }

  #pathOf = (key: string): string => (this.#path === '' ? key : `${this.#path}.${key}`)
  #value = (key: string): unknown => (Object.hasOwn(this.#values, key) ? this.#values[key] : undefined)

  refuse = (code: GenesisError['code'], key: string): Refusal => new Refusal({ code, key: this.#pathOf(key) })
  names = (): string[] => Object.keys(this.#values)
  has = (key: string): boolean => this.#value(key) !== undefined && this.#value(key) !== null

  object(key: string): Keys {
    if (!this.has(key)) throw this.refuse('GENESIS_MISSING', key)
    return new Keys(this.#value(key), this.#pathOf(key))
  }

  string(key: string): string {
    const value = this.#value(key)
    if (typeof value !== 'string') throw this.refuse('GENESIS_TYPE', key)
    return value
  }

  uint(key: string, bytesMax: number): bigint {
    const value = this.optionalUint(key, bytesMax)
    if (value === undefined) throw this.refuse('GENESIS_MISSING', key)
    return value
  }

  optionalUint(key: string, bytesMax: number): bigint | undefined {
    if (!this.has(key)) return undefined
    const value = this.#value(key)
    let read: bigint
    if (typeof value === 'bigint') read = value
    else if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw this.refuse('GENESIS_NUMBER', key)
      read = BigInt(value)
    } else if (typeof value === 'string') {
      if (value !== '' && !/^(0[xX][0-9a-fA-F]*|[0-9]+)$/.test(value)) throw this.refuse('GENESIS_NUMBER', key)
      read = value === '' || value === '0x' ? 0n : BigInt(value)
    } else throw this.refuse('GENESIS_TYPE', key)
    if (read < 0n) throw this.refuse('GENESIS_NUMBER', key)
    if (read >> BigInt(bytesMax * 8) !== 0n) throw this.refuse('GENESIS_RANGE', key)
    return read
  }

  optionalBytes(key: string, length?: number): Uint8Array | undefined {
    if (!this.has(key)) return undefined
    const bytes = looseHexToBytes(this.string(key), length)
    if (bytes.ok) return bytes.value
    throw this.refuse(bytes.error.code === 'HEX_LENGTH' ? 'GENESIS_RANGE' : 'GENESIS_HEX', key)
  }

  optionalBoolean(key: string): boolean | undefined {
    if (!this.has(key)) return undefined
    const value = this.#value(key)
    if (typeof value !== 'boolean') throw this.refuse('GENESIS_TYPE', key)
    return value
  }
}
