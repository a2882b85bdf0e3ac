import { describe, expect, test } from 'vitest'
import {
  DisconnectReason,
  decodeDisconnect,
  disconnectWords,
  encodeDisconnect,
} from '../../../protocols/devp2p/disconnect.ts'
import { hexConstant } from '../../../protocols/hex.ts'

/** devp2p rlpx.md, "Disconnect", and geth's `p2p/peer_error.go`. */
const REASONS: readonly (readonly [number, string])[] = [
  [0x00, 'disconnect requested'],
  [0x01, 'network error'],
  [0x02, 'breach of protocol'],
  [0x03, 'useless peer'],
  [0x04, 'too many peers'],
  [0x05, 'already connected'],
  [0x06, 'incompatible p2p protocol version'],
  [0x07, 'invalid node identity'],
  [0x08, 'client quitting'],
  [0x09, 'unexpected identity'],
  [0x0a, 'connected to self'],
  [0x0b, 'read timeout'],
  [0x10, 'subprotocol error'],
  [0xff, 'invalid disconnect reason'],
]

test('every reason of the specification has its words', () => {
  expect(Object.values(DisconnectReason).sort((a, b) => a - b)).toEqual(REASONS.map(([reason]) => reason))
  for (const [reason, words] of REASONS) expect(disconnectWords(reason)).toBe(words)
  expect(disconnectWords(0x0c)).toBe('unknown disconnect reason 12')
})

test('every reason comes back, also those without a name', () => {
  for (let reason = 0; reason < 256; reason++) expect(decodeDisconnect(encodeDisconnect(reason))).toBe(reason)
})

describe('reads', () => {
  test.each([
    ['a list', 'c104', 4],
    ['a list of 0', 'c180', 0],
    ['a list with more behind', 'c3040506', 4],
    ['the bare number of old geths', '04', 4],
    ['the bare 0', '80', 0],
    ['the bare byte 0 of old geths, no integer of RLP', '00', 0],
    ['a bare number above 127', '81ff', 255],
    ['nothing', '', 0],
    ['an empty list', 'c0', 0],
    ['a reason of two bytes', 'c3820100', 255],
    ['a list in a list', 'c2c104', 255],
    ['a list that is cut off', 'c2', 255],
    ['a number with a zero in front', 'c100', 255],
    ['text', '83626164', 255],
  ])('%s', (_name, payload, reason) => {
    expect(decodeDisconnect(hexConstant(payload))).toBe(reason)
  })
})
