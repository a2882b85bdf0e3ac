import { columns } from '../runtime/columns.ts'
import { EXIT_FINE, type PlainCommand } from './command.ts'
import { COMMANDS } from './command-table.ts'
import { dispatch } from './dispatch.ts'

export const command: PlainCommand = {
  name: 'help',
  summary: 'Explain a command',
  usage: 'help [COMMAND]',
  examples: ['troupe help', 'troupe help start'],
  plain: true,
  async run(terminal, [name]) {
    if (name !== undefined) return dispatch([name, '--help'], terminal)
    terminal.write(
      `troupe: an Ethereum execution node whose subsystems are actors\n\n` +
        `Usage\n  troupe [COMMAND] [flags]\n\nCommands\n` +
        columns(COMMANDS.map(({ name, summary }) => [name, summary])) +
        `\n\`troupe COMMAND --help\` lists the flags of a command. Settings come from node.config.json, from the\n` +
        `environment (--http.port is TROUPE_HTTP_PORT) and from flags; the later of these wins.\n`,
    )
    return EXIT_FINE
  },
}
