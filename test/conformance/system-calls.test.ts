import { expect, test } from 'vitest'
import { decodeBlock } from '../../protocols/block.ts'
import { parseGenesisJson } from '../../protocols/chain-spec/genesis-json.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { BEACON_ROOTS, HISTORY_STORAGE } from '../../protocols/chain-spec/system-contracts.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { rlpItemAt } from '../../protocols/rlp.ts'
import { callBeforeTransactions, type SystemState } from '../../protocols/system-contracts/system-calls.ts'
import { describeShared, readShared, readSharedJson } from '../shared-data.ts'

const DIGITS = 64
type HeadState = {
  readonly accounts: { readonly [address: string]: { readonly storage?: { readonly [slot: string]: string } } }
}

/** Storage of an account of a dump, every value with all of its digits. */
function storageIn(state: HeadState, { address }: { readonly address: Uint8Array }) {
  const found = Object.entries(state.accounts).find(([key]) => key.toLowerCase() === bytesToHex(address))
  const slots = Object.entries(found?.[1].storage ?? {})
  return Object.fromEntries(slots.map(([slot, value]) => [slot, `0x${value.padStart(DIGITS, '0')}`]))
}

describeShared("the chain of geth's protocol tests", ['data', 'ethtest', 'headstate.json'], () => {
  test('leaves in the contracts of roots and hashes what its 600 headers write, and nothing else', () => {
    const spec = parseGenesisJson(readSharedJson('data', 'ethtest', 'genesis.json'), 'ethtest')
    if (!spec.ok || spec.value.genesis.alloc.kind !== 'inline') throw new Error('the genesis does not parse')
    const hashes = new Map(
      spec.value.genesis.alloc.accounts.map(({ address, code }) => [bytesToHex(address), keccak256(code)]),
    )
    const written = new Map<string, { [slot: string]: string }>()
    const state: SystemState = {
      getAccount(address) {
        const codeHash = hashes.get(bytesToHex(address))
        return codeHash && { codeHash }
      },
      getSlot: () => new Uint8Array(32),
      setSlot(address, slot, value) {
        const storage = written.get(bytesToHex(address)) ?? {}
        storage[bytesToHex(slot)] = bytesToHex(value)
        written.set(bytesToHex(address), storage)
      },
    }
    const file = readShared('data', 'ethtest', 'chain.rlp')
    for (let at = 0; at < file.length; ) {
      const span = rlpItemAt(file, at)
      if (!span.ok) throw new Error(`${span.error.code} at ${at}`)
      const block = decodeBlock(file.subarray(at, span.value.end))
      at = span.value.end
      if (!block.ok) throw new Error(`${block.error.code} at ${at}`)
      const { header } = block.value
      if (header.number === 0n) continue
      expect(callBeforeTransactions(rulesAt(spec.value, header.number, header.timestamp), header, state).ok).toBe(true)
    }
    const head: HeadState = readSharedJson('data', 'ethtest', 'headstate.json')
    const counts = [BEACON_ROOTS, HISTORY_STORAGE].map((contract) => {
      expect(written.get(bytesToHex(contract.address))).toEqual(storageIn(head, contract))
      return Object.keys(storageIn(head, contract)).length
    })
    // Two for each of 595 blocks from Cancun on, one for each of 589 from Prague on.
    expect(counts).toEqual([1190, 589])
  })
})
