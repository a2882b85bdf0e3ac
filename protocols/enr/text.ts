/** The text form of node records: `enr:` and URL-safe base64 without padding (EIP-778). */
import type { Base64Error } from '../base64url.ts'
import { decodeBase64Url, encodeBase64Url } from '../base64url.ts'
import type { Result } from '../result.ts'
import { err } from '../result.ts'
import type { NodeRecord, RecordError } from './record.ts'
import { decodeRecord, RECORD_BYTES_MAX } from './record.ts'

export const RECORD_PREFIX = 'enr:'

export type RecordTextError =
  | { readonly code: 'RECORD_TEXT_PREFIX' }
  | { readonly code: 'RECORD_TEXT_BASE64'; readonly cause: Base64Error }
  | RecordError

export const formatRecord = (record: NodeRecord): string => RECORD_PREFIX + encodeBase64Url(record.encoded)

/** The signature is not looked at: see `verifyRecord`. */
export function parseRecord(text: string): Result<NodeRecord, RecordTextError> {
  if (!text.startsWith(RECORD_PREFIX)) return err({ code: 'RECORD_TEXT_PREFIX' })
  const characters = text.length - RECORD_PREFIX.length
  const size = Math.floor((characters * 3) / 4)
  if (size > RECORD_BYTES_MAX) return err({ code: 'RECORD_TOO_LARGE', bytes: size, max: RECORD_BYTES_MAX })
  const bytes = decodeBase64Url(text.slice(RECORD_PREFIX.length))
  return bytes.ok ? decodeRecord(bytes.value) : err({ code: 'RECORD_TEXT_BASE64', cause: bytes.error })
}
