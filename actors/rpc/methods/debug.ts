import { joinBlock } from '../../../protocols/block.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { type BlockSelector, blockSelector } from '../../../protocols/json-rpc/block-selector.ts'
import { type JsonRpcError, serverError } from '../../../protocols/json-rpc/error.ts'
import { err, ok, type Result } from '../../../protocols/result.ts'
import { type BlockId, findBlock } from '../block-lookup.ts'
import type { ChainReader } from '../chain-reader.ts'
import type { ChainInfo } from '../messages.ts'
import { type MethodTable, method } from './method.ts'

export const DEBUG_METHODS: MethodTable = {
  debug_getRawHeader: method([blockSelector], ({ chain, info }, [selector]) => {
    const reader = chain()
    const block = namedBlock(reader, selector, info)
    if (!block.ok) return block
    const header = reader.header(block.value.number, block.value.hash)
    return header === undefined ? err(notFound()) : ok(bytesToHex(header))
  }),
  debug_getRawBlock: method([blockSelector], ({ chain, info }, [selector]) => {
    const reader = chain()
    const block = namedBlock(reader, selector, info)
    if (!block.ok) return block
    const header = reader.header(block.value.number, block.value.hash)
    const body = reader.body(block.value.number, block.value.hash)
    if (header === undefined || body === undefined) return err(notFound())
    const joined = joinBlock(header, body)
    // What was stored was checked: this store is damaged.
    if (!joined.ok) throw new Error(`stored body of block ${block.value.number} is unreadable: ${joined.error.code}`)
    return ok(bytesToHex(joined.value))
  }),
}

function namedBlock(chain: ChainReader, selector: BlockSelector, { spec }: ChainInfo): Result<BlockId, JsonRpcError> {
  const block = findBlock(chain, selector, spec)
  if (!block.ok) return block
  return block.value === undefined ? err(notFound()) : ok(block.value)
}

const notFound = (): JsonRpcError => serverError('block not found')
