import { expect, test } from 'vitest'
import type { ImportFault } from '../../actors/importer/messages.ts'
import { describeImportFault } from '../../commands/import-fault.ts'

const file = '/d/chain.rlp'
const hash = new Uint8Array(32)
const rows: readonly (readonly [ImportFault, RegExp])[] = [
  [{ code: 'IMPORT_FILE', file, cause: { code: 'DISK_NOT_FOUND', path: file, cause: 'ENOENT' } }, /^no such file$/],
  [{ code: 'IMPORT_FILE', file, cause: { code: 'DISK_IO', path: file, cause: 'EISDIR' } }, /cannot be read: EISDIR/],
  [{ code: 'IMPORT_FORMAT', file, cause: { code: 'STREAM_NOT_A_LIST', offset: 0 } }, /neither era1 nor RLP/],
  [{ code: 'IMPORT_FORMAT', file, cause: { code: 'STREAM_NOT_A_LIST', offset: 9 } }, /damaged .* at byte 9/],
  [{ code: 'IMPORT_FORMAT', file: `${file}.gz`, cause: { code: 'STREAM_NOT_A_LIST', offset: 0 } }, /decompress/],
  [{ code: 'IMPORT_FORMAT', file, cause: { code: 'STREAM_TRUNCATED', offset: 9 } }, /ends too early .* at byte 9/],
  [
    { code: 'IMPORT_BLOCK', file, number: 0n, hash, fault: { code: 'BLOCK_OTHER_GENESIS', ours: hash } },
    /^block 0 0x0{64}: .*--network/,
  ],
  [{ code: 'IMPORT_BLOCK', file, number: 5n, hash, fault: { code: 'BLOCK_BAD' } }, /^block 5 0x0{64}: .*invalid$/],
  [{ code: 'IMPORT_CHAIN', file, detail: 'ACTOR_DOWN' }, /does not answer: ACTOR_DOWN/],
]
test.each(rows)('%o', (fault, text) => expect(describeImportFault(fault)).toMatch(text))
