import { expect, test } from 'vitest'
import { decodeBlock, encodeBlock } from '../../protocols/block.ts'
import { bytesEqual } from '../../protocols/bytes.ts'
import { genesisHeader } from '../../protocols/chain-spec/genesis-header.ts'
import { parseGenesisJson } from '../../protocols/chain-spec/genesis-json.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { checkBody } from '../../protocols/consensus/body-rules.ts'
import { checkHeader } from '../../protocols/consensus/header-rules.ts'
import type { Header } from '../../protocols/header.ts'
import { headerHash } from '../../protocols/header.ts'
import { hexConstant } from '../../protocols/hex.ts'
import { rlpItemAt } from '../../protocols/rlp.ts'
import { decodeTransaction } from '../../protocols/transaction/decode.ts'
import { checkTransaction } from '../../protocols/transaction/transaction-rules.ts'
import { describeShared, readShared, readSharedJson } from '../shared-data.ts'

describeShared("the chain of geth's protocol tests", ['data', 'ethtest', 'chain.rlp'], () => {
  test('keeps the rules for headers, bodies and transactions from genesis through Prague', () => {
    const spec = parseGenesisJson(readSharedJson('data', 'ethtest', 'genesis.json'), 'ethtest')
    if (!spec.ok) throw new Error(JSON.stringify(spec.error))
    const file = readShared('data', 'ethtest', 'chain.rlp')
    let parent: Header = genesisHeader(spec.value, new Uint8Array(32))
    let parentHash = hexConstant(readSharedJson('data', 'ethtest', 'newpayload.json')[0].params[0].blockHash)
    const seen = { blocks: 0, transactions: 0, shanghai: 0, cancun: 0, prague: 0 }
    for (let at = 0; at < file.length; ) {
      const span = rlpItemAt(file, at)
      if (!span.ok) throw new Error(`${span.error.code} at ${at}`)
      const bytes = file.subarray(at, span.value.end)
      at = span.value.end
      const block = decodeBlock(bytes)
      if (!block.ok) throw new Error(`${block.error.code} at ${at}`)
      const { header, headerBytes, body } = block.value
      expect(bytesEqual(encodeBlock(headerBytes, body), bytes)).toBe(true)
      if (header.number === 0n) continue
      expect(bytesEqual(header.parentHash, parentHash)).toBe(true)
      const rules = rulesAt(spec.value, header.number, header.timestamp)
      const where = Number(header.number)
      expect([where, checkHeader(spec.value, header, parent)]).toEqual([where, { ok: true, value: undefined }])
      expect([where, checkBody(rules, header, body, bytes.length)]).toEqual([where, { ok: true, value: undefined }])
      for (const encoded of body.transactions) {
        const tx = decodeTransaction(encoded)
        expect([where, tx.ok && checkTransaction(tx.value, rules)]).toEqual([where, { ok: true, value: undefined }])
        seen.transactions++
      }
      seen.blocks++
      for (const fork of ['shanghai', 'cancun', 'prague'] as const) if (rules[fork]) seen[fork]++
      parent = header
      parentHash = headerHash(headerBytes)
    }
    expect(seen).toEqual({ blocks: 600, transactions: 603, shanghai: 600, cancun: 595, prague: 589 })
  })
})
