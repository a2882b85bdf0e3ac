/** What signals to a running node mean: the first stops it in order, the tenth at once. */

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
export const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** The launcher passes on what a terminal has sent to the node already: a second one of a kind within this time is that copy. */
const COPY_MS = 300
const SIGNALS_MAX = 10

export type SignalAction =
  | { readonly do: 'stop' }
  | { readonly do: 'nothing' }
  /** `left`: signals until the end at once. */
  | { readonly do: 'warn'; readonly left: number }
  | { readonly do: 'exit' }

/** @returns what to do at each signal. @param now milliseconds of any steady clock. */
export function signalCounter(now: () => number): (signal: StopSignal) => SignalAction {
  let count = 0
  let first: { readonly signal: StopSignal; readonly at: number } | undefined
  let isCopyDue = true
  return (signal) => {
    if (first === undefined) {
      first = { signal, at: now() }
      count = 1
      return { do: 'stop' }
    }
    if (isCopyDue && signal === first.signal && now() - first.at < COPY_MS) {
      isCopyDue = false
      return { do: 'nothing' }
    }
    count++
    return count >= SIGNALS_MAX ? { do: 'exit' } : { do: 'warn', left: SIGNALS_MAX - count }
  }
}
