/** Base64 for URLs without padding (RFC 4648, section 5): the text form of node records. */
import type { Result } from './result.ts'
import { err, ok } from './result.ts'

export type Base64Error = {
  /** Not of the alphabet, which has no `=`; a length that no bytes have; bits behind the last byte that are not zero. */
  readonly code: 'BASE64_CHARACTER' | 'BASE64_LENGTH' | 'BASE64_TRAILING_BITS'
  readonly offset: number
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character, value]))

export function encodeBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const word = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const characters = Math.min(bytes.length - at, 3) + 1
    for (let i = 0; i < characters; i++) text += ALPHABET[(word >>> (18 - 6 * i)) & 63]
  }
  return text
}

export function decodeBase64Url(text: string): Result<Uint8Array, Base64Error> {
  if (text.length % 4 === 1) return err({ code: 'BASE64_LENGTH', offset: text.length })
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let out = 0
  for (let at = 0; at < text.length; at++) {
    const value = VALUES.get(text[at]!)
    if (value === undefined) return err({ code: 'BASE64_CHARACTER', offset: at })
    held = (held << 6) | value
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[out++] = held >>> bits
    held &= (1 << bits) - 1
  }
  if (held !== 0) return err({ code: 'BASE64_TRAILING_BITS', offset: text.length - 1 })
  return ok(bytes)
}
