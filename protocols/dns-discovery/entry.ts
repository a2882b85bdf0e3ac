/** Node lists in DNS (EIP-1459): what stands in their TXT records. */
import { decodeBase32, encodeBase32 } from '../base32.ts'
import { decodeBase64Url, encodeBase64Url } from '../base64url.ts'
import { bytesEqual } from '../bytes.ts'
import type { Identities } from '../enr/identity.ts'
import { formatNode, type Node, nodeOfRecord } from '../enr/node.ts'
import type { RecordError } from '../enr/record.ts'
import { parseRecord, RECORD_PREFIX, type RecordTextError } from '../enr/text.ts'
import { HOSTNAME_MAX, isHostname } from '../ip/hostname.ts'
import { keccak256 } from '../keccak256.ts'
import type { Result } from '../result.ts'
import { err, ok, unreachable } from '../result.ts'
import { COMPRESSED_KEY_BYTES, SIGNATURE_BYTES } from '../secp256k1/backend.ts'

const ROOT_PREFIX = 'enrtree-root:v1'
const BRANCH_PREFIX = 'enrtree-branch:'
export const LINK_PREFIX = 'enrtree://'
/** Bytes of an entry's hash that name it, as written. */
const NAME_BYTES = 16
/** Bytes of a hash that names found in lists may have. */
const NAME_BYTES_MIN = 12
const NAME_BYTES_MAX = 32
/** Characters of the longest such name, and the dot behind it. */
const NAME_CHARACTERS_MAX = 53
/** Data of a TXT record (RFC 1035, section 3.2.1). */
const TEXT_MAX = 65_535
const SEQ_MAX = 2n ** 64n - 1n

/** Where a tree stands, and whose signature its root has. */
export type TreeLink = {
  readonly publicKey: Uint8Array // 64
  readonly domain: string
}

export type TreeRoot = {
  /** Name of the entry above all records. */
  readonly nodes: string
  /** Name of the entry above all links to other trees. */
  readonly links: string
  /** Grows with each change of the tree. */
  readonly seq: bigint
}

export type TreeEntry =
  | { readonly kind: 'branch'; readonly children: readonly string[] }
  | { readonly kind: 'link'; readonly link: TreeLink }
  | { readonly kind: 'node'; readonly node: Node }

export type TreeError =
  /** No TXT record there is of a tree. */
  | { readonly code: 'TREE_ROOT_MISSING' | 'TREE_ENTRY_MISSING' }
  | { readonly code: 'TREE_TOO_LARGE'; readonly characters: number }
  | { readonly code: 'TREE_ROOT_SYNTAX' | 'TREE_ROOT_SIGNATURE' }
  /** Of a root or a branch: no base32 of 12 to 32 bytes. */
  | { readonly code: 'TREE_NAME'; readonly name: string }
  | { readonly code: 'TREE_LINK_PREFIX' | 'TREE_LINK_KEY' }
  | { readonly code: 'TREE_LINK_DOMAIN'; readonly domain: string }
  | { readonly code: 'TREE_RECORD'; readonly cause: RecordError | RecordTextError }
  /** The text does not have the hash by which it is named. */
  | { readonly code: 'TREE_HASH' }

/** `enrtree://<key in base32>@<domain>` */
export function parseTreeLink(text: string, identities: Pick<Identities, 'decompress'>): Result<TreeLink, TreeError> {
  if (!text.startsWith(LINK_PREFIX)) return err({ code: 'TREE_LINK_PREFIX' })
  const at = text.indexOf('@')
  if (at < 0) return err({ code: 'TREE_LINK_KEY' })
  const compressed = decodeBase32(text.slice(LINK_PREFIX.length, at))
  if (!compressed.ok || compressed.value.length !== COMPRESSED_KEY_BYTES) return err({ code: 'TREE_LINK_KEY' })
  const publicKey = identities.decompress(compressed.value)
  if (publicKey === undefined) return err({ code: 'TREE_LINK_KEY' })
  const domain = text.slice(at + 1)
  if (!isHostname(domain) || domain.length + NAME_CHARACTERS_MAX > HOSTNAME_MAX)
    return err({ code: 'TREE_LINK_DOMAIN', domain: domain.slice(0, HOSTNAME_MAX) })
  return ok({ publicKey, domain })
}

export const formatTreeLink = ({ publicKey, domain }: TreeLink, identities: Pick<Identities, 'compress'>): string =>
  `${LINK_PREFIX}${encodeBase32(identities.compress(publicKey))}@${domain}`

/** The root among the TXT records at a tree's domain, signed by who is linked to. Each text is joined from its pieces. */
export function readRoot(
  texts: readonly string[],
  link: TreeLink,
  identities: Pick<Identities, 'verify'>,
): Result<TreeRoot, TreeError> {
  const text = texts.find((one) => one.startsWith(ROOT_PREFIX))
  if (text === undefined) return err({ code: 'TREE_ROOT_MISSING' })
  if (text.length > TEXT_MAX) return err({ code: 'TREE_TOO_LARGE', characters: text.length })
  const parts = /^(enrtree-root:v1 e=(\S+) l=(\S+) seq=(0|[1-9]\d{0,19})) sig=(\S+)$/.exec(text)
  if (parts === null) return err({ code: 'TREE_ROOT_SYNTAX' })
  const [, signed, nodes, links, number, written] = parts as unknown as readonly string[]
  for (const name of [nodes!, links!]) if (!isName(name)) return badName(name)
  const seq = BigInt(number!)
  if (seq > SEQ_MAX) return err({ code: 'TREE_ROOT_SYNTAX' })
  const signature = decodeBase64Url(written!)
  if (!signature.ok || signature.value.length !== SIGNATURE_BYTES) return err({ code: 'TREE_ROOT_SIGNATURE' })
  if (!identities.verify(hashOf(signed!), signature.value, link.publicKey)) return err({ code: 'TREE_ROOT_SIGNATURE' })
  return ok({ nodes: nodes!, links: links!, seq })
}

/** The entry of the name `name` among the TXT records at `<name>.<domain>`: the first of a kind that trees have. */
export function readEntry(
  texts: readonly string[],
  name: string,
  identities: Identities,
): Result<TreeEntry, TreeError> {
  const text = texts.find((one) => [LINK_PREFIX, BRANCH_PREFIX, RECORD_PREFIX].some((prefix) => one.startsWith(prefix)))
  if (text === undefined) return err({ code: 'TREE_ENTRY_MISSING' })
  if (text.length > TEXT_MAX) return err({ code: 'TREE_TOO_LARGE', characters: text.length })
  const wanted = decodeBase32(name)
  if (!wanted.ok || !isName(name)) return badName(name)
  if (!bytesEqual(hashOf(text).subarray(0, wanted.value.length), wanted.value)) return err({ code: 'TREE_HASH' })
  return parseEntry(text, identities)
}

/** An entry by its text alone. */
export function parseEntry(text: string, identities: Identities): Result<TreeEntry, TreeError> {
  if (text.startsWith(LINK_PREFIX)) {
    const link = parseTreeLink(text, identities)
    return link.ok ? ok({ kind: 'link', link: link.value }) : link
  }
  if (text.startsWith(BRANCH_PREFIX)) {
    const list = text.slice(BRANCH_PREFIX.length)
    const children = list === '' ? [] : list.split(',')
    const bad = children.find((child) => !isName(child))
    return bad === undefined ? ok({ kind: 'branch', children }) : badName(bad)
  }
  if (!text.startsWith(RECORD_PREFIX)) return err({ code: 'TREE_ENTRY_MISSING' })
  const record = parseRecord(text)
  if (!record.ok) return err({ code: 'TREE_RECORD', cause: record.error })
  const node = nodeOfRecord(record.value, identities)
  return node.ok ? ok({ kind: 'node', node: node.value }) : err({ code: 'TREE_RECORD', cause: node.error })
}

export function formatEntry(entry: TreeEntry, identities: Pick<Identities, 'compress'>): string {
  switch (entry.kind) {
    case 'branch':
      return BRANCH_PREFIX + entry.children.join(',')
    case 'link':
      return formatTreeLink(entry.link, identities)
    case 'node':
      if (entry.node.record === undefined) throw new Error('a tree holds nodes with records only')
      return formatNode(entry.node)
    default:
      return unreachable(entry)
  }
}

/** @param sign of a hash of 32 bytes, 65 bytes */
export function formatRoot({ nodes, links, seq }: TreeRoot, sign: (hash: Uint8Array) => Uint8Array): string {
  const signed = `${ROOT_PREFIX} e=${nodes} l=${links} seq=${seq}`
  return `${signed} sig=${encodeBase64Url(sign(hashOf(signed)))}`
}

/** The name of an entry below its tree's domain: 26 characters. */
export const nameOf = (text: string): string => encodeBase32(hashOf(text).subarray(0, NAME_BYTES))

const hashOf = (text: string): Uint8Array => keccak256(new TextEncoder().encode(text))

function isName(text: string): boolean {
  if (text.length > NAME_CHARACTERS_MAX) return false
  const bytes = decodeBase32(text)
  return bytes.ok && bytes.value.length >= NAME_BYTES_MIN && bytes.value.length <= NAME_BYTES_MAX
}

const badName = (name: string): { readonly ok: false; readonly error: TreeError } =>
  err({ code: 'TREE_NAME', name: name.slice(0, NAME_CHARACTERS_MAX) })
