import { writeSync } from 'node:fs'
import type { Log, LogLevel, LogValue } from '../capabilities.ts'

/** 0 silent, 1 error, 2 warn, 3 info, 4 debug, 5 trace: geth's `--verbosity`. */
export type Verbosity = 0 | 1 | 2 | 3 | 4 | 5
export type LogFormat = 'terminal' | 'logfmt' | 'json'
/** Takes finished lines, each with its line feed. Must not throw. */
export type LogSink = (line: string) => void
export type LogSettings = {
  readonly verbosity: Verbosity
  readonly format: LogFormat
  readonly colour: boolean
  readonly sink: LogSink
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** Characters of one value, and of the sentence, before they are cut. */
const VALUE_CHARACTERS_MAX = 512
/** Column of the first value: geth's `termMsgJust`. */
const SENTENCE_WIDTH = 40
/** Tries of one millisecond each while a non-blocking stderr is full; then the line is dropped and counted. */
const FULL_TRIES_MAX = 50
const STDERR = 2

const RANKS: { readonly [L in LogLevel]: Verbosity } = { error: 1, warn: 2, info: 3, debug: 4, trace: 5 }
const NAMES: { readonly [L in LogLevel]: string } = {
  error: 'ERROR',
  warn: 'WARN ',
  info: 'INFO ',
  debug: 'DEBUG',
  trace: 'TRACE',
}
const COLOURS: { readonly [L in LogLevel]: number } = { error: 31, warn: 33, info: 32, debug: 36, trace: 34 }

/** The log of one actor. Levels beyond the verbosity cost one comparison. */
export function actorLog(actor: string, settings: LogSettings): Log {
  const at =
    (level: LogLevel): Log[LogLevel] =>
    (event, values = {}) => {
      if (RANKS[level] <= settings.verbosity) settings.sink(formatLine(settings, level, actor, event, values))
    }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), trace: at('trace') }
}

/** Colour is for a person at a terminal: stderr is one, it is not dumb, and NO_COLOR (no-color.org) is not set. */
export function wantsColour(isTty: boolean, environment: { readonly [name: string]: string | undefined }): boolean {
  return isTty && environment.TERM !== 'dumb' && (environment.NO_COLOR ?? '') === ''
}

export function formatLine(
  { format, colour, now }: Pick<LogSettings, 'format' | 'colour' | 'now'>,
  level: LogLevel,
  actor: string,
  event: string,
  values: { readonly [key: string]: LogValue },
): string {
  const time = now()
  switch (format) {
    case 'json':
      return jsonLine(time, level, actor, event, values)
    case 'logfmt': {
      const head = `t=${new Date(time).toISOString()} lvl=${level} actor=${valueText(actor)} msg=${valueText(event)}`
      return `${head}${pairs(values, (key) => key)}\n`
    }
    case 'terminal': {
      const paint = (text: string): string => (colour ? `\u001b[${COLOURS[level]}m${text}\u001b[0m` : text)
      const tail = pairs(values, paint)
      const sentence = escaped(event)
      const padded = tail === '' ? sentence : sentence.padEnd(SENTENCE_WIDTH)
      return `${paint(NAMES[level])}[${localTime(time)}] ${escaped(actor)}  ${padded}${tail}\n`
    }
  }
}

/**
 * Writes to stderr at once, from any thread: a worker's `process.stderr` goes through the main thread, which may hang. A stderr
 * that is closed swallows lines; one that stays full loses them, and the loss is told when it takes lines again.
 */
export function stderrSink(write: (fd: number, bytes: Uint8Array) => number = writeSync): LogSink {
  const nap = new Int32Array(new SharedArrayBuffer(4))
  let closed = false
  let lost = 0
  let torn = false
  return (line) => {
    if (closed) return
    const notice = lost === 0 ? '' : `${torn ? '\n' : ''}${lost} log lines were lost, stderr was full\n`
    let rest: Uint8Array = Buffer.from(notice + line)
    const whole = rest.length
    for (let tries = 0; rest.length > 0; ) {
      try {
        rest = rest.subarray(write(STDERR, rest))
      } catch (error) {
        const full = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
        closed = !full
        if (closed) return
        if (++tries > FULL_TRIES_MAX) {
          lost++
          torn ||= rest.length < whole
          return
        }
        Atomics.wait(nap, 0, 0, 1)
      }
    }
    lost = 0
    torn = false
  }
}

function pairs(values: { readonly [key: string]: LogValue }, paint: (key: string) => string): string {
  let text = ''
  for (const [key, value] of Object.entries(values)) text += ` ${paint(keyText(key))}=${valueText(value)}`
  return text
}

const keyText = (key: string): string => key.replace(/[^\w.-]/g, '_')

function valueText(value: LogValue): string {
  if (typeof value !== 'string') return String(value)
  return /^[\x21\x23-\x3c\x3e-\x5b\x5d-\x7e]+$/.test(value) && value.length <= VALUE_CHARACTERS_MAX
    ? value
    : `"${escaped(value)}"`
}

/** Printable ASCII without bare quotes and backslashes: neither a terminal nor a reader of logs can be led astray by it. */
function escaped(text: string): string {
  const whole = text.length <= VALUE_CHARACTERS_MAX
  const kept = whole ? text : text.slice(0, VALUE_CHARACTERS_MAX)
  const safe = JSON.stringify(kept)
    .slice(1, -1)
    .replace(/[^\x20-\x7e]/g, unicodeEscape)
  return whole ? safe : `${safe}...`
}

const unicodeEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

function jsonLine(
  time: number,
  level: LogLevel,
  actor: string,
  event: string,
  values: { readonly [key: string]: LogValue },
): string {
  const line: { [key: string]: string | number | boolean | null } = Object.create(null)
  line.t = new Date(time).toISOString()
  line.lvl = level
  line.actor = actor
  line.msg = cut(event)
  for (const [key, value] of Object.entries(values)) line[key in line ? `${key}_` : key] = jsonValue(value)
  return `${JSON.stringify(line).replace(/[^\x20-\x7e]/g, unicodeEscape)}\n`
}

function jsonValue(value: LogValue): string | number | boolean | null {
  if (value === undefined) return null
  if (typeof value === 'string') return cut(value)
  // JSON knows neither big integers nor infinities; as text they keep their value.
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value)
  return value
}

const cut = (text: string): string =>
  text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX)}...`

/** `MM-DD|hh:mm:ss.mmm`, local, as geth writes it. */
function localTime(time: number): string {
  const at = new Date(time)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${day}|${clock}.${String(at.getMilliseconds()).padStart(3, '0')}`
}
