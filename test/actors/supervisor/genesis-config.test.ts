import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { genesisConfig } from '../../../actors/supervisor/genesis-config.ts'
import { parseGenesisJson, parseGenesisText } from '../../../protocols/chain-spec/genesis-json.ts'
import { NETWORKS } from '../../../protocols/chain-spec/networks.ts'
import { sharedPath, testShared } from '../../shared-data.ts'

const ETHTEST = ['data', 'ethtest', 'genesis.json'] as const

testShared('what a genesis file says comes back', ETHTEST, () => {
  const text = readFileSync(sharedPath(...ETHTEST), 'utf8')
  const spec = parseGenesisText(text)
  if (!spec.ok) throw new Error(spec.error.code)
  const { config } = JSON.parse(text)
  // geth writes what it knows by default too, and this key, which nothing reads any more.
  delete config.terminalTotalDifficultyPassed
  expect(genesisConfig(spec.value)).toMatchObject(
    Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && typeof value !== 'object')),
  )
})
describe('the config of a known network reads as the same network', () => {
  test.each(NETWORKS.map((spec) => [spec.name, spec] as const))('%s', (name, spec) => {
    const json = { config: genesisConfig(spec), difficulty: '0x1', gasLimit: '0x1388', alloc: {} }
    const read = parseGenesisJson(JSON.parse(JSON.stringify(json)), name)
    if (!read.ok) throw new Error(`${read.error.code} ${read.error.key}`)
    const { chainId, blockForks, timeForks, terminalTotalDifficulty, daoForkSupport, blobSchedule } = spec
    expect(read.value).toMatchObject({
      chainId,
      blockForks,
      timeForks,
      daoForkSupport,
      blobSchedule,
      ...(terminalTotalDifficulty === undefined ? {} : { terminalTotalDifficulty }),
    })
  })
})
