import { STOP_SIGNALS } from './stop-signals.ts'

/** Aborted by the first signal that ends a command. Disposed when the command no longer listens. */
export function interruption(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const onSignal = (): void => controller.abort()
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal)
    },
  }
}
