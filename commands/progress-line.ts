/** How a long command goes: one line that is written over in a terminal, a line now and then elsewhere. */
export type ProgressLine = {
  show(text: string): void
  /** Before other lines, and at the end. */
  clear(): void
}

const TERMINAL_EVERY_MS = 100
const LOG_EVERY_MS = 8_000
/** Back to the beginning, and away with the rest of the line (ECMA-48). */
const CLEAR_LINE = '\r\u001b[K'

/** @param now milliseconds of any steady clock */
export function progressLine(write: (text: string) => void, isTerminal: boolean, now: () => number): ProgressLine {
  let shownAt = now()
  let isShown = false
  return {
    show(text) {
      if (now() - shownAt < (isTerminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS)) return
      shownAt = now()
      isShown = isTerminal
      write(isTerminal ? `${CLEAR_LINE}${text}` : `${text}\n`)
    },
    clear() {
      if (isShown) write(CLEAR_LINE)
      isShown = false
    },
  }
}
