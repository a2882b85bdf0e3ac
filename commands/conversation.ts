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
  awaitResults(console)
  if (isTerminal && history !== undefined) console.setupHistory(history, () => undefined)
  await new Promise<void>((resolve) => console.once('exit', resolve))
}

/** A call is shown by its answer, not as a promise of one. */
function awaitResults(console: REPLServer): void {
  const evaluate = console.eval
  const awaiting: typeof evaluate = function (this: REPLServer, code, context, file, done) {
    evaluate.call(this, code, context, file, (error, result) => {
      if (error !== null || !(result instanceof Object) || typeof result.then !== 'function') return done(error, result)
      Promise.resolve(result).then(
        (value) => done(null, value),
        (thrown) => done(thrown, undefined),
      )
    })
  }
  Object.defineProperty(console, 'eval', { value: awaiting })
}
