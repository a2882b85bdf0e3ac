import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { option } from '../runtime/config.ts'
import type { MailboxView } from '../runtime/inspection.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE } from './command.ts'
import { renderMailboxTable } from './mailbox-table.ts'
import { askNode, attachOptions } from './running-node.ts'
import { STOP_SIGNALS } from './stop-signals.ts'

/** Of a terminal: cursor to the top left, and away with all below it (ECMA-48). */
const CLEAR = '\u001b[H\u001b[J'

export const command = defineCommand({
  name: 'mailboxes',
  summary: 'Show the mailboxes of a running node',
  usage: 'mailboxes [flags]',
  examples: [
    'troupe mailboxes',
    'troupe mailboxes --watch',
    'troupe mailboxes --mainnet --watch --every 5',
    'troupe mailboxes --attach ~/.troupe/troupe.ipc --json',
  ],
  options: {
    ...attachOptions,
    watch: option(z.boolean(), 'Show them again and again, until Ctrl-C; a JSON line each with --json', {
      default: false,
    }),
    every: option(z.number().min(0.1).max(3600), 'Seconds between two looks of --watch', { default: 1 }),
  },
  sections: ['storage', 'ipc'],
  async run(context) {
    const { json, watch, every } = context.options
    const stop = new AbortController()
    const onSignal = (): void => stop.abort()
    if (watch) for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
    try {
      const isTerminal = watch && !json && process.stdout.isTTY === true
      for (;;) {
        const answers = await askNode(context, ['admin_mailboxes'])
        if (answers === undefined) return EXIT_FAILED
        const mailboxes = answers[0] as readonly MailboxView[]
        const text = json ? JSON.stringify(mailboxes, null, watch ? 0 : 2) : renderMailboxTable(mailboxes)
        context.write(`${isTerminal ? CLEAR : ''}${text}\n${watch && !json && !isTerminal ? '\n' : ''}`)
        if (!watch || stop.signal.aborted) return EXIT_FINE
        await sleep(every * 1000, undefined, { signal: stop.signal }).catch(() => undefined)
        if (stop.signal.aborted) return EXIT_FINE
      }
    } finally {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal)
    }
  },
})
