/** A chain's parameters as the `config` of a genesis.json, which `admin_nodeInfo` shows. */

import type { ChainSpec } from '../../protocols/chain-spec/chain-spec.ts'
import { BLOCK_FORKS, TIME_FORKS } from '../../protocols/chain-spec/forks.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import type { JsonObject, JsonValue } from '../../protocols/json-rpc/json.ts'

export function genesisConfig(spec: ChainSpec): JsonObject {
  const config: { [key: string]: JsonValue } = { chainId: numberOrText(spec.chainId) }
  for (const fork of BLOCK_FORKS) {
    const at = spec.blockForks[fork]
    if (at !== undefined) config[fork === 'dao' ? 'daoForkBlock' : `${fork}Block`] = numberOrText(at)
  }
  if (spec.blockForks.dao !== undefined) config.daoForkSupport = spec.daoForkSupport
  for (const fork of TIME_FORKS) {
    const at = spec.timeForks[fork]
    if (at !== undefined) config[`${fork}Time`] = numberOrText(at)
  }
  if (spec.terminalTotalDifficulty !== undefined)
    config.terminalTotalDifficulty = numberOrText(spec.terminalTotalDifficulty)
  if (spec.depositContract !== undefined) config.depositContractAddress = bytesToHex(spec.depositContract)
  if (spec.consensus === 'ethash') config.ethash = {}
  if (spec.clique !== undefined)
    config.clique = {
      period: numberOrText(spec.clique.periodSeconds),
      epoch: numberOrText(spec.clique.epochBlocks),
    }
  const blobs = Object.entries(spec.blobSchedule).map(([fork, { target, max, baseFeeUpdateFraction }]) => [
    fork,
    { target, max, baseFeeUpdateFraction: numberOrText(baseFeeUpdateFraction) },
  ])
  if (blobs.length > 0) config.blobSchedule = Object.fromEntries(blobs)
  return config
}

/** A JSON number where it keeps every digit. */
const numberOrText = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()
