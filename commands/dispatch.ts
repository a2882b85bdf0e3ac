/** From a command line to a command: finds it, validates the configuration for it, and runs it. */
import type { Option, OptionTree } from '../runtime/config.ts'
import { nearest } from '../runtime/nearest.ts'
import { type Command, EXIT_FAILED, EXIT_FINE, EXIT_USAGE, type PlainCommand, type Terminal } from './command.ts'
import { COMMANDS } from './command-table.ts'

/** Told before a command runs: whether the launcher shall start it again after an abort. */
export type OnRun = (restart: boolean) => void

/** @returns the exit code: 0 fine, 1 failed, 2 bad usage or configuration */
export async function dispatch(argv: readonly string[], terminal: Terminal, onRun: OnRun = () => {}): Promise<number> {
  const wantsHelp = beforeDashes(argv).some((argument) => argument === '--help' || argument === '-h')
  const first = argv[0]
  if (first === '--version' || first === '-V') return plain('version', [], terminal)
  const name =
    first !== undefined && !first.startsWith('-') ? first : wantsHelp ? 'help' : await commandBehindFlags(argv)
  if (!COMMANDS.some((command) => command.name === name)) {
    const suggestion = nearest(
      name,
      COMMANDS.map((command) => command.name),
    )
    terminal.complain(`troupe: unknown command ${JSON.stringify(name)}`)
    terminal.complain(
      `${suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`}\n\`troupe help\` lists them.\n`,
    )
    return EXIT_USAGE
  }
  const command = await load(name)
  if (command === undefined) {
    terminal.complain(`troupe ${name}: not part of this build yet\n`)
    return EXIT_FAILED
  }
  if (wantsHelp && !(name === 'help' && first !== 'help')) {
    terminal.write(await helpOf(command))
    return EXIT_FINE
  }
  if ('plain' in command) {
    const flag = argv.find((argument) => argument.startsWith('-'))
    if (flag === undefined || wantsHelp) return command.run(terminal, wantsHelp ? [] : argv.slice(1))
    terminal.complain(`troupe ${name}: ${flag}: unknown flag\n`)
    return EXIT_USAGE
  }
  return configured(command, name, argv, terminal, onRun)
}

async function configured(
  command: Command,
  name: string,
  argv: readonly string[],
  terminal: Terminal,
  onRun: OnRun,
): Promise<number> {
  const { formatConfigError } = await import('../runtime/config.ts')
  const { findConfigFile } = await import('./config-file.ts')
  const schema = await schemaFor(command)
  const parsed = schema.parse(argv, terminal.env, (given) =>
    findConfigFile(given('config') as string | undefined, terminal.workingDirectory),
  )
  if (!parsed.ok) {
    for (const error of parsed.error) terminal.complain(`troupe ${name}: ${formatConfigError(error)}\n`)
    return EXIT_USAGE
  }
  const { config, positionals, origins } = parsed.value
  const args = positionals[0] === name ? positionals.slice(1) : positionals
  const { min, max } = command.arguments ?? { min: 0, max: 0 }
  if (args.length < min || args.length > max) {
    const fault = args.length < min ? 'an argument is missing' : `unexpected argument ${JSON.stringify(args[max])}`
    terminal.complain(`troupe ${name}: ${fault}\nusage: troupe ${command.usage}\n`)
    return EXIT_USAGE
  }
  const { command: options, ...settings } = config
  onRun(command.restartable === true && settings.runtime.restart)
  return command.run({ ...terminal, config: settings, options, arguments: args, origins })
}

/** `troupe --datadir x import file`: the first word that is no flag; `start` without one. */
async function commandBehindFlags(argv: readonly string[]): Promise<string> {
  const { nodeConfigSchema } = await import('./config-schema.ts')
  const parsed = nodeConfigSchema.parse(argv, {})
  return (parsed.ok ? parsed.value.positionals[0] : undefined) ?? 'start'
}

async function schemaFor(command: Command) {
  const { defineConfig } = await import('../runtime/config.ts')
  const { CONFIG_GROUPS, ENVIRONMENT_PREFIX, nodeConfigRules, nodeOptions } = await import('./config-schema.ts')
  return defineConfig({
    options: { ...nodeOptions, command: ownOptions(command.options) },
    environmentPrefix: ENVIRONMENT_PREFIX,
    groups: { ...CONFIG_GROUPS, command: `Options of ${command.name}` },
    rules: nodeConfigRules,
  })
}

const ownOptions = (options: OptionTree): OptionTree =>
  Object.fromEntries(
    Object.entries(options as { readonly [key: string]: Option<any> }).map(([key, own]) => [
      key,
      { ...own, flag: own.flag ?? key, flagOnly: true },
    ]),
  )

async function helpOf(command: Command | PlainCommand): Promise<string> {
  const examples = command.examples.map((example) => `  ${example}\n`).join('')
  const head = `${command.summary}\n\nUsage\n  troupe ${command.usage}\n\nExamples\n${examples}`
  if ('plain' in command) return head
  const schema = await schemaFor(command)
  const own = Object.keys(command.options).length > 0 ? `\n${schema.help(['command'])}` : ''
  const { nodeOptions } = await import('./config-schema.ts')
  return `${head}${own}\n${schema.help(command.sections ?? Object.keys(nodeOptions))}`
}

async function plain(name: string, args: readonly string[], terminal: Terminal): Promise<number> {
  const command = await load(name)
  if (command === undefined || !('plain' in command)) throw new Error(`${name} is no plain command`)
  return command.run(terminal, args)
}

/** `.ts` in the sources, `.js` in the build. */
const EXTENSION_LENGTH = 3

/** @returns undefined while the command's module does not exist */
async function load(name: string): Promise<Command | PlainCommand | undefined> {
  try {
    const module = new URL(`${name}${import.meta.url.slice(-EXTENSION_LENGTH)}`, import.meta.url)
    return (await import(module.href)).command
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`/${name}.`)) return undefined
    throw error
  }
}

const beforeDashes = (argv: readonly string[]): readonly string[] => {
  const end = argv.indexOf('--')
  return end < 0 ? argv : argv.slice(0, end)
}
