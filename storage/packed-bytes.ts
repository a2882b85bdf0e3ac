/** Values one after the other in one buffer that crosses threads: written and read by the same program, so not checked. */

export type PackedWriter = {
  byte(value: number): void
  uint16(value: number): void
  uint32(value: number): void
  bytes(value: Uint8Array): void
  /** Room for an integer that is known later. @returns where `setUint32` puts it. */
  reserveUint32(): number
  setUint32(at: number, value: number): void
  /** @returns a buffer that holds nothing else. */
  finish(): Uint8Array<ArrayBuffer>
}

const BYTES_AT_FIRST = 4096

export function packedWriter(): PackedWriter {
  let packed = new Uint8Array(BYTES_AT_FIRST)
  let view = new DataView(packed.buffer)
  let at = 0

  /** @returns where the next `length` bytes go. */
  function advance(length: number): number {
    at += length
    if (at > packed.length) {
      const grown = new Uint8Array(Math.max(packed.length * 2, at))
      grown.set(packed.subarray(0, at - length))
      packed = grown
      view = new DataView(packed.buffer)
    }
    return at - length
  }

  return {
    byte(value) {
      const to = advance(1)
      packed[to] = value
    },
    uint16(value) {
      const to = advance(2)
      view.setUint16(to, value)
    },
    uint32(value) {
      const to = advance(4)
      view.setUint32(to, value)
    },
    bytes(value) {
      const to = advance(value.length)
      packed.set(value, to)
    },
    reserveUint32: () => advance(4),
    setUint32: (to, value) => view.setUint32(to, value),
    finish: () => packed.slice(0, at),
  }
}

export type PackedReader = {
  hasMore(): boolean
  byte(): number
  uint16(): number
  uint32(): number
  /** A view. */
  bytes(length: number): Uint8Array
}

export function packedReader(packed: Uint8Array): PackedReader {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  let at = 0
  return {
    hasMore: () => at < packed.length,
    byte: () => view.getUint8(at++),
    uint16() {
      at += 2
      return view.getUint16(at - 2)
    },
    uint32() {
      at += 4
      return view.getUint32(at - 4)
    },
    bytes(length) {
      at += length
      return packed.subarray(at - length, at)
    },
  }
}
