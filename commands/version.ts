import { EXIT_FINE, type PlainCommand } from './command.ts'
import { packageVersion } from './package-root.ts'

export const command: PlainCommand = {
  name: 'version',
  summary: 'Print the version',
  usage: 'version',
  examples: ['troupe version', 'troupe --version'],
  plain: true,
  async run({ write }) {
    write(
      `Troupe\nVersion: ${packageVersion()}\nArchitecture: ${process.arch}\n` +
        `Node.js: ${process.version}\nOperating System: ${process.platform}\n`,
    )
    return EXIT_FINE
  },
}
