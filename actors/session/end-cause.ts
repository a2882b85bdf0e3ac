/** What each end of a session tells the other end, and what it is called here (geth p2p/peer.go, `run`; p2p/peer_error.go). */
import { DisconnectReason } from '../../protocols/devp2p/disconnect.ts'
import { unreachable } from '../../runtime/result.ts'
import type { SessionEnd } from './messages.ts'

/** The reason that goes out before the connection is closed; undefined where nothing is sent, or nothing can be. */
export function reasonSent(end: SessionEnd): DisconnectReason | undefined {
  switch (end.code) {
    case 'REFUSED':
    case 'LOCAL':
      return end.reason
    case 'REMOTE':
      return end.reason === DisconnectReason.networkError ? undefined : end.reason // echoed
    case 'HELLO':
      if (end.cause === 'HELLO_IDENTITY_NULL') return DisconnectReason.invalidIdentity
      return end.cause === 'HELLO_IDENTITY_UNEXPECTED' ? DisconnectReason.unexpectedIdentity : undefined
    case 'MISUSED':
      return DisconnectReason.protocolBreach
    case 'FAILED':
      return DisconnectReason.subprotocolError
    case 'CONNECT':
    case 'HANDSHAKE_TIMEOUT':
    case 'HANDSHAKE':
    case 'CHANNEL':
    case 'CODE_UNASSIGNED':
    case 'READ_TIMEOUT':
    case 'WRITE_TIMEOUT':
    case 'WRITE_QUEUE_FULL':
    case 'SOCKET':
      return undefined
    default:
      return unreachable(end)
  }
}

/** What the end is for who only knows reasons: a broken connection is a network error. */
export function reasonOf(end: SessionEnd): DisconnectReason {
  return reasonSent(end) ?? DisconnectReason.networkError
}

/** The name under which it is counted: a bounded number of them, whatever peers do. */
export function nameOfEnd(end: SessionEnd): string {
  if ('cause' in end) return `${end.code}:${end.cause}`
  return 'reason' in end ? `${end.code}:${end.reason}` : end.code
}
