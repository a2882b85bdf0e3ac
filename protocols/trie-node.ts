/** The one place that says what encodes and hashes trie nodes: the WebAssembly kernel. */
import { startKernel } from './kernels/compiled-kernel.ts'
import type { TrieNodeKernel } from './kernels/trie-node-kernel.ts'
import { trieNodeKernel, trieNodeKernelPasses } from './kernels/trie-node-kernel.ts'

/** Compiled and tested once per thread, when this module is loaded. A batch is laid out and referred to synchronously. */
export const trieNodes: TrieNodeKernel = await startKernel('trie-node', trieNodeKernel, trieNodeKernelPasses)
