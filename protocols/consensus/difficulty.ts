/** Proof-of-work difficulty (Yellow Paper 4.3.4; EIP-2, 100, 649, 1234, 2384, 3554, 4345, 5133). */
import type { Rules } from '../chain-spec/rules.ts'

export type DifficultyParent = {
  readonly difficulty: bigint
  readonly number: bigint
  readonly timestamp: bigint
  readonly hasOmmers: boolean
}

export const DIFFICULTY_MIN = 131_072n
const BOUND_DIVISOR = 2_048n
/** Frontier: seconds below which the difficulty rises. */
const DURATION_LIMIT = 13n
/** Blocks in which the bomb doubles. */
const BOMB_PERIOD = 100_000n
/** Lowest factor of EIP-2. */
const FACTOR_MIN = -99n

/** Difficulty of the child of `parent` at `timestamp` (seconds, later than the parent's), by the rules of the child. */
export function nextDifficulty(
  rules: Pick<Rules, DifficultyRule>,
  parent: DifficultyParent,
  timestamp: bigint,
): bigint {
  const step = parent.difficulty / BOUND_DIVISOR
  const elapsed = timestamp - parent.timestamp
  const number = parent.number + 1n
  if (rules.byzantium) {
    const factor = atLeast((parent.hasOmmers ? 2n : 1n) - elapsed / 9n, FACTOR_MIN)
    return (
      atLeast(parent.difficulty + step * factor, DIFFICULTY_MIN) + bomb(fakeNumber(parent.number, bombDelay(rules)))
    )
  }
  if (rules.homestead) {
    const factor = atLeast(1n - elapsed / 10n, FACTOR_MIN)
    return atLeast(parent.difficulty + step * factor, DIFFICULTY_MIN) + bomb(number)
  }
  const base = elapsed < DURATION_LIMIT ? parent.difficulty + step : parent.difficulty - step
  return atLeast(atLeast(base, DIFFICULTY_MIN) + bomb(number), DIFFICULTY_MIN)
}

type DifficultyRule =
  | 'homestead'
  | 'byzantium'
  | 'constantinople'
  | 'muirGlacier'
  | 'london'
  | 'arrowGlacier'
  | 'grayGlacier'

/** Blocks by which the bomb is put off, from Byzantium on. */
function bombDelay(rules: Pick<Rules, DifficultyRule>): bigint {
  if (rules.grayGlacier) return 11_400_000n // EIP-5133
  if (rules.arrowGlacier) return 10_700_000n // EIP-4345
  if (rules.london) return 9_700_000n // EIP-3554
  if (rules.muirGlacier) return 9_000_000n // EIP-2384
  if (rules.constantinople) return 5_000_000n // EIP-1234
  return 3_000_000n // EIP-649
}

/** The EIPs count from the child's number, hence the 1. */
const fakeNumber = (parentNumber: bigint, delay: bigint): bigint => atLeast(parentNumber - (delay - 1n), 0n)

function bomb(number: bigint): bigint {
  const period = number / BOMB_PERIOD
  return period > 1n ? 1n << (period - 2n) : 0n
}

const atLeast = (value: bigint, minimum: bigint): bigint => (value > minimum ? value : minimum)
