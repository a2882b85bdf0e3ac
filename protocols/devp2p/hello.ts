/** Hello, the first message of each end (devp2p rlpx.md, "Hello"; EIP-8: version and further items are not looked at). */
import { bytesEqual, isZero } from '../bytes.ts'
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import type { RlpError } from '../rlp.ts'
import {
  encodeRlp,
  enterList,
  finished,
  hasMore,
  leaveList,
  nextItem,
  type RlpReader,
  rlpReader,
  takeString,
  takeUint,
  uintToBytes,
} from '../rlp.ts'
import { BASE_MESSAGE_BYTES_MAX, BaseCode } from './base-protocol.ts'
import { CAPABILITY_NAME_CHARACTERS_MAX, type Capability, compareCapabilities } from './capability.ts'

export type Hello = {
  /** Of the base protocol. */
  readonly version: number
  /** As the peer calls itself: any characters, not to be printed raw. */
  readonly clientId: string
  readonly capabilities: readonly Capability[]
  /** Not used by anybody; geth sends 0. */
  readonly listenPort: number
  /** The sender's identity, 64 bytes. */
  readonly publicKey: Uint8Array
}

export type HelloError =
  | { readonly code: 'HELLO_SIZE'; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'HELLO_ENCODING'; readonly cause: RlpError }
  | { readonly code: 'HELLO_CAPABILITY'; readonly index: number } // its name is no 1 to 8 printable ASCII characters
  | { readonly code: 'HELLO_IDENTITY_NULL' } // not 64 bytes, or zeros: Disconnect 0x07
  | { readonly code: 'HELLO_IDENTITY_UNEXPECTED' } // not the key of the handshake: Disconnect 0x09
  | { readonly code: 'HELLO_EXPECTED'; readonly messageCode: number } // something else came first

/** A double holds integers of this many bytes. */
const INTEGER_BYTES_MAX = 6
const PUBLIC_KEY_BYTES = 64
const ASCII_PRINTABLE_MIN = 0x21
const ASCII_PRINTABLE_MAX = 0x7e

/** Capabilities are written in their order, whatever order they are given in. */
export const encodeHello = ({ version, clientId, capabilities, listenPort, publicKey }: Hello): Uint8Array =>
  encodeRlp([
    integer(version),
    new TextEncoder().encode(clientId),
    [...capabilities]
      .sort(compareCapabilities)
      .map((one) => [new TextEncoder().encode(one.name), integer(one.version)]),
    integer(listenPort),
    publicKey,
  ])

export function decodeHello(payload: Uint8Array): Result<Hello, HelloError> {
  if (payload.length > BASE_MESSAGE_BYTES_MAX)
    return err({ code: 'HELLO_SIZE', bytes: payload.length, bytesMax: BASE_MESSAGE_BYTES_MAX })
  const reader = rlpReader(payload)
  const end = enterList(reader)
  const version = takeInteger(reader)
  const clientId = textOf(takeString(reader))
  const named = takeCapabilities(reader)
  const listenPort = takeInteger(reader)
  const publicKey = takeString(reader)
  skipRest(reader)
  leaveList(reader, end)
  const read = finished(reader, undefined)
  if (!read.ok) return err({ code: 'HELLO_ENCODING', cause: read.error })
  const bad = named.findIndex(({ name }) => !isName(name))
  if (bad >= 0) return err({ code: 'HELLO_CAPABILITY', index: bad })
  if (publicKey.length !== PUBLIC_KEY_BYTES || isZero(publicKey)) return err({ code: 'HELLO_IDENTITY_NULL' })
  const capabilities = named.map(({ name, version: of }) => ({ name: textOf(name), version: of }))
  return ok({ version, clientId, capabilities, listenPort, publicKey: publicKey.slice() })
}

/** Whether the Hello is of the end that the handshake was with. @param remote its key, 64 bytes */
export const checkHello = (hello: Hello, remote: Uint8Array): Result<Hello, HelloError> =>
  bytesEqual(hello.publicKey, remote) ? ok(hello) : err({ code: 'HELLO_IDENTITY_UNEXPECTED' })

/** What the first message of the other end is: its Hello, or the Disconnect that it sends instead. */
export const firstMessage = (code: number): Result<'hello' | 'disconnect', HelloError> =>
  code === BaseCode.hello
    ? ok('hello')
    : code === BaseCode.disconnect
      ? ok('disconnect')
      : err({ code: 'HELLO_EXPECTED', messageCode: code })

type Named = { readonly name: Uint8Array; readonly version: number }

function takeCapabilities(reader: RlpReader): readonly Named[] {
  const capabilities: Named[] = []
  const end = enterList(reader)
  while (hasMore(reader)) {
    const outer = enterList(reader)
    capabilities.push({ name: takeString(reader), version: takeInteger(reader) })
    skipRest(reader)
    leaveList(reader, outer)
  }
  leaveList(reader, end)
  return capabilities
}

const takeInteger = (reader: RlpReader): number => Number(takeUint(reader, INTEGER_BYTES_MAX))

function skipRest(reader: RlpReader): void {
  while (hasMore(reader)) nextItem(reader)
}

const isName = (name: Uint8Array): boolean =>
  name.length > 0 &&
  name.length <= CAPABILITY_NAME_CHARACTERS_MAX &&
  name.every((byte) => byte >= ASCII_PRINTABLE_MIN && byte <= ASCII_PRINTABLE_MAX)

/** What is no UTF-8 becomes U+FFFD. */
const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

const integer = (value: number): Uint8Array => uintToBytes(BigInt(value))
