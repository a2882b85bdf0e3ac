/** The text of an address whose capitals are a checksum (EIP-55). */
import { bytesToHex } from './hex.ts'
import { keccak256 } from './keccak256.ts'

const PREFIX_LENGTH = 2

/** @param address 20 bytes. @returns `0x` and 40 digits. */
export function checksumAddress(address: Uint8Array): string {
  const digits = bytesToHex(address).slice(PREFIX_LENGTH)
  const hash = bytesToHex(keccak256(new TextEncoder().encode(digits))).slice(PREFIX_LENGTH)
  return `0x${[...digits].map((digit, index) => (hash[index]! >= '8' ? digit.toUpperCase() : digit)).join('')}`
}
