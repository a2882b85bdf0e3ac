/** Hexadecimal text: data as in JSON-RPC (`0x` and two digits a byte) and quantities (`0x` and no leading zero). */
import type { Result } from './result.ts'
import { err, ok } from './result.ts'

export type HexError = {
  readonly code: 'HEX_PREFIX' | 'HEX_ODD_LENGTH' | 'HEX_DIGIT' | 'HEX_LENGTH' | 'HEX_QUANTITY'
  /** Of the first offending character. */
  readonly offset: number
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case digits with `0x` in front. */
export function bytesToHex(bytes: Uint8Array): string {
  let out = '0x'
  for (let i = 0; i < bytes.length; i++) out += PAIRS[bytes[i]!]!
  return out
}

/** Lower-case digits alone. */
export const bytesToBareHex = (bytes: Uint8Array): string => bytesToHex(bytes).slice(2)

/** Bytes of `0x` and an even number of digits. @param length demanded size in bytes, any if absent. */
export function hexToBytes(hex: string, length?: number): Result<Uint8Array, HexError> {
  if (!hex.startsWith('0x') && !hex.startsWith('0X')) return err({ code: 'HEX_PREFIX', offset: 0 })
  return digitsToBytes(hex, 2, length)
}

/** Bytes of an even number of digits, `0x` in front or not (addresses in genesis files). */
export function looseHexToBytes(hex: string, length?: number): Result<Uint8Array, HexError> {
  return digitsToBytes(hex, hex.startsWith('0x') || hex.startsWith('0X') ? 2 : 0, length)
}

/** Bytes of a constant in our own source: a wrong one is a bug and throws. */
export function hexConstant(hex: string): Uint8Array {
  const bytes = looseHexToBytes(hex)
  if (!bytes.ok) throw new Error(`not hexadecimal at ${bytes.error.offset}: ${hex}`)
  return bytes.value
}

/** `0x0` for 0n, no leading zeros (JSON-RPC QUANTITY). */
export const encodeQuantity = (value: bigint | number): string => `0x${value.toString(16)}`

/** Digits of a QUANTITY of 256 bits. */
const QUANTITY_DIGITS_MAX = 64

/** The integer of a JSON-RPC QUANTITY of at most 256 bits: at least one digit, no leading zeros. */
export function decodeQuantity(text: string): Result<bigint, HexError> {
  if (!text.startsWith('0x')) return err({ code: 'HEX_PREFIX', offset: 0 })
  if (text.length === 2 || text.length > 2 + QUANTITY_DIGITS_MAX) return err({ code: 'HEX_QUANTITY', offset: 2 })
  if (text.length > 3 && text[2] === '0') return err({ code: 'HEX_QUANTITY', offset: 2 })
  for (let i = 2; i < text.length; i++) if (digit(text.charCodeAt(i)) < 0) return err({ code: 'HEX_DIGIT', offset: i })
  return ok(BigInt(text))
}

function digitsToBytes(hex: string, from: number, length: number | undefined): Result<Uint8Array, HexError> {
  const digits = hex.length - from
  if (digits % 2 !== 0) return err({ code: 'HEX_ODD_LENGTH', offset: hex.length })
  if (length !== undefined && digits !== length * 2) return err({ code: 'HEX_LENGTH', offset: hex.length })
  const out = new Uint8Array(digits / 2)
  for (let i = 0, at = from; i < out.length; i++, at += 2) {
    const high = digit(hex.charCodeAt(at))
    const low = digit(hex.charCodeAt(at + 1))
    if (high < 0 || low < 0) return err({ code: 'HEX_DIGIT', offset: high < 0 ? at : at + 1 })
    out[i] = high * 16 + low
  }
  return ok(out)
}

/** Value of a hexadecimal digit's character code, -1 if it is none. */
function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
