/** Why a file was not imported to its end, in one line for the person who imports it. */
import { describeFault } from '../actors/chain/block-fault.ts'
import type { ImportFault } from '../actors/importer/messages.ts'
import { bytesToHex } from '../protocols/hex.ts'

export function describeImportFault(fault: ImportFault): string {
  switch (fault.code) {
    case 'IMPORT_FILE':
      return fault.cause.code === 'DISK_NOT_FOUND' ? 'no such file' : `the file cannot be read: ${fault.cause.cause}`
    case 'IMPORT_FORMAT':
      return `${describeFormat(fault.file, fault.cause)} (${fault.cause.code} at byte ${fault.cause.offset})`
    case 'IMPORT_BLOCK': {
      const hint = fault.fault.code === 'BLOCK_OTHER_GENESIS' ? '; --network says which network the file is of' : ''
      return `block ${fault.number} ${bytesToHex(fault.hash)}: ${describeFault(fault.fault)}${hint}`
    }
    case 'IMPORT_CHAIN':
      return `the chain does not answer: ${fault.detail}`
  }
}

type FormatFault = (ImportFault & { code: 'IMPORT_FORMAT' })['cause']

function describeFormat(file: string, { code, offset }: FormatFault): string {
  if (file.endsWith('.gz')) return 'the file is compressed: decompress it first (gzip -d)'
  if (code.endsWith('_TRUNCATED')) return 'the file ends too early'
  if (code === 'STREAM_NOT_A_LIST' && offset === 0) return 'the file is neither era1 nor RLP blocks'
  return 'the file is damaged'
}
