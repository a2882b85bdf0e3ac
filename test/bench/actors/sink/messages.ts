import type { Ask, Tell } from '../../../../runtime/messages.ts'

/** What is counted: about 100 bytes. */
export type Item = { readonly value: number; readonly pad: string }
export type Total = { readonly count: number; readonly sum: number; readonly padBytes: number }

/** An actor that counts what it is told and adds what it is asked. */
export type SinkMessages = {
  plain: Tell<Item>
  packed: Tell<Item>
  /** The total since the last time. */
  total: Ask<void, Total>
  add: Ask<{ readonly a: number; readonly b: number }, number>
}
