import type { MailboxView } from '../runtime/inspection.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE } from './command.ts'
import { renderMailboxTable } from './mailbox-table.ts'
import { askNode, attachOptions } from './running-node.ts'

export const command = defineCommand({
  name: 'mailboxes',
  summary: 'Show the mailboxes of a running node',
  usage: 'mailboxes [flags]',
  examples: ['troupe mailboxes', 'troupe mailboxes --mainnet', 'troupe mailboxes --attach ~/.troupe/troupe.ipc --json'],
  options: attachOptions,
  sections: ['storage', 'ipc'],
  async run(context) {
    const answers = await askNode(context, ['admin_mailboxes'])
    if (answers === undefined) return EXIT_FAILED
    const mailboxes = answers[0] as readonly MailboxView[]
    const text = context.options.json ? JSON.stringify(mailboxes, null, 2) : renderMailboxTable(mailboxes)
    context.write(`${text}\n`)
    return EXIT_FINE
  },
})
