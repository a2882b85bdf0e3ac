import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../protocols/bytes.ts'
import { keccak256Stream } from '../../../protocols/keccak256.ts'
import { encodeRlpString, uintToBytes } from '../../../protocols/rlp.ts'
import { FRAME_BYTES_MAX, type Frame, frameReader, frameWriter } from '../../../protocols/rlpx/frame.ts'
import { frameMac } from '../../../protocols/rlpx/frame-mac.ts'
import { realCiphers } from '../../../runtime/real/ciphers.ts'

const KEY = new Uint8Array(32).fill(5)
const ends = () =>
  [
    realCiphers.counterMode(KEY, new Uint8Array(16)),
    frameMac(keccak256Stream().update(KEY), realCiphers.block(KEY)),
  ] as const

function writeAll(frames: readonly (readonly [number, Uint8Array])[]): Uint8Array[] {
  const write = frameWriter(...ends())
  return frames.map(([code, payload]) => {
    const written = write(code, payload)
    if (!written.ok) throw new Error(written.error.code)
    return written.value
  })
}
/** What comes out when `wire` is fed in pieces of `step` bytes: frames, then the refusal, if there is one. */
function readAll(wire: Uint8Array, step: number, bytesMax?: number): readonly (Frame | string)[] {
  const reader = frameReader(...ends(), bytesMax)
  const seen: (Frame | string)[] = []
  for (let at = 0; at < wire.length; at += step) {
    reader.feed(wire.slice(at, at + step))
    for (;;) {
      const next = reader.next()
      if (!next.ok) return [...seen, next.error.code]
      if (next.value === undefined) break
      seen.push(next.value)
    }
  }
  return seen
}

const code = fc.oneof(
  fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x100, 2 ** 32 - 1),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
)
const payload = fc.uint8Array({ maxLength: 200 })

test('frames come back in their order, whatever the pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(code, payload), { maxLength: 6 }),
      fc.integer({ min: 1, max: 400 }),
      (frames, step) => {
        const wire = concatBytes(...writeAll(frames))
        expect(readAll(wire, step)).toEqual(frames.map(([of, bytes]) => ({ code: of, payload: bytes })))
      },
    ),
  )
})

test('a frame is as long as the specification says', () => {
  for (const length of [0, 14, 15, 16, 31, 1000]) {
    const [frame] = writeAll([[7, new Uint8Array(length)]])
    expect(frame).toHaveLength(32 + Math.ceil((length + 1) / 16) * 16 + 16)
  }
})

test('a long frame comes back out of small pieces', () => {
  const long = Uint8Array.from({ length: 700_001 }, (_, i) => i * 7)
  const [frame] = writeAll([[3, long]])
  for (const step of [1_000, 65_536, 1_000_000]) {
    const [got, ...more] = readAll(frame!, step) as readonly Frame[]
    expect(more).toEqual([])
    expect(Buffer.compare(got!.payload, long)).toBe(0)
  }
})

test('what is fed before the last frame was taken is not lost', () => {
  const frames = [1, 2, 3, 4].map((of) => [of, new Uint8Array(20 * of)] as const)
  const wire = concatBytes(...writeAll(frames))
  const reader = frameReader(...ends())
  reader.feed(wire.slice(0, 130))
  reader.feed(wire.slice(130, 131))
  expect(reader.next()).toMatchObject({ value: { code: 1 } })
  reader.feed(wire.slice(131))
  for (const of of [2, 3, 4]) expect(reader.next()).toMatchObject({ value: { code: of } })
  expect(reader.next()).toEqual({ ok: true, value: undefined })
})

describe('refuses', () => {
  const [first, second] = writeAll([
    [1, new Uint8Array(40)],
    [2, new Uint8Array(5)],
  ]) as [Uint8Array, Uint8Array]

  test('a bit changed anywhere, and says in which part', () => {
    for (let at = 0; at < first.length; at++) {
      const damaged = first.slice()
      damaged[at] = damaged[at]! ^ 1
      expect(readAll(damaged, 50)).toEqual([at < 32 ? 'FRAME_HEADER_MAC' : 'FRAME_BODY_MAC'])
    }
  })
  test('frames that were lost, repeated or reordered', () => {
    expect(readAll(second, 100)).toEqual(['FRAME_HEADER_MAC'])
    expect(readAll(concatBytes(first, first), 100)).toMatchObject([{ code: 1 }, 'FRAME_HEADER_MAC'])
    expect(readAll(concatBytes(second, first), 100)).toEqual(['FRAME_HEADER_MAC'])
  })
  test('for good', () => {
    const reader = frameReader(...ends())
    reader.feed(second)
    const refusal = reader.next()
    reader.feed(first)
    expect(reader.next()).toBe(refusal)
  })
  test('more than the limit of the moment, before the body has come', () => {
    expect(readAll(first.subarray(0, 32), 32, 41)).toEqual([])
    expect(readAll(first.subarray(0, 32), 32, 40)).toEqual(['FRAME_SIZE'])
    const reader = frameReader(...ends(), 41)
    reader.feed(concatBytes(first, second))
    expect(reader.next()).toMatchObject({ ok: true })
    reader.limit(5)
    expect(reader.next()).toEqual({ ok: false, error: { code: 'FRAME_SIZE', bytes: 6, bytesMax: 5 } })
  })
  test('to write more than 24 bits of size', () => {
    const write = frameWriter(...ends())
    const error = { code: 'FRAME_SIZE', bytes: FRAME_BYTES_MAX + 1, bytesMax: FRAME_BYTES_MAX }
    expect(write(1, new Uint8Array(FRAME_BYTES_MAX))).toEqual({ ok: false, error })
  })
  test.each([
    ['nothing', []],
    ['a zero byte', [0x00]],
    ['a list', [0xc0]],
    ['an integer with a zero in front', [0x82, 0x00, 0x80]],
    ['an integer that is longer than it needs to be', [0x81, 0x05]],
    ['an integer that is cut off', [0x82, 0x01]],
    ['an integer of more than 32 bits', [0x85, 1, 2, 3, 4, 5]],
  ])('a body that begins with %s instead of a code', (_name, body) => {
    expect(readAll(rawFrame(Uint8Array.from(body)), 64)).toEqual(['FRAME_CODE'])
  })
  test('no code that is well written', () => {
    for (const of of [0, 1, 0x7f, 0x80, 0x1234, 2 ** 32 - 1])
      expect(readAll(rawFrame(encodeRlpString(uintToBytes(BigInt(of)))), 64)).toEqual([
        { code: of, payload: new Uint8Array(0) },
      ])
  })
})

test('a header that announces 16 MiB takes no such memory', () => {
  const frame = rawFrame(new Uint8Array(FRAME_BYTES_MAX).fill(1))
  const header = frame.slice(0, 33)
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 64 }, () => {
    const reader = frameReader(...ends())
    reader.feed(header)
    expect(reader.next()).toEqual({ ok: true, value: undefined })
    return reader
  })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 300 * 1024)
  expect(readers).toHaveLength(64)
})

/** A frame of any body, made by hand as the specification tells it. */
function rawFrame(body: Uint8Array): Uint8Array {
  const [stream, mac] = ends()
  const header = new Uint8Array(16)
  header.set([body.length >>> 16, body.length >>> 8, body.length, 0xc2, 0x80, 0x80])
  const sealedHeader = stream.next(header)
  const headerMac = mac.header(sealedHeader).slice()
  const sealedBody = stream.next(concatBytes(body, new Uint8Array((16 - (body.length % 16)) % 16)))
  return concatBytes(sealedHeader, headerMac, sealedBody, mac.body(sealedBody))
}
