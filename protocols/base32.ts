/** Base32 in upper case without padding (RFC 4648, section 6): names and keys in DNS node lists. */
import type { Result } from './result.ts'
import { err, ok } from './result.ts'

export type Base32Error = {
  /** Not of the alphabet; a length that no bytes have. */
  readonly code: 'BASE32_CHARACTER' | 'BASE32_LENGTH'
  readonly offset: number
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character, value]))
/** Characters behind the last full group of 8 that stand for whole bytes. */
const REMAINDERS: ReadonlySet<number> = new Set([0, 2, 4, 5, 7])

export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >>> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31]
}

/** Bits behind the last byte may be any: names in DNS lists are cut from longer ones (geth takes them). */
export function decodeBase32(text: string): Result<Uint8Array, Base32Error> {
  if (!REMAINDERS.has(text.length % 8)) return err({ code: 'BASE32_LENGTH', offset: text.length })
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let held = 0
  let bits = 0
  let out = 0
  for (let at = 0; at < text.length; at++) {
    const value = VALUES.get(text[at]!)
    if (value === undefined) return err({ code: 'BASE32_CHARACTER', offset: at })
    held = ((held & 0xff) << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[out++] = held >>> bits
  }
  return ok(bytes)
}
