import * as z from 'zod'
import { option } from '../runtime/config.ts'
import { defineCommand, EXIT_FINE } from './command.ts'
import { nodeConfigSchema } from './config-schema.ts'

export const command = defineCommand({
  name: 'dumpconfig',
  summary: 'Print the effective configuration',
  usage: 'dumpconfig [flags]',
  examples: ['troupe dumpconfig --sepolia --http > sepolia.json', 'troupe dumpconfig --schema'],
  options: { schema: option(z.boolean(), 'Print the JSON Schema of the configuration file', { default: false }) },
  async run({ config, options, write }) {
    const { config: _, ...settings } = config
    const { nodeKeyHex: __, ...p2p } = settings.p2p
    const shown = options.schema ? nodeConfigSchema.jsonSchema() : { ...settings, p2p }
    write(`${JSON.stringify(shown, null, 2)}\n`)
    return EXIT_FINE
  },
})
