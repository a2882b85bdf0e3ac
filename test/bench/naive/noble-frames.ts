/** Frames of RLPx as one writes them at first: Node's AES, `@noble/hashes` for the MAC, a buffer per step. */
import { type Cipher, createCipheriv } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Secrets } from '../../../protocols/rlpx/secrets.ts'

/** @returns a function that makes the frame of a code below 128 and a payload */
export function nobleFrameWriter({ aes, mac, egressSeed }: Secrets): (code: number, payload: Uint8Array) => Uint8Array {
  const stream: Cipher = createCipheriv('aes-256-ctr', aes, Buffer.alloc(16))
  const hash = keccak_256.create().update(egressSeed)
  const digest = (): Uint8Array => hash.clone().digest()
  const mix = (seed: Uint8Array): Uint8Array => {
    const cipher = createCipheriv('aes-256-ecb', mac, null).setAutoPadding(false)
    const encrypted = cipher.update(digest().subarray(0, 16))
    hash.update(encrypted.map((byte, i) => byte ^ seed[i]!))
    return digest().subarray(0, 16)
  }
  return (code, payload) => {
    const size = payload.length + 1
    const plainHeader = Buffer.alloc(16)
    plainHeader.writeUIntBE(size, 0, 3)
    plainHeader.set([0xc2, 0x80, 0x80], 3)
    const header = stream.update(plainHeader)
    const headerMac = mix(header)
    const padding = Buffer.alloc((16 - (size % 16)) % 16)
    const body = stream.update(Buffer.concat([Buffer.of(code === 0 ? 0x80 : code), payload, padding]))
    hash.update(body)
    return Buffer.concat([header, headerMac, body, mix(digest())])
  }
}
