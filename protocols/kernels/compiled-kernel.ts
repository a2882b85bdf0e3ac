/**
 * Kernels are AssemblyScript (`*.as.ts`), which the launcher compiles into `dist/protocols/kernels/<name>.wasm.js`: a
 * module that exports the bytes of two builds, so that nothing has to be read from a disk and one import finds it from
 * sources and from compiled code alike.
 */

export type KernelName = 'keccak' | 'ethash' | 'snappy' | 'trie-node'
export type KernelBuild = 'simd' | 'plain'

type CompiledKernel = { readonly [build in KernelBuild]: Uint8Array }

const COMPILED = import.meta.url.endsWith('.js')
const FOLDER = new URL(COMPILED ? './' : '../../dist/protocols/kernels/', import.meta.url)

/** The builds that this machine can run, the fastest first: `plain` always, `simd` where the processor has it. */
export async function compiledKernel(name: KernelName): Promise<ReadonlyMap<KernelBuild, WebAssembly.Module>> {
  const compiled = (await import(/* @vite-ignore */ new URL(`${name}.wasm.js`, FOLDER).href)) as CompiledKernel
  const modules = new Map<KernelBuild, WebAssembly.Module>()
  for (const build of ['simd', 'plain'] as const)
    if (WebAssembly.validate(compiled[build])) modules.set(build, new WebAssembly.Module(compiled[build]))
  return modules
}

/** Opens the fastest build that passes its self-test. Throws when none does: nothing can be trusted then. */
export async function startKernel<K>(
  name: KernelName,
  open: (module: WebAssembly.Module) => K,
  passes: (kernel: K) => boolean,
): Promise<K> {
  for (const module of (await compiledKernel(name)).values()) {
    const kernel = open(module)
    if (passes(kernel)) return kernel
  }
  throw new Error(`no build of the ${name} kernel computes what it should on this machine`)
}
