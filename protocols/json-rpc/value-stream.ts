import { type ScanLimits, type ScanRefusal, valueScanner } from './value-scanner.ts'

/** Bytes first set aside for a value that comes in pieces; doubled as it grows, so one-byte pieces cost no more. */
const FIRST_BUFFER_BYTES = 4096

export type ValueStream = {
  /**
   * Takes the next piece of the stream, cut anywhere, and gives each value that ends in it to `value`, in order. The
   * bytes are the receiver's. `value` answering false ends the stream. After a refusal the stream is dead: all later
   * pieces are ignored.
   */
  push(piece: Uint8Array): ScanRefusal | undefined
  /** The peer has sent all: a bare literal without a delimiter behind it is a value too. */
  end(): void
  /** Bytes kept for the value at hand. */
  readonly pendingBytes: () => number
}

/** JSON values in a byte stream without delimiters, as geth's IPC carries them. Keeps at most twice `bytesMax`. */
export function valueStream(limits: ScanLimits, value: (bytes: Uint8Array) => boolean): ValueStream {
  const scanner = valueScanner(limits)
  let kept = new Uint8Array(0)
  let keptBytes = 0
  let dead = false

  function keep(bytes: Uint8Array): void {
    if (keptBytes + bytes.length > kept.length) {
      const wider = new Uint8Array(Math.max(FIRST_BUFFER_BYTES, kept.length * 2, keptBytes + bytes.length))
      wider.set(kept.subarray(0, keptBytes))
      kept = wider
    }
    kept.set(bytes, keptBytes)
    keptBytes += bytes.length
  }

  function give(last: Uint8Array): void {
    let whole: Uint8Array
    if (keptBytes === 0) whole = last.slice()
    else {
      keep(last)
      whole = kept.slice(0, keptBytes)
    }
    kept = new Uint8Array(0)
    keptBytes = 0
    if (!value(whole)) dead = true
  }

  return {
    push(piece) {
      let at = 0
      while (!dead && at < piece.length) {
        const step = scanner.scan(piece, at)
        switch (step.at) {
          case 'between':
            return undefined
          case 'inside':
            keep(piece.subarray(step.start))
            return undefined
          case 'end':
            give(piece.subarray(step.start, step.end))
            at = step.end
            break
          case 'refused':
            dead = true
            kept = new Uint8Array(0)
            keptBytes = 0
            return step.code
        }
      }
      return undefined
    },
    end() {
      if (!dead && keptBytes > 0 && scanner.endsAtEof()) give(new Uint8Array(0))
      dead = true
    },
    pendingBytes: () => kept.length,
  }
}
