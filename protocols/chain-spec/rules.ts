/** Which fork rules hold for a block. */
import type { BlobParameters, ChainSpec } from './chain-spec.ts'
import { blobParametersAt } from './chain-spec.ts'
import type { BlockFork, TimeFork } from './forks.ts'

/** One flag per fork: true from its activation on. */
export type Rules = {
  readonly [F in Exclude<BlockFork, 'mergeNetsplit'> | TimeFork]: boolean
} & {
  readonly chainId: bigint
  /** Proof of stake: no seal, no reward, PREVRANDAO (EIP-3675, EIP-4399). */
  readonly merge: boolean
  /** Undefined before Cancun. */
  readonly blob: BlobParameters | undefined
}

/**
 * Rules of the block `number` with `timestamp` (seconds). `merged` says whether the block is proof of stake; a header
 * says so by its difficulty of 0. Without it the config decides: terminal difficulty 0, the netsplit block, or Shanghai.
 */
export function rulesAt(spec: ChainSpec, number: bigint, timestamp: bigint, merged?: boolean): Rules {
  const { blockForks, timeForks } = spec
  const block = (fork: BlockFork): boolean => reached(blockForks[fork], number)
  const london = block('london')
  const merge = merged ?? isMergedByConfig(spec, number, timestamp)
  const time = (fork: TimeFork): boolean => merge && london && reached(timeForks[fork], timestamp)
  const cancun = time('cancun')
  return {
    chainId: spec.chainId,
    homestead: block('homestead'),
    dao: block('dao'),
    eip150: block('eip150'),
    eip155: block('eip155'),
    eip158: block('eip158'),
    byzantium: block('byzantium'),
    constantinople: block('constantinople'),
    petersburg: block('petersburg'),
    istanbul: block('istanbul'),
    muirGlacier: block('muirGlacier'),
    berlin: block('berlin'),
    london,
    arrowGlacier: block('arrowGlacier'),
    grayGlacier: block('grayGlacier'),
    merge,
    shanghai: time('shanghai'),
    cancun,
    prague: time('prague'),
    osaka: time('osaka'),
    bpo1: time('bpo1'),
    bpo2: time('bpo2'),
    bpo3: time('bpo3'),
    bpo4: time('bpo4'),
    bpo5: time('bpo5'),
    amsterdam: time('amsterdam'),
    bogota: time('bogota'),
    ubt: time('ubt'),
    blob: cancun ? blobParametersAt(spec, timestamp) : undefined,
  }
}

/** Whether the config alone places a block after the merge. */
export const isMergedByConfig = (spec: ChainSpec, number: bigint, timestamp: bigint): boolean =>
  spec.terminalTotalDifficulty === 0n ||
  reached(spec.blockForks.mergeNetsplit, number) ||
  (reached(spec.blockForks.london, number) && reached(spec.timeForks.shanghai, timestamp))

const reached = (at: bigint | undefined, now: bigint): boolean => at !== undefined && at <= now
