/** The table of geth's p2p/peer.go: what each end says to the other end. */
import { expect, test } from 'vitest'
import { nameOfEnd, reasonOf, reasonSent } from '../../../actors/session/end-cause.ts'
import type { SessionEnd } from '../../../actors/session/messages.ts'
import { DisconnectReason } from '../../../protocols/devp2p/disconnect.ts'

const TABLE: readonly [SessionEnd, DisconnectReason | undefined, string][] = [
  [{ code: 'CONNECT', cause: 'NET_REFUSED' }, undefined, 'CONNECT:NET_REFUSED'],
  [{ code: 'HANDSHAKE_TIMEOUT' }, undefined, 'HANDSHAKE_TIMEOUT'],
  [{ code: 'HANDSHAKE', cause: 'HANDSHAKE_SIGNATURE' }, undefined, 'HANDSHAKE:HANDSHAKE_SIGNATURE'],
  [{ code: 'HELLO', cause: 'HELLO_EXPECTED' }, undefined, 'HELLO:HELLO_EXPECTED'],
  [{ code: 'HELLO', cause: 'HELLO_IDENTITY_NULL' }, DisconnectReason.invalidIdentity, 'HELLO:HELLO_IDENTITY_NULL'],
  [
    { code: 'HELLO', cause: 'HELLO_IDENTITY_UNEXPECTED' },
    DisconnectReason.unexpectedIdentity,
    'HELLO:HELLO_IDENTITY_UNEXPECTED',
  ],
  [{ code: 'REFUSED', reason: DisconnectReason.tooManyPeers }, DisconnectReason.tooManyPeers, 'REFUSED:4'],
  [{ code: 'CHANNEL', cause: 'FRAME_HEADER_MAC' }, undefined, 'CHANNEL:FRAME_HEADER_MAC'],
  [{ code: 'CODE_UNASSIGNED', messageCode: 99 }, undefined, 'CODE_UNASSIGNED'],
  [{ code: 'READ_TIMEOUT' }, undefined, 'READ_TIMEOUT'],
  [{ code: 'WRITE_TIMEOUT' }, undefined, 'WRITE_TIMEOUT'],
  [{ code: 'WRITE_QUEUE_FULL' }, undefined, 'WRITE_QUEUE_FULL'],
  [{ code: 'SOCKET', cause: 'END' }, undefined, 'SOCKET:END'],
  [{ code: 'REMOTE', reason: DisconnectReason.uselessPeer }, DisconnectReason.uselessPeer, 'REMOTE:3'],
  [{ code: 'REMOTE', reason: DisconnectReason.networkError }, undefined, 'REMOTE:1'],
  [{ code: 'LOCAL', reason: DisconnectReason.requested }, DisconnectReason.requested, 'LOCAL:0'],
  [{ code: 'MISUSED', cause: 'MESSAGE_CODE' }, DisconnectReason.protocolBreach, 'MISUSED:MESSAGE_CODE'],
  [{ code: 'FAILED' }, DisconnectReason.subprotocolError, 'FAILED'],
]

test.each(TABLE)('%o', (end, reason, name) => {
  expect(reasonSent(end)).toBe(reason)
  expect(reasonOf(end)).toBe(reason ?? DisconnectReason.networkError)
  expect(nameOfEnd(end)).toBe(name)
})
