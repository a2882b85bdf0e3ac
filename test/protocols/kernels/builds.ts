/** Every build of a kernel that this machine runs: the fallback is tested as the first choice is. */
import type { KernelName } from '../../../protocols/kernels/compiled-kernel.ts'
import { compiledKernel } from '../../../protocols/kernels/compiled-kernel.ts'

export const buildsOf = async (name: KernelName): Promise<[string, WebAssembly.Module][]> => [
  ...(await compiledKernel(name)),
]
