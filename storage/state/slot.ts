/** Storage slots as the storage trie and the flat state hold them. */
import { leftPad } from '../../protocols/bytes.ts'
import { encodeRlpString, rlpReader, takeString } from '../../protocols/rlp.ts'

/** Bytes of a slot's key and of its value (Yellow Paper, section 4.1). */
export const SLOT_BYTES = 32

/** RLP of the value without leading zeros (Yellow Paper, section 4.1). @param value not zero. */
export function slotLeaf(value: Uint8Array): Uint8Array {
  let start = 0
  while (value[start] === 0) start++
  return encodeRlpString(value.subarray(start))
}

/** The value, 32 bytes, of a leaf that this program stored: anything else is a fault of the store and throws. */
export function storedSlot(leaf: Uint8Array): Uint8Array {
  const reader = rlpReader(leaf)
  const value = takeString(reader, 1, SLOT_BYTES)
  if (reader.error !== undefined || reader.offset !== leaf.length)
    throw new Error(`a stored slot is not one: ${reader.error?.code ?? 'bytes after its end'}`)
  return leftPad(value, SLOT_BYTES).slice()
}
