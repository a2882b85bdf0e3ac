/** All commands by name. A module exports `command`; it is imported when its command is called. */
export type CommandEntry = { readonly name: string; readonly summary: string }

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'start', summary: 'Run the node (what `troupe` does without a command)' },
  { name: 'init', summary: 'Write a genesis into a data directory' },
  { name: 'import', summary: 'Import blocks from era1 or RLP files' },
  { name: 'export', summary: 'Write the chain into an era1 or RLP file' },
  { name: 'db', summary: 'Check what is stored' },
  { name: 'attach', summary: 'Talk to a running node in JavaScript' },
  { name: 'actors', summary: 'Show the actors of a running node' },
  { name: 'mailboxes', summary: 'Show the mailboxes of a running node' },
  { name: 'dumpconfig', summary: 'Print the effective configuration' },
  { name: 'version', summary: 'Print the version' },
  { name: 'help', summary: 'Explain a command' },
]
