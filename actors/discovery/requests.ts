/**
 * Requests that wait for their reply (geth, `v4_udp.go`, `replyMatcher`): a reply counts where somebody asked its sender,
 * at its address, for one of its kind, and as all else is dropped.
 */
import { bytesEqual } from '../../protocols/bytes.ts'
import type { Packet } from '../../protocols/discv4/packet.ts'
import { bytesToBareHex } from '../../protocols/hex.ts'

export type ReplyKind = 'pong' | 'neighbours' | 'recordResponse'
export type Reply = Extract<Packet, { kind: ReplyKind }>

export type Request = {
  readonly id: Uint8Array
  readonly ip: Uint8Array
  readonly kind: ReplyKind
  /** Hash of the request, where its reply repeats it. */
  readonly hash: Uint8Array | undefined
  /** @returns whether that was the last one */
  readonly onReply: (reply: Reply) => boolean
}

/** Requests under way at most; who would make more waits, or does without. */
export const REQUESTS_MAX = 4_096

export function pendingRequests() {
  const byPlace = new Map<string, Request[]>()
  let size = 0
  const placeOf = (kind: ReplyKind, ip: Uint8Array): string => kind + bytesToBareHex(ip)

  function remove(request: Request): boolean {
    const place = placeOf(request.kind, request.ip)
    const requests = byPlace.get(place) ?? []
    const at = requests.indexOf(request)
    if (at < 0) return false
    requests.splice(at, 1)
    if (requests.length === 0) byPlace.delete(place)
    size--
    return true
  }

  return {
    get size() {
      return size
    },
    add(request: Request): void {
      const place = placeOf(request.kind, request.ip)
      const requests = byPlace.get(place)
      if (requests === undefined) byPlace.set(place, [request])
      else requests.push(request)
      size++
    },
    /** @returns false where it is no more there */
    remove,
    /** How many wait for a reply of that kind from an address: without any, it is not worth a look at its signature. */
    waitingAt: (kind: ReplyKind, ip: Uint8Array): number => byPlace.get(placeOf(kind, ip))?.length ?? 0,
    /** Hands a reply to all who wait for it. @returns whether anybody did */
    take(id: Uint8Array, ip: Uint8Array, reply: Reply): boolean {
      const matching = (byPlace.get(placeOf(reply.kind, ip)) ?? []).filter(
        (request) => bytesEqual(request.id, id) && isAnswerTo(reply, request),
      )
      for (const request of matching) if (request.onReply(reply)) remove(request)
      return matching.length > 0
    },
  }
}

function isAnswerTo(reply: Reply, { hash }: Request): boolean {
  switch (reply.kind) {
    case 'pong':
      return hash !== undefined && bytesEqual(reply.pingHash, hash)
    case 'recordResponse':
      return hash !== undefined && bytesEqual(reply.requestHash, hash)
    case 'neighbours':
      return true
  }
}
