import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BASE_PROTOCOL_LENGTH } from '../../../protocols/devp2p/base-protocol.ts'
import {
  type Capability,
  ETH_66,
  ETH_67,
  ETH_68,
  ETH_69,
  matchCapabilities,
  ownerOfCode,
  SNAP_1,
  type SpokenCapability,
  wireCode,
} from '../../../protocols/devp2p/capability.ts'

const shown = (ours: readonly SpokenCapability[], theirs: readonly Capability[]): readonly string[] =>
  matchCapabilities(ours, theirs).map(
    ({ name, version, offset, length }) => `${name}/${version} ${hex(offset)}-${hex(offset + length - 1)}`,
  )
const hex = (value: number): string => `0x${value.toString(16)}`

describe('what runs, and its codes', () => {
  const OURS = [SNAP_1, ETH_69, ETH_68, ETH_67, ETH_66]

  test('eth before snap, whatever order they are named in', () => {
    expect(shown(OURS, [SNAP_1, ETH_68])).toEqual(['eth/68 0x10-0x20', 'snap/1 0x21-0x28'])
    expect(shown(OURS, [ETH_68, SNAP_1])).toEqual(['eth/68 0x10-0x20', 'snap/1 0x21-0x28'])
  })
  test('the highest version that both speak', () => {
    expect(shown(OURS, [ETH_66, ETH_69, ETH_67, SNAP_1])).toEqual(['eth/69 0x10-0x21', 'snap/1 0x22-0x29'])
    expect(shown([ETH_66, ETH_67], [ETH_69, ETH_67, ETH_66])).toEqual(['eth/67 0x10-0x20'])
    expect(shown(OURS, [{ name: 'eth', version: 70 }, ETH_68])).toEqual(['eth/68 0x10-0x20'])
  })
  test('what only one of them speaks takes no codes', () => {
    const theirs = [{ name: 'bzz', version: 1 }, { name: 'eth', version: 65 }, SNAP_1, { name: 'Snap', version: 1 }]
    expect(shown(OURS, theirs)).toEqual(['snap/1 0x10-0x17'])
    expect(shown(OURS, [])).toEqual([])
    expect(shown([], [ETH_68])).toEqual([])
  })
  test('a capability that is named twice runs once', () => {
    expect(shown(OURS, [ETH_68, ETH_68, SNAP_1, SNAP_1])).toEqual(['eth/68 0x10-0x20', 'snap/1 0x21-0x28'])
  })
})

const NAMES = ['a', 'eth', 'les', 'snap', 'zzz']
const spoken = fc.uniqueArray(
  fc.record({ name: fc.constantFrom(...NAMES), version: fc.nat(4), length: fc.integer({ min: 1, max: 30 }) }),
  { selector: ({ name, version }) => `${name}/${version}`, maxLength: 10 },
)
const named = fc.array(fc.record({ name: fc.constantFrom(...NAMES), version: fc.nat(4) }), { maxLength: 12 })

/** As geth's matchProtocols goes about it: in order, giving back the codes of a lower version of the same name. */
function asGeth(ours: readonly SpokenCapability[], theirs: readonly Capability[]) {
  const sorted = [...theirs].sort((a, b) => (a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1))
  const running = new Map<string, SpokenCapability & { offset: number }>()
  let offset = 16
  for (const { name, version } of sorted) {
    const own = ours.find((one) => one.name === name && one.version === version)
    if (own === undefined) continue
    offset -= running.get(name)?.length ?? 0
    running.set(name, { ...own, offset })
    offset += own.length
  }
  return [...running.values()]
}

test('any two lists match as in geth', () => {
  fc.assert(
    fc.property(spoken, named, (ours, theirs) => {
      expect(matchCapabilities(ours, theirs)).toEqual(asGeth(ours, theirs))
    }),
    { numRuns: 1_000 },
  )
})

test('every code has one owner, there and back', () => {
  fc.assert(
    fc.property(spoken, named, fc.nat(250), (ours, theirs, code) => {
      const running = matchCapabilities(ours, theirs)
      const end = running.reduce((sum, { length }) => sum + length, BASE_PROTOCOL_LENGTH)
      const owner = ownerOfCode(running, code)
      if (code >= end) {
        expect(owner).toEqual({ ok: false, error: { code: 'CODE_UNASSIGNED', messageCode: code } })
        return
      }
      if (!owner.ok) throw new Error(owner.error.code)
      if (code < BASE_PROTOCOL_LENGTH) {
        expect(owner.value).toEqual({ of: 'base', code })
        return
      }
      if (owner.value.of === 'base') throw new Error(`${code} is of a capability`)
      expect(wireCode(owner.value.capability, owner.value.code)).toEqual({ ok: true, value: code })
    }),
    { numRuns: 1_000 },
  )
})

test('a code that is not of the capability is not sent', () => {
  const [eth] = matchCapabilities([ETH_68], [ETH_68])
  for (const code of [17, 1000, -1])
    expect(wireCode(eth!, code)).toEqual({ ok: false, error: { code: 'CODE_RANGE', messageCode: code, length: 17 } })
})
