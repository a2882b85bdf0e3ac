/** Rewards of proof-of-work blocks (Yellow Paper 11.3; EIP-649, EIP-1234). */
import type { Rules } from '../chain-spec/rules.ts'
import type { Header } from '../header.ts'

export type Reward = {
  readonly address: Uint8Array // 20
  readonly amount: bigint // wei
}

const ETHER = 10n ** 18n
const OMMER_DEPTH = 8n
/** Share of the block reward that the block's miner gets per ommer: a 32nd. */
const NEPHEW_DIVISOR = 32n

/** Wei for a block without ommers. */
export function blockReward(rules: Pick<Rules, 'byzantium' | 'constantinople' | 'merge'>): bigint {
  if (rules.merge) return 0n
  if (rules.constantinople) return 2n * ETHER
  return rules.byzantium ? 3n * ETHER : 5n * ETHER
}

/**
 * What is credited at the end of a proof-of-work block, in this order: each ommer's beneficiary, then the block's.
 * Empty after the merge. Clique pays nothing and does not come here.
 */
export function rewards(
  rules: Pick<Rules, 'byzantium' | 'constantinople' | 'merge'>,
  header: Pick<Header, 'number' | 'beneficiary'>,
  ommers: readonly Pick<Header, 'number' | 'beneficiary'>[],
): readonly Reward[] {
  const reward = blockReward(rules)
  if (reward === 0n) return []
  return [
    ...ommers.map((ommer) => ({
      address: ommer.beneficiary,
      amount: ((ommer.number + OMMER_DEPTH - header.number) * reward) / OMMER_DEPTH,
    })),
    { address: header.beneficiary, amount: reward + BigInt(ommers.length) * (reward / NEPHEW_DIVISOR) },
  ]
}
