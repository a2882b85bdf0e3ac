/** The record of this node, and the file that keeps it: its number must never go back, or the network believes the old one. */
import { ip4Entry, ip6Entry, portEntry } from '../../protocols/enr/entries.ts'
import type { Identities, NodeKey } from '../../protocols/enr/identity.ts'
import {
  changeRecord,
  decodeRecord,
  type NodeRecord,
  RECORD_BYTES_MAX,
  type RecordError,
  signRecord,
  verifyRecord,
} from '../../protocols/enr/record.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { IPV4_BYTES } from '../../protocols/ip/address.ts'
import type { Disk, DiskError } from '../../runtime/capabilities.ts'
import { err, ok, type Result } from '../../runtime/result.ts'

export type RecordFileError = DiskError | RecordError | { readonly code: 'RECORD_OF_ANOTHER' }

export type OwnEndpoint = { readonly ip: Uint8Array; readonly tcp: number; readonly udp: number }

/** Entries of an endpoint; a port of 0 stands for none, and the entry of the other family goes. */
export function endpointChanges({ ip, tcp, udp }: OwnEndpoint): Map<string, Uint8Array | undefined> {
  const isIpv4 = ip.length === IPV4_BYTES
  return new Map([
    ['ip', isIpv4 ? ip4Entry(ip).value : undefined],
    ['ip6', isIpv4 ? undefined : ip6Entry(ip).value],
    ['tcp', tcp === 0 ? undefined : portEntry('tcp', tcp).value],
    ['udp', udp === 0 ? undefined : portEntry('udp', udp).value],
  ])
}

/** The record of an endpoint: the stored one if it says the same, else its successor. @param now of the first one, as geth numbers it */
export function nextRecord(
  stored: NodeRecord | undefined,
  endpoint: OwnEndpoint,
  now: number,
  key: NodeKey,
  identities: Identities,
): Result<NodeRecord, RecordError> {
  const changes = endpointChanges(endpoint)
  if (stored !== undefined) return changeRecord(stored, changes, key, identities)
  const pairs = [...changes].flatMap(([name, value]) => (value === undefined ? [] : [{ key: name, value }]))
  return signRecord(BigInt(Math.floor(now)), pairs, key, identities)
}

/** Undefined where there is no file yet. */
export async function loadRecord(
  disk: Disk,
  path: string,
  publicKey: Uint8Array,
  identities: Identities,
): Promise<Result<NodeRecord | undefined, RecordFileError>> {
  const file = await disk.open(path, 'read')
  if (!file.ok) return file.error.code === 'DISK_NOT_FOUND' ? ok(undefined) : file
  try {
    const bytes = await file.value.read(0, RECORD_BYTES_MAX + 1)
    if (!bytes.ok) return bytes
    const record = decodeRecord(bytes.value)
    if (!record.ok) return record
    const owner = verifyRecord(record.value, identities)
    if (!owner.ok) return owner
    const isOurs = bytesToHex(owner.value.publicKey) === bytesToHex(publicKey)
    return isOurs ? record : err({ code: 'RECORD_OF_ANOTHER' })
  } finally {
    await file.value.close()
  }
}

/** In one step: a crash leaves the old file or the new one. */
export async function storeRecord(disk: Disk, path: string, record: NodeRecord): Promise<Result<void, DiskError>> {
  const temporary = `${path}.new`
  const file = await disk.open(temporary, 'create')
  if (!file.ok) return file
  try {
    for (const step of [
      () => file.value.truncate(0),
      () => file.value.write(0, record.encoded),
      () => file.value.sync(),
    ]) {
      const done = await step()
      if (!done.ok) return done
    }
  } finally {
    await file.value.close()
  }
  const renamed = await disk.rename(temporary, path)
  return renamed.ok ? disk.syncDirectory(path.slice(0, Math.max(1, path.lastIndexOf('/')))) : renamed
}
