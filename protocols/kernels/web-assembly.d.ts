/** The little of WebAssembly that kernels are loaded with; the types of Node 20 know nothing of it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports?: object)
    readonly exports: unknown
  }
  class Memory {
    private constructor()
    readonly buffer: ArrayBuffer
  }
  class Global {
    private constructor()
    readonly value: number
  }
  function validate(bytes: Uint8Array): boolean
}
