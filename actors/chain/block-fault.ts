/** What people are told about a block that is not taken. */
import { bytesToHex } from '../../protocols/hex.ts'
import type { BlockFault } from './messages.ts'

const SEAL_FAULTS: { readonly [C in (BlockFault & { code: 'BLOCK_SEAL' })['cause']['code']]: string } = {
  SEAL_DIFFICULTY: 'its difficulty is zero',
  SEAL_MIX_HASH: 'its nonce gives another mix hash',
  SEAL_RESULT: 'it has less work than its difficulty demands',
}

/** A sentence for people. */
export function describeFault(fault: BlockFault): string {
  switch (fault.code) {
    case 'BLOCK_ENCODING':
      return `it cannot be decoded (${fault.cause.code})`
    case 'BLOCK_HEADER':
      return `its header breaks a rule (${fault.cause.code})`
    case 'BLOCK_PARENT_UNKNOWN':
      return 'its parent is not known: does the file begin above the head, or belong to another network?'
    case 'BLOCK_OTHER_GENESIS':
      return 'it is the genesis of another network than that of the data directory'
    case 'BLOCK_BODY':
      return `its body does not match the header's ${fault.field}`
    case 'BLOCK_OMMERS':
      return `its ommers break a rule (${fault.cause.code})`
    case 'BLOCK_RESULT':
      return `executing it gives another ${fault.field}`
    case 'BLOCK_SYSTEM_CONTRACT':
      return `the state has no code at the system contract ${bytesToHex(fault.address)}`
    case 'BLOCK_SEAL': {
      const whose = fault.ommer === undefined ? 'its seal' : `the seal of its ommer ${bytesToHex(fault.ommer)}`
      return `${whose} does not hold: ${SEAL_FAULTS[fault.cause.code]} (${fault.cause.code})`
    }
    case 'BLOCK_SEAL_UNCHECKED':
      return `its seal could not be checked (${fault.cause}); the block may be sound, so try again`
    case 'BLOCK_STATE_ROOT':
      return 'executing it gives another state root'
    case 'BLOCK_TOTAL_DIFFICULTY':
      return `the file says total difficulty ${fault.claimed}, the sum is ${fault.computed}`
    case 'BLOCK_UNSUPPORTED':
      return `this version does not execute ${fault.what} yet`
    case 'BLOCK_BAD':
      return 'it, or a block below it, is known to be invalid'
    case 'BLOCK_REORG_DEPTH':
      return `its branch leaves the chain at block ${fault.base}, and states below ${fault.oldest} are not kept`
    case 'BLOCK_NOT_WRITTEN':
      return `the store refused it: ${fault.cause}`
  }
}
