import { hexToBytes } from '../hex.ts'
import { err, ok, type Result } from '../result.ts'
import { invalidParams, type JsonRpcError } from './error.ts'
import type { JsonValue } from './json.ts'

/** How one positional parameter is read. The refusal is a text that follows "invalid argument N: ". */
export type Parameter<T> = {
  readonly optional: boolean
  readonly read: (value: JsonValue) => Result<T, string>
}
export type ParameterValues<P extends readonly Parameter<any>[]> = {
  readonly [I in keyof P]: P[I] extends Parameter<infer T> ? T : never
}

/** An omitted or null argument reads as undefined. */
export const optional = <T>(parameter: Parameter<T>): Parameter<T | undefined> => ({
  optional: true,
  read: parameter.read,
})

/** Reads positional arguments by their schema, with the messages of geth's rpc/json.go (parsePositionalArguments). */
export function readParameters<P extends readonly Parameter<any>[]>(
  schema: P,
  params: JsonValue | undefined,
): Result<ParameterValues<P>, JsonRpcError> {
  if (params !== undefined && params !== null && !Array.isArray(params)) return err(invalidParams('non-array args'))
  const given = (params ?? []) as readonly JsonValue[]
  if (given.length > schema.length) {
    return err(invalidParams(`too many arguments, want at most ${schema.length}`))
  }
  const values: unknown[] = []
  for (const [index, parameter] of schema.entries()) {
    const argument = given[index]
    if (argument === undefined || argument === null) {
      if (!parameter.optional) return err(invalidParams(`missing value for required argument ${index}`))
      values.push(undefined)
      continue
    }
    const value = parameter.read(argument)
    if (!value.ok) return err(invalidParams(`invalid argument ${index}: ${value.error}`))
    values.push(value.value)
  }
  return ok(values as ParameterValues<P>)
}

const required = <T>(read: (value: JsonValue) => Result<T, string>): Parameter<T> => ({ optional: false, read })

export const bool: Parameter<boolean> = required((value) =>
  typeof value === 'boolean' ? ok(value) : err(`cannot read ${shapeOf(value)} as a boolean`),
)
/** Any text. */
export const text: Parameter<string> = required((value) =>
  typeof value === 'string' ? ok(value) : err(`cannot read ${shapeOf(value)} as a string`),
)
/** Minimal hex of at most 256 bits. */
export const quantity: Parameter<bigint> = required((value) => readQuantity(value, 256))
/** Hex bytes of any length. */
export const data: Parameter<Uint8Array> = required((value) => readBytes(value, undefined))
/** 20 bytes; the checksum of mixed-case digits (EIP-55) is not looked at, as in geth. */
export const address: Parameter<Uint8Array> = required((value) => readBytes(value, 20))
/** 32 bytes. */
export const hash: Parameter<Uint8Array> = required((value) => readBytes(value, 32))

/** A count: hex digits after `0x`, decimal digits, or a JSON number (geth `math.HexOrDecimal64`). */
export const hexOrDecimal: Parameter<bigint> = required((value) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return ok(BigInt(value))
  if (typeof value !== 'string' || !HEX_OR_DECIMAL.test(value)) return err('invalid hex or decimal integer')
  const number = value === '' ? 0n : BigInt(value)
  return number >> 64n === 0n ? ok(number) : err('invalid hex or decimal integer')
})
/** A JSON number. */
export const float: Parameter<number> = required((value) =>
  typeof value === 'number' ? ok(value) : err(`cannot read ${shapeOf(value)} as a number`),
)
/** An array of what `element` reads. @param max elements; more are refused before any is read. */
export const listOf = <T>(element: Parameter<T>, max: number): Parameter<readonly T[]> =>
  required((value) => {
    if (!Array.isArray(value)) return err(`cannot read ${shapeOf(value)} as an array`)
    if (value.length > max) return err(`too many elements (max ${max})`)
    const values: T[] = []
    for (const given of value as readonly JsonValue[]) {
      const read = element.read(given)
      if (!read.ok) return read
      values.push(read.value)
    }
    return ok(values)
  })

/** Of at most 64 bits, and a length that is read quickly whatever was sent. */
const HEX_OR_DECIMAL = /^(|0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})$/

/** Hex without leading zeros, as geth's hexutil reads it. */
export function readQuantity(value: JsonValue | undefined, bitsMax: number): Result<bigint, string> {
  if (typeof value !== 'string') return err(`cannot read ${shapeOf(value)} as a hex quantity`)
  if (value === '') return err('empty hex string')
  if (!hasPrefix(value)) return err('hex string without 0x prefix')
  if (value.length === 2) return err('hex string "0x"')
  // Digits are counted before they are read: the text may be megabytes long.
  if (value[2] === '0' && value.length > 3) return err('hex number with leading zero digits')
  if (value.length - 2 > Math.ceil(bitsMax / 4)) return err(`hex number > ${bitsMax} bits`)
  if (!HEX_DIGITS.test(value.slice(2))) return err('invalid hex string')
  const number = BigInt(`0x${value.slice(2)}`)
  return number >> BigInt(bitsMax) === 0n ? ok(number) : err(`hex number > ${bitsMax} bits`)
}

/** @param length in bytes; undefined for any. */
export function readBytes(value: JsonValue | undefined, length: number | undefined): Result<Uint8Array, string> {
  if (typeof value !== 'string') return err(`cannot read ${shapeOf(value)} as a hex string`)
  if (value === '') return err('empty hex string')
  if (!hasPrefix(value)) return err('hex string without 0x prefix')
  const digits = value.length - 2
  if (length !== undefined && digits !== length * 2) {
    return err(`hex string has length ${digits}, want ${length * 2} for ${length} bytes`)
  }
  const bytes = hexToBytes(value)
  if (bytes.ok) return bytes
  return err(bytes.error.code === 'HEX_ODD_LENGTH' ? 'hex string of odd length' : 'invalid hex string')
}

const HEX_DIGITS = /^[0-9a-fA-F]+$/

const hasPrefix = (text: string): boolean => text[0] === '0' && (text[1] === 'x' || text[1] === 'X')

export function shapeOf(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
