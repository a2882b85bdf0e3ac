import { leftPad } from '../bytes.ts'
import { looseHexToBytes } from '../hex.ts'
import { err, ok } from '../result.ts'
import { type Parameter, shapeOf } from './parameters.ts'

const SLOT_BYTES = 32

/** `isWhole`: it was given as 32 bytes, and is answered so, not as a quantity (geth internal/ethapi `GetProof`). */
export type StorageKey = { readonly slot: Uint8Array; readonly isWhole: boolean }

/** A slot of at most 32 bytes of hex, `0x` and an even number of digits not demanded (geth `decodeHash`). */
export const storageKey: Parameter<StorageKey> = {
  optional: false,
  read(value) {
    if (typeof value !== 'string') return err(`cannot read ${shapeOf(value)} as a storage key`)
    const digits = value.startsWith('0x') || value.startsWith('0X') ? value.slice(2) : value
    if (digits.length > 2 * SLOT_BYTES) return err('hex string too long, want at most 32 bytes')
    const bytes = looseHexToBytes(`0x${digits.length % 2 === 0 ? '' : '0'}${digits}`)
    if (!bytes.ok) return err('hex string invalid')
    return ok({ slot: leftPad(bytes.value, SLOT_BYTES), isWhole: bytes.value.length === SLOT_BYTES })
  },
}
