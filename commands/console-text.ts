import { inspect } from 'node:util'

export const showValue = (value: unknown, colors: boolean): string =>
  inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: 120, colors })

/** Errors of the console's own context are of another class. */
export function showThrown(thrown: unknown): string {
  const { name, message } = Object(thrown) as { name?: unknown; message?: unknown }
  return typeof message === 'string' ? `${typeof name === 'string' ? name : 'Error'}: ${message}` : String(thrown)
}
