/** Capabilities of both ends, what runs of them, and which message codes it gets (devp2p rlpx.md, "Capability Messaging"). */
import type { Result } from '../result.ts'
import { err, ok } from '../result.ts'
import { BASE_PROTOCOL_LENGTH } from './base-protocol.ts'

export type Capability = { readonly name: string; readonly version: number }
/** One that we speak: `length` codes, from 0. */
export type SpokenCapability = Capability & { readonly length: number }
/** One that both ends speak; its codes are `[offset, offset + length)` on the connection. */
export type RunningCapability = SpokenCapability & { readonly offset: number }

/** ASCII characters. */
export const CAPABILITY_NAME_CHARACTERS_MAX = 8

/** Codes of each version (devp2p caps/eth.md, caps/snap.md; geth eth/protocols). */
export const ETH_66: SpokenCapability = { name: 'eth', version: 66, length: 17 }
export const ETH_67: SpokenCapability = { name: 'eth', version: 67, length: 17 }
export const ETH_68: SpokenCapability = { name: 'eth', version: 68, length: 17 }
/** With BlockRangeUpdate (EIP-7642). */
export const ETH_69: SpokenCapability = { name: 'eth', version: 69, length: 18 }
export const SNAP_1: SpokenCapability = { name: 'snap', version: 1, length: 8 }

/** By name bytewise, then by version: the order of a Hello and of the codes. */
export const compareCapabilities = (a: Capability, b: Capability): number =>
  a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1

/** The highest common version of each name, in the order of their codes. None: the peer is useless. */
export function matchCapabilities(
  ours: readonly SpokenCapability[],
  theirs: readonly Capability[],
): readonly RunningCapability[] {
  const highest = new Map<string, SpokenCapability>()
  for (const { name, version } of theirs) {
    const spoken = ours.find((own) => own.name === name && own.version === version)
    if (spoken !== undefined && version > (highest.get(name)?.version ?? -1)) highest.set(name, spoken)
  }
  let offset = BASE_PROTOCOL_LENGTH
  return [...highest.values()].sort(compareCapabilities).map((spoken) => {
    const running = { ...spoken, offset }
    offset += spoken.length
    return running
  })
}

export type CodeError =
  | { readonly code: 'CODE_UNASSIGNED'; readonly messageCode: number } // theirs, behind all that runs
  | { readonly code: 'CODE_RANGE'; readonly messageCode: number; readonly length: number } // ours, not of the capability

/** Whose a code of the connection is. @returns `code`: within the capability, or within the base protocol */
export type CodeOwner =
  | { readonly of: 'base'; readonly code: number }
  | { readonly of: 'capability'; readonly capability: RunningCapability; readonly code: number }

export function ownerOfCode(running: readonly RunningCapability[], code: number): Result<CodeOwner, CodeError> {
  if (code < BASE_PROTOCOL_LENGTH) return ok({ of: 'base', code })
  for (const capability of running) {
    const { offset, length } = capability
    if (code >= offset && code < offset + length) return ok({ of: 'capability', capability, code: code - offset })
  }
  return err({ code: 'CODE_UNASSIGNED', messageCode: code })
}

/** The connection's code of a capability's own. */
export const wireCode = ({ offset, length }: RunningCapability, code: number): Result<number, CodeError> =>
  code >= 0 && code < length ? ok(offset + code) : err({ code: 'CODE_RANGE', messageCode: code, length })
