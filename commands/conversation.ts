/** A person at the console of a node. */
import { type REPLServer, start } from 'node:repl'
import type { ConsoleGlobals } from './console-globals.ts'
import { completionsOf } from './console-names.ts'
import { showThrown, showValue } from './console-text.ts'

export type Teletype = {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  readonly isTerminal: boolean
  /** File of what was typed. */
  readonly history: string | undefined
}

/** Until the person ends it. */
export async function converse(
  globals: ConsoleGlobals,
  names: ReadonlyMap<string, readonly string[]>,
  { input, output, isTerminal, history }: Teletype,
): Promise<void> {
  const console = start({
    prompt: '> ',
    input,
    output,
    terminal: isTerminal,
    writer: (value) => (value instanceof Error ? showThrown(value) : showValue(value, isTerminal)),
    completer: (line: string) => completionsOf(line, names),
  })
  Object.assign(console.context, globals)
  const settled = awaitResults(console)
  if (isTerminal && history !== undefined) console.setupHistory(history, () => undefined)
  await new Promise<void>((resolve) => console.once('exit', resolve))
  // Lines of a pipe come all at once: the end does not overtake the answers.
  await settled()
}

/** A call is shown by its answer, not as a promise of one. @returns what waits for the answers that are due. */
function awaitResults(console: REPLServer): () => Promise<unknown> {
  const evaluate = console.eval
  const due = new Set<Promise<void>>()
  let isOver = false
  console.once('exit', () => {
    isOver = true
  })
  const awaiting: typeof evaluate = function (this: REPLServer, code, context, file, done) {
    const finish: typeof done = (error, value) => {
      try {
        done(error, value)
      } catch (thrown) {
        // What is shown after the end has no prompt behind it.
        if (!isOver) throw thrown
      }
    }
    evaluate.call(this, code, context, file, (error, result) => {
      if (error !== null || !(result instanceof Object) || typeof result.then !== 'function') return done(error, result)
      const shown: Promise<void> = Promise.resolve(result)
        .then(
          (value) => finish(null, value),
          (thrown) => finish(thrown, undefined),
        )
        .finally(() => due.delete(shown))
      due.add(shown)
    })
  }
  Object.defineProperty(console, 'eval', { value: awaiting })
  return () => Promise.allSettled(due)
}
