/** Networks known by name. */
import type { ChainSpec } from './chain-spec.ts'
import { DEV } from './dev.ts'
import { HOLESKY } from './holesky.ts'
import { HOODI } from './hoodi.ts'
import { MAINNET } from './mainnet.ts'
import { SEPOLIA } from './sepolia.ts'

export const NETWORKS: readonly ChainSpec[] = [MAINNET, SEPOLIA, HOLESKY, HOODI, DEV]

/** Undefined when there is no network of that name. */
export const networkNamed = (name: string): ChainSpec | undefined => NETWORKS.find((network) => network.name === name)
