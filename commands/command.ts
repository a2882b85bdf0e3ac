/** What a command is: one file each, loaded only when it is called. */
import type { ConfigOf, OptionTree, Origin } from '../runtime/config.ts'
import type { NodeConfig } from './config-schema.ts'

export const EXIT_FINE = 0
export const EXIT_FAILED = 1
/** A bad command line or configuration. */
export const EXIT_USAGE = 2
/** The node asks its launcher to start it again (EX_TEMPFAIL of sysexits). */
export const EXIT_RESTART = 75

/** Where a command reads and writes: the process, or a test. */
export type Terminal = {
  /** Results, on stdout. */
  readonly write: (text: string) => void
  /** Complaints and progress, on stderr. */
  readonly complain: (text: string) => void
  readonly env: { readonly [name: string]: string | undefined }
  readonly workingDirectory: string
}

export type CommandContext<O extends OptionTree> = Terminal & {
  readonly config: NodeConfig
  /** The command's own options. */
  readonly options: ConfigOf<O>
  readonly arguments: readonly string[]
  /** Where settings that are no defaults came from, by path in the config. */
  readonly origins: ReadonlyMap<string, Origin>
}

export type Command<O extends OptionTree = OptionTree> = {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Behind `troupe`: `import [flags] FILE…`. */
  readonly usage: string
  /** Whole command lines. */
  readonly examples: readonly string[]
  /** How many arguments that are no flags. Default none. */
  readonly arguments?: { readonly min: number; readonly max: number }
  /** Options of this command only: flags, never keys of the file. Their names are their keys unless they say otherwise. */
  readonly options: O
  /** Sections of the configuration that the command's help lists. Default all. */
  readonly sections?: readonly string[]
  /** The launcher starts it again after an abort. */
  readonly restartable?: boolean
  /** @returns the exit code */
  run(context: CommandContext<O>): Promise<number>
}

export const defineCommand = <O extends OptionTree>(command: Command<O>): Command<O> => command

/** A command that runs without configuration: it starts at once and takes no flags but `--help`. */
export type PlainCommand = {
  readonly name: string
  readonly summary: string
  readonly usage: string
  readonly examples: readonly string[]
  readonly plain: true
  run(terminal: Terminal, args: readonly string[]): Promise<number>
}
