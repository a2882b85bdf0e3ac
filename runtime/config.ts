/**
 * Layered configuration: defaults ← a JSON file ← the environment ← flags, in rising precedence. One tree of typed
 * options validates all of them, names the key at fault as its author wrote it, and describes itself.
 */
import * as z from 'zod'
import { columns } from './columns.ts'
import { nearest } from './nearest.ts'
import { err, ok, type Result } from './result.ts'

declare const VALUE: unique symbol

/** One setting. Its path in the tree is its key in the file. */
export type Option<T> = {
  readonly option: true
  readonly schema: z.ZodType
  readonly description: string
  readonly default: T | undefined
  /** Name without dashes; by default the path in lower case. The variable's name follows from it. */
  readonly flag: string | undefined
  /** Placeholder in the help, such as `FILE`. */
  readonly placeholder: string | undefined
  readonly group: string | undefined
  /** Works, but is not in the help. */
  readonly hidden: boolean
  /** Neither in the file nor in the environment: an option of one invocation. */
  readonly flagOnly: boolean
  /** Bare flags that set one value: `--nodiscover`. */
  readonly shortcuts: { readonly [flag: string]: { readonly value: T; readonly description: string } }
  readonly [VALUE]?: T
}
export type OptionTree = { readonly [key: string]: Option<any> | OptionTree }
/** The values of a tree. */
export type ConfigOf<T> = {
  readonly [K in keyof T]: T[K] extends { readonly option: true }
    ? T[K] extends Option<infer V>
      ? V
      : never
    : ConfigOf<T[K]>
}

export type OptionDetails<T> = {
  readonly flag?: string
  readonly placeholder?: string
  readonly group?: string
  readonly hidden?: boolean
  readonly flagOnly?: boolean
  readonly shortcuts?: { readonly [flag: string]: { readonly value: T; readonly description: string } }
}

/** Text of flags and variables is turned into what `schema` takes: numbers, booleans, `a,b` lists, `a=b,c=d` maps. */
export function option<S extends z.ZodType>(
  schema: S,
  description: string,
  details: OptionDetails<z.output<S>> & { readonly default: z.output<S> },
): Option<z.output<S>>
export function option<S extends z.ZodType>(
  schema: S,
  description: string,
  details?: OptionDetails<z.output<S>>,
): Option<z.output<S> | undefined>
export function option<S extends z.ZodType>(
  schema: S,
  description: string,
  details: OptionDetails<z.output<S>> & { readonly default?: z.output<S> } = {},
): Option<z.output<S> | undefined> {
  return {
    option: true,
    schema,
    description,
    default: details.default,
    flag: details.flag,
    placeholder: details.placeholder,
    group: details.group,
    hidden: details.hidden ?? false,
    flagOnly: details.flagOnly ?? false,
    shortcuts: details.shortcuts ?? {},
  }
}

export type ConfigSource = 'default' | 'file' | 'environment' | 'flag'
/** Where a value came from; `name` as its author wrote it: `--http.port`, `TROUPE_HTTP_PORT`, `node.config.json: http.port`. */
export type Origin = { readonly source: ConfigSource; readonly name: string }

export type ConfigError = {
  readonly code:
    | 'CONFIG_UNKNOWN' // no such key, flag or variable
    | 'CONFIG_INVALID' // a value that the option does not take
    | 'CONFIG_MISSING_VALUE'
    | 'CONFIG_CONFLICT' // two settings that exclude each other
    | 'CONFIG_FILE' // the file cannot be read, or is no JSON object
  readonly source: ConfigSource
  /** As its author wrote it. */
  readonly name: string
  readonly message: string
  readonly suggestion: string | undefined
}

/** One line that names the key at fault: `--http.port: expected a number`. */
export const formatConfigError = (error: ConfigError): string =>
  `${error.name}: ${error.message}${error.suggestion === undefined ? '' : ` (did you mean ${error.suggestion}?)`}`

export type ConfigFile = { readonly name: string; readonly json: unknown }
/** Finds the file once flags and environment are known; `given` answers what they say of an option's path. */
export type FindConfigFile = (given: (path: string) => unknown) => Result<ConfigFile | undefined, ConfigError>

export type Parsed<T extends OptionTree> = {
  readonly config: ConfigOf<T>
  /** What is not a flag, in order. */
  readonly positionals: readonly string[]
  /** By path; defaults are left out. */
  readonly origins: ReadonlyMap<string, Origin>
}
export type ConfigOptions<T extends OptionTree> = {
  readonly options: T
  /** Of environment variables, with its underscore; every variable with it must be known. */
  readonly environmentPrefix: string
  /** Help headings of the tree's first level; unlisted ones go under `Options`. */
  readonly groups?: { readonly [section: string]: string }
  /** What must hold between options: the path at fault, and why. */
  readonly rules?: (config: ConfigOf<T>) => readonly { readonly path: string; readonly message: string }[]
}
export type ConfigSchema<T extends OptionTree> = {
  /** `argv` without the program; all faults are answered at once, shadowed values' too. */
  parse(
    argv: readonly string[],
    env: { readonly [name: string]: string | undefined },
    file?: ConfigFile | FindConfigFile,
  ): Result<Parsed<T>, readonly ConfigError[]>
  /** The options by group. With `only`, of these top-level sections. */
  help(only?: readonly string[]): string
  jsonSchema(): { readonly [key: string]: unknown }
}

type Entry = {
  readonly path: string
  readonly option: Option<any>
  readonly flag: string
  readonly form: () => Form
}
type Form = 'text' | 'number' | 'boolean' | 'list' | 'map'
type FlagTarget = { readonly entry: Entry; readonly shortcut: { readonly value: unknown } | undefined }

export function defineConfig<T extends OptionTree>(schema: ConfigOptions<T>): ConfigSchema<T> {
  const entries = [...entriesOf(schema.options, '')]
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  const flags = new Map<string, FlagTarget>()
  const addFlag = (name: string, target: FlagTarget): void => {
    if (flags.has(name)) throw new Error(`two options claim --${name}`)
    flags.set(name, target)
  }
  for (const entry of entries) {
    addFlag(entry.flag, { entry, shortcut: undefined })
    for (const [name, shortcut] of Object.entries(entry.option.shortcuts)) addFlag(name, { entry, shortcut })
  }
  const variableOf = (flag: string): string => schema.environmentPrefix + flag.toUpperCase().replace(/[.-]/g, '_')
  const variables = new Map<string, FlagTarget>()
  for (const [name, target] of flags) if (!target.entry.option.flagOnly) variables.set(variableOf(name), target)

  return {
    parse(argv, env, file) {
      const errors: ConfigError[] = []
      const origins = new Map<string, Origin>()
      const values = new Map<string, unknown>()
      const layer = (source: ConfigSource) => {
        const own = new Map<string, { name: string; value: unknown }>()
        /** Sets one value of this layer; lists of repeated flags add up, different flags for one option exclude each other. */
        return (entry: Entry, name: string, raw: unknown): void => {
          const before = own.get(entry.path)
          const repeated = before !== undefined && before.name === name
          const input = repeated && Array.isArray(before.value) && Array.isArray(raw) ? [...before.value, ...raw] : raw
          const checked = entry.option.schema.safeParse(input)
          if (!checked.success) {
            const message = checked.error.issues.map(issueText).join('; ')
            errors.push({ code: 'CONFIG_INVALID', source, name, message, suggestion: undefined })
            return
          }
          if (before !== undefined && !repeated && JSON.stringify(before.value) !== JSON.stringify(input)) {
            const message = `contradicts ${before.name}`
            errors.push({ code: 'CONFIG_CONFLICT', source, name, message, suggestion: undefined })
            return
          }
          own.set(entry.path, { name, value: input })
          values.set(entry.path, checked.data)
          origins.set(entry.path, { source, name })
        }
      }
      /** Text of a flag or a variable; undefined text is a bare flag. */
      const setText = (
        set: ReturnType<typeof layer>,
        source: ConfigSource,
        { entry, shortcut }: FlagTarget,
        name: string,
        text: string,
      ): void => {
        const form = shortcut === undefined ? entry.form() : 'boolean'
        const value = valueOfText(form, text)
        if (!value.ok) {
          errors.push({ code: 'CONFIG_INVALID', source, name, message: value.error, suggestion: undefined })
        } else if (shortcut === undefined) set(entry, name, value.value)
        else if (value.value === true) set(entry, name, shortcut.value)
        else if (typeof shortcut.value === 'boolean') set(entry, name, !shortcut.value)
      }

      const readFlags = (): { readonly positionals: string[]; readonly apply: () => void } => {
        const positionals: string[] = []
        const found: { target: FlagTarget; name: string; text: string }[] = []
        for (let i = 0; i < argv.length; i++) {
          const argument = argv[i]!
          if (argument === '--') {
            positionals.push(...argv.slice(i + 1))
            break
          }
          if (!argument.startsWith('-') || argument === '-') {
            positionals.push(argument)
            continue
          }
          const equals = argument.indexOf('=')
          const written = (equals < 0 ? argument : argument.slice(0, equals)).replace(/^--?/, '')
          const name = `--${written}`
          const target = flags.get(written)
          if (target === undefined) {
            const near = nearest(
              written,
              [...flags.keys()].filter((flag) => !flags.get(flag)!.entry.option.hidden),
            )
            const suggestion = near && `--${near}`
            errors.push({ code: 'CONFIG_UNKNOWN', source: 'flag', name, message: 'unknown flag', suggestion })
            continue
          }
          if (equals >= 0) {
            found.push({ target, name, text: argument.slice(equals + 1) })
          } else if (target.shortcut !== undefined || target.entry.form() === 'boolean') {
            found.push({ target, name, text: 'true' })
          } else {
            const next = argv[i + 1]
            if (next === undefined || next.startsWith('--')) {
              const message = 'needs a value'
              errors.push({ code: 'CONFIG_MISSING_VALUE', source: 'flag', name, message, suggestion: undefined })
              continue
            }
            found.push({ target, name, text: next })
            i++
          }
        }
        return {
          positionals,
          apply: () => {
            const set = layer('flag')
            for (const { target, name, text } of found) setText(set, 'flag', target, name, text)
          },
        }
      }
      const applyEnvironment = (): void => {
        const set = layer('environment')
        for (const [name, text] of Object.entries(env)) {
          if (!name.startsWith(schema.environmentPrefix) || text === undefined) continue
          const target = variables.get(name)
          if (target !== undefined) setText(set, 'environment', target, name, text)
          else {
            const suggestion = nearest(name, [...variables.keys()])
            errors.push({
              code: 'CONFIG_UNKNOWN',
              source: 'environment',
              name,
              message: 'unknown variable',
              suggestion,
            })
          }
        }
      }

      const command = readFlags()
      applyEnvironment()
      command.apply()
      if (file !== undefined) {
        const above = new Map(values)
        const aboveOrigins = new Map(origins)
        const found = typeof file === 'function' ? file((path) => above.get(path)) : ok(file)
        if (!found.ok) errors.push(found.error)
        else if (found.value !== undefined) {
          applyFile(found.value, schema.options, byPath, layer('file'), errors)
          for (const [path, value] of above) values.set(path, value)
          for (const [path, origin] of aboveOrigins) origins.set(path, origin)
        }
      }
      if (errors.length > 0) return err(errors)
      const config = valuesOf(schema.options, '', values) as ConfigOf<T>
      for (const { path, message } of schema.rules?.(config) ?? []) {
        const origin = origins.get(path) ?? { source: 'default', name: `--${byPath.get(path)?.flag ?? path}` }
        errors.push({ code: 'CONFIG_CONFLICT', ...origin, message, suggestion: undefined })
      }
      return errors.length > 0 ? err(errors) : ok({ config, positionals: command.positionals, origins })
    },

    help: (only) => {
      const groups = new Map<string, [string, string][]>()
      for (const entry of entries) {
        if (entry.option.hidden) continue
        const section = entry.path.split('.')[0]!
        if (only !== undefined && !only.includes(section)) continue
        const heading = entry.option.group ?? schema.groups?.[section] ?? 'Options'
        const lines = groups.get(heading) ?? []
        groups.set(heading, lines)
        lines.push([usageOf(entry), descriptionOf(entry)])
        for (const [name, { description }] of Object.entries(entry.option.shortcuts))
          lines.push([`--${name}`, description])
      }
      return [...groups].map(([heading, lines]) => `${heading}\n${columns(lines)}`).join('\n')
    },

    jsonSchema: () => ({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...jsonSchemaOf(schema.options),
    }),
  }
}

function* entriesOf(tree: OptionTree, prefix: string): Generator<Entry> {
  for (const [key, node] of Object.entries(tree)) {
    const path = prefix + key
    if (!isOption(node)) {
      yield* entriesOf(node, `${path}.`)
      continue
    }
    let form: Form | undefined
    const entry: Entry = {
      path,
      option: node,
      flag: node.flag ?? path.toLowerCase(),
      form: () => {
        form ??= formOf(node.schema)
        return form
      },
    }
    yield entry
  }
}

const isOption = (node: Option<any> | OptionTree): node is Option<any> => node.option === true

function formOf(schema: z.ZodType): Form {
  switch (z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }).type) {
    case 'number':
    case 'integer':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'array':
      return 'list'
    case 'object':
      return 'map'
    default:
      return 'text'
  }
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$|^0x[0-9a-f]+$/i

function valueOfText(form: Form, text: string): Result<unknown, string> {
  switch (form) {
    case 'text':
      return ok(text)
    case 'number':
      return NUMBER.test(text.trim()) ? ok(Number(text)) : err('expected a number')
    case 'boolean': {
      const word = text.trim().toLowerCase()
      if (word === 'true' || word === '1') return ok(true)
      return word === 'false' || word === '0' ? ok(false) : err('expected true or false')
    }
    case 'list':
      return ok(items(text))
    case 'map': {
      const pairs = items(text).map((item) => item.split(/=(.*)/s))
      return pairs.every((pair) => pair.length > 1)
        ? ok(Object.fromEntries(pairs.map(([key, value]) => [key!.trim(), value!.trim()])))
        : err('expected name=value,name=value')
    }
  }
}

const items = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const issueText = (issue: z.core.$ZodIssue): string => {
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
  return issue.path.length === 0 ? message : `${issue.path.join('.')}: ${message}`
}

function applyFile(
  file: ConfigFile,
  tree: OptionTree,
  byPath: ReadonlyMap<string, Entry>,
  set: (entry: Entry, name: string, raw: unknown) => void,
  errors: ConfigError[],
): void {
  const refuse = (code: ConfigError['code'], path: string, message: string, suggestion?: string): void => {
    const name = path === '' ? file.name : `${file.name}: ${path}`
    errors.push({ code, source: 'file', name, message, suggestion })
  }
  const walk = (node: OptionTree, prefix: string, json: unknown): void => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      refuse(prefix === '' ? 'CONFIG_FILE' : 'CONFIG_INVALID', prefix.slice(0, -1), 'expected an object')
      return
    }
    for (const [key, value] of Object.entries(json)) {
      const path = prefix + key
      if (path === '$schema') continue
      const child = Object.hasOwn(node, key) ? node[key] : undefined
      if (child === undefined || (isOption(child) && child.flagOnly)) {
        const allowed = Object.keys(node).filter((name) => node[name]?.flagOnly !== true)
        const near = nearest(key, allowed)
        refuse('CONFIG_UNKNOWN', path, 'unknown key', near && prefix + near)
      } else if (isOption(child)) set(byPath.get(path)!, `${file.name}: ${path}`, value)
      else walk(child, `${path}.`, value)
    }
  }
  walk(tree, '', file.json)
}

function valuesOf(tree: OptionTree, prefix: string, values: ReadonlyMap<string, unknown>): unknown {
  return Object.fromEntries(
    Object.entries(tree).map(([key, node]) => {
      const path = prefix + key
      if (!isOption(node)) return [key, valuesOf(node, `${path}.`, values)]
      return [key, values.has(path) ? values.get(path) : node.default]
    }),
  )
}

function jsonSchemaOf(tree: OptionTree): { readonly [key: string]: unknown } {
  const properties = Object.entries(tree).flatMap(([key, node]) => {
    if (!isOption(node)) return [[key, jsonSchemaOf(node)]]
    if (node.flagOnly) return []
    const { $schema: _, ...type } = z.toJSONSchema(node.schema, { unrepresentable: 'any', io: 'input' })
    const fallback = node.default === undefined ? {} : { default: node.default }
    return [[key, { ...type, description: node.description, ...fallback }]]
  })
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false }
}

const FORM_PLACEHOLDERS: { readonly [F in Form]: string } = {
  text: ' VALUE',
  number: ' NUMBER',
  boolean: '',
  list: ' A,B',
  map: ' A=B,C=D',
}
const usageOf = (entry: Entry): string =>
  `--${entry.flag}${entry.option.placeholder === undefined ? FORM_PLACEHOLDERS[entry.form()] : ` ${entry.option.placeholder}`}`

const descriptionOf = ({ option }: Entry): string => {
  const { description, default: fallback } = option
  const shown = Array.isArray(fallback) ? fallback.join(',') : typeof fallback === 'object' ? '' : String(fallback)
  return fallback === undefined || fallback === false || shown === ''
    ? description
    : `${description} (default: ${shown})`
}
