/** Blob parameters of the public networks (EIP-4844, EIP-7691, EIP-7892). */
import type { BlobParameters } from './chain-spec.ts'

export const CANCUN_BLOBS: BlobParameters = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n }
export const PRAGUE_BLOBS: BlobParameters = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n }
export const BPO1_BLOBS: BlobParameters = { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193n }
export const BPO2_BLOBS: BlobParameters = { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671n }
