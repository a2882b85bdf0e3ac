/**
 * Finds where a JSON value ends in bytes that may come in pieces cut anywhere. It looks at structure alone (quotes,
 * brackets, commas), keeps no bytes and never recurses; whether the value is well-formed is for the parser to say.
 */

export type ScanLimits = {
  /** Bytes of one value, leading whitespace excluded. */
  readonly bytesMax: number
  /** Arrays and objects inside each other. */
  readonly depthMax: number
  /** Values in arrays and objects at any depth: what a parser would have to allocate. */
  readonly valuesMax: number
}
export type ScanRefusal = 'TOO_LARGE' | 'TOO_DEEP' | 'TOO_MANY_VALUES'

/** `start` and `end` are indices in the piece just scanned; `start` is 0 when the value began in an earlier piece. */
export type ScanStep =
  | { readonly at: 'between' } // only whitespace so far
  | { readonly at: 'inside'; readonly start: number }
  | { readonly at: 'end'; readonly start: number; readonly end: number; readonly commas: number }
  | { readonly at: 'refused'; readonly code: ScanRefusal }

export type ValueScanner = {
  /** Scans `piece` from index `from`; after an `end` the next call begins a new value. */
  scan(piece: Uint8Array, from: number): ScanStep
  /** A bare literal such as `null` ends only where something follows: true when the input may end here. */
  readonly endsAtEof: () => boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
const isStructural = (byte: number): boolean =>
  byte === QUOTE ||
  byte === OPEN_BRACE ||
  byte === CLOSE_BRACE ||
  byte === OPEN_BRACKET ||
  byte === CLOSE_BRACKET ||
  byte === COMMA ||
  byte === COLON

type State = 'between' | 'literal' | 'string' | 'container'

export function valueScanner(limits: ScanLimits): ValueScanner {
  let state: State = 'between'
  let depth = 0
  let quoted = false
  let escaped = false
  let bytesBefore = 0 // of this value, in earlier pieces
  let values = 0
  let commas = 0 // of the outermost array or object

  function finish(start: number, end: number): ScanStep {
    const step: ScanStep =
      bytesBefore + end - start > limits.bytesMax
        ? { at: 'refused', code: 'TOO_LARGE' }
        : { at: 'end', start, end, commas }
    state = 'between'
    depth = bytesBefore = values = commas = 0
    quoted = escaped = false
    return step
  }

  function scan(piece: Uint8Array, from: number): ScanStep {
    let index = from
    if (state === 'between') {
      while (index < piece.length && isSpace(piece[index]!)) index++
      if (index === piece.length) return { at: 'between' }
    }
    const start = index
    for (; index < piece.length; index++) {
      const byte = piece[index]!
      if (quoted) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) {
          quoted = false
          if (state === 'string') return finish(start, index + 1)
        }
        continue
      }
      if (state === 'literal') {
        if (isSpace(byte) || isStructural(byte)) return finish(start, index)
        continue
      }
      switch (byte) {
        case QUOTE:
          quoted = true
          if (state === 'between') state = 'string'
          break
        case OPEN_BRACE:
        case OPEN_BRACKET:
          state = 'container'
          if (++depth > limits.depthMax) return { at: 'refused', code: 'TOO_DEEP' }
          if (++values > limits.valuesMax) return { at: 'refused', code: 'TOO_MANY_VALUES' }
          break
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          // Outside of any container this is a value that no parser takes.
          if (state === 'between' || --depth === 0) return finish(start, index + 1)
          break
        case COMMA:
          if (state === 'between') return finish(start, index + 1)
          if (depth === 1) commas++
          if (++values > limits.valuesMax) return { at: 'refused', code: 'TOO_MANY_VALUES' }
          break
        case COLON:
          if (state === 'between') return finish(start, index + 1)
          break
        default:
          if (state === 'between') state = 'literal'
      }
    }
    bytesBefore += index - start
    return bytesBefore > limits.bytesMax ? { at: 'refused', code: 'TOO_LARGE' } : { at: 'inside', start }
  }

  return { scan, endsAtEof: () => state === 'literal' }
}
