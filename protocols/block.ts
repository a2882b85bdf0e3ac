/** Block: `[header, transactions, ommers, withdrawals?]`. */
import type { Body, BodyError } from './body.ts'
import { decodeBody, encodeBodyParts, takeBody } from './body.ts'
import type { Header, HeaderEncodingError } from './header.ts'
import { decodeHeader } from './header.ts'
import type { Result } from './result.ts'
import { err, ok } from './result.ts'
import type { RlpError } from './rlp.ts'
import {
  encodeRlpList,
  enterList,
  finished,
  hasMore,
  leaveList,
  rlpReader,
  takeEncoded,
  takeEncodedList,
} from './rlp.ts'

/** Encoded parts of a block, views of it. Their insides are not checked. */
export type BlockParts = {
  readonly header: Uint8Array
  readonly transactions: Uint8Array
  readonly ommers: Uint8Array
  readonly withdrawals?: Uint8Array
}
export type Block = {
  /** What the block hash is taken of. */
  readonly headerBytes: Uint8Array
  readonly header: Header
  readonly body: Body
}
export type BlockEncodingError =
  | { readonly code: 'BLOCK_ENCODING'; readonly cause: RlpError }
  | HeaderEncodingError
  | BodyError

/** Cuts a block that fills `bytes` into its three or four lists, without copying. */
export function splitBlock(bytes: Uint8Array): Result<BlockParts, BlockEncodingError> {
  const reader = rlpReader(bytes)
  const outer = enterList(reader)
  const header = takeEncodedList(reader)
  const transactions = takeEncodedList(reader)
  const ommers = takeEncodedList(reader)
  const withdrawals = hasMore(reader) ? takeEncodedList(reader) : undefined
  leaveList(reader, outer)
  const parts = { header, transactions, ommers }
  const done = finished(reader, withdrawals === undefined ? parts : { ...parts, withdrawals })
  return done.ok ? done : err({ code: 'BLOCK_ENCODING', cause: done.error })
}

/** Body encoding of a block that was split. */
export const bodyOfParts = (parts: BlockParts): Uint8Array =>
  encodeRlpList(
    parts.withdrawals === undefined
      ? [parts.transactions, parts.ommers]
      : [parts.transactions, parts.ommers, parts.withdrawals],
  )

/** Header and body of the block that fills `bytes`. Transactions and ommers stay encoded. */
export function decodeBlock(bytes: Uint8Array): Result<Block, BlockEncodingError> {
  const reader = rlpReader(bytes)
  const outer = enterList(reader)
  const headerBytes = takeEncoded(reader)
  const body = takeBody(reader)
  leaveList(reader, outer)
  const done = finished(reader, body)
  if (!done.ok) return err({ code: 'BLOCK_ENCODING', cause: done.error })
  const header = decodeHeader(headerBytes)
  return header.ok ? ok({ headerBytes, header: header.value, body }) : header
}

/** Block from an encoded header and a body. */
export const encodeBlock = (headerBytes: Uint8Array, body: Body): Uint8Array =>
  encodeRlpList([headerBytes, ...encodeBodyParts(body)])

/** Block from an encoded header and an encoded body, whose lists are taken over as they are. */
export function joinBlock(headerBytes: Uint8Array, bodyBytes: Uint8Array): Result<Uint8Array, BodyError> {
  const reader = rlpReader(bodyBytes)
  const outer = enterList(reader)
  const parts = [headerBytes]
  while (hasMore(reader)) parts.push(takeEncodedList(reader))
  leaveList(reader, outer)
  const done = finished(reader, parts)
  return done.ok ? ok(encodeRlpList(parts)) : err({ code: 'BODY_ENCODING', cause: done.error })
}

/** As `decodeBlock`, of a header and a body that are kept apart. */
export function decodeSplitBlock(headerBytes: Uint8Array, bodyBytes: Uint8Array): Result<Block, BlockEncodingError> {
  const header = decodeHeader(headerBytes)
  if (!header.ok) return header
  const body = decodeBody(bodyBytes)
  return body.ok ? ok({ headerBytes, header: header.value, body: body.value }) : body
}
