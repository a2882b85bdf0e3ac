/** The one place that says which implementation of secp256k1 runs: `secp256k1.backend` names it. */
import { type Backend, backendPasses, type Secp256k1, secp256k1Of } from './backend.ts'

/** The fastest first. */
const BACKENDS: readonly (() => Promise<Backend>)[] = [
  async () => (await import('./native.ts')).nativeBackend,
  async () => (await import('./wasm.ts')).wasmBackend,
  async () => (await import('./noble.ts')).nobleBackend,
]

/** The first that can be loaded here and passes its self-test. Throws when there is none. */
export async function firstThatWorks(backends: readonly (() => Promise<Backend>)[]): Promise<Secp256k1> {
  for (const load of backends) {
    try {
      const backend = await load()
      if (backendPasses(backend)) return secp256k1Of(backend)
    } catch {
      // No prebuild for this machine, or no WebAssembly: the next one may do.
    }
  }
  throw new Error('no implementation of secp256k1 computes what it should on this machine')
}

/** Chosen once per thread, when this module is loaded. */
export const secp256k1: Secp256k1 = await firstThatWorks(BACKENDS)
