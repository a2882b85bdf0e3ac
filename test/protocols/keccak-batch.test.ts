import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes } from '../../protocols/bytes.ts'
import { countMessages, encodeMessages, hashMessages } from '../../protocols/keccak-batch.ts'
import { keccak256 } from '../../protocols/keccak256.ts'

test('each message is hashed as by itself', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (messages) => {
      const batch = encodeMessages(messages)
      expect(countMessages(batch)).toBe(messages.length)
      expect(hashMessages(batch)).toEqual(concatBytes(...messages.map(keccak256)))
    }),
  )
})
test('a batch that is cut is refused, wherever its length stands', () => {
  const batch = encodeMessages([new Uint8Array(5), new Uint8Array(9)])
  for (let length = 1; length < batch.length; length++)
    expect(hashMessages(batch.subarray(0, length))).toEqual(length === 9 ? keccak256(new Uint8Array(5)) : undefined)
})
