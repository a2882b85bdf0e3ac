/**
 * A trie whose root is a branch, taken apart below the root's nibbles and put together again, so that several owners can
 * work on it at once. What is stored is what one trie would store, whoever worked on it: an owner can be given other
 * nibbles at the next start. Keys have one length, at least a byte.
 */
import { bytesEqual } from '../../protocols/bytes.ts'
import { keccak256 } from '../../protocols/keccak256.ts'
import { err, ok, type Result } from '../../protocols/result.ts'
import { encodeRlpList, encodeRlpString, enterList, hasMore, nextItem, rlpReader } from '../../protocols/rlp.ts'
import { encodeHexPrefix } from './hex-prefix.ts'
import { BRANCH, HASH_BYTES, LEAF } from './node-arena.ts'
import { type DecodedNode, decodeFixedKeyNode } from './node-rlp.ts'
import { type ChangedNode, EMPTY_ROOT, type NodeReader } from './trie.ts'
import type { TrieError } from './trie-error.ts'

export const NIBBLES = 16

/**
 * The top of the part below one nibble; undefined: no key begins with it. `branch`: hash of a branch that is stored below
 * the root; `node`: any other, encoded, because where it is stored depends on the other parts.
 */
export type SubTop = { readonly branch: Uint8Array } | { readonly node: Uint8Array } | undefined
/** By nibble. */
export type SubTops = readonly SubTop[]

export const NO_TOPS: SubTops = Array.from({ length: NIBBLES }, () => undefined)

/** @param hash keccak256 of `encoded` */
export function subTop(encoded: Uint8Array | undefined, hash: Uint8Array): SubTop {
  if (encoded === undefined) return undefined
  return encoded.length >= HASH_BYTES && isBranch(encoded) ? { branch: hash } : { node: encoded }
}

/** Whether a reader finds a part's top at the path of its nibble. */
const isStored = (top: SubTop, isAlone: boolean): boolean =>
  top !== undefined && ('branch' in top || (!isAlone && top.node.length >= HASH_BYTES))

/** The root a trie opens with that holds only this part. */
export const rootOfPart = (top: SubTop): Uint8Array =>
  top === undefined ? EMPTY_ROOT : 'branch' in top ? top.branch : keccak256(top.node)

/** Takes a stored root apart. */
export function splitRoot(read: NodeReader, root: Uint8Array): Result<SubTops, TrieError> {
  if (bytesEqual(root, EMPTY_ROOT)) return ok(NO_TOPS)
  const top = load(read, new Uint8Array(0), root)
  if (!top.ok) return top
  const { encoded, node } = top.value
  const tops: SubTop[] = [...NO_TOPS]
  if (node.kind === BRANCH) {
    for (const [nibble, reference] of node.references.entries()) {
      const part = topAt(read, nibble, reference)
      if (!part.ok) return part
      tops[nibble] = part.value
    }
    return ok(tops)
  }
  const nibble = node.path[0]
  const key = node.path.subarray(1)
  if (nibble === undefined) return err(malformed(new Uint8Array(0), encoded))
  if (node.kind === LEAF || key.length > 0) tops[nibble] = { node: shortNode(key, node) }
  else {
    const part = topAt(read, nibble, node.reference)
    if (!part.ok) return part
    tops[nibble] = part.value
  }
  return ok(tops)
}

/** `node`: its encoding, which is stored at the empty path; undefined for an empty trie. */
export function joinRoot(tops: SubTops): { readonly root: Uint8Array; readonly node: Uint8Array | undefined } {
  const alone = lonePart(tops)
  if (alone === undefined && tops.every((top) => top === undefined)) return { root: EMPTY_ROOT, node: undefined }
  const node = alone === undefined ? branchOver(tops) : lengthened(alone, tops[alone])
  return { root: keccak256(node), node }
}

/** Nodes at the paths of single nibbles that the owners cannot know of: tops that are no branches referred to by hash. */
export function changedTops(before: SubTops, after: SubTops): ChangedNode[] {
  const changed: ChangedNode[] = []
  const wasAlone = lonePart(before) !== undefined
  const isAlone = lonePart(after) !== undefined
  for (let nibble = 0; nibble < NIBBLES; nibble++) {
    const top = after[nibble]
    const old = before[nibble]
    if (top !== undefined && 'branch' in top) continue
    const was = isStored(old, wasAlone)
    if (!isStored(top, isAlone)) {
      if (was) changed.push([Uint8Array.of(nibble), undefined])
    } else if (top !== undefined && !(was && isSame(top, old))) {
      changed.push([Uint8Array.of(nibble), top.node])
    }
  }
  return changed
}

const isSame = (top: { readonly node: Uint8Array }, old: SubTop): boolean =>
  old !== undefined && 'node' in old && bytesEqual(top.node, old.node)

/** The only occupied nibble, if there is exactly one. */
function lonePart(tops: SubTops): number | undefined {
  let alone: number | undefined
  for (let nibble = 0; nibble < NIBBLES; nibble++) {
    if (tops[nibble] === undefined) continue
    if (alone !== undefined) return undefined
    alone = nibble
  }
  return alone
}

/** The root over one part: its key begins a nibble earlier. */
function lengthened(nibble: number, top: SubTop): Uint8Array {
  const node = top !== undefined && 'node' in top ? decodeFixedKeyNode(top.node) : undefined
  if (node === undefined || node.kind === BRANCH)
    return encodeRlpList([compactKey(Uint8Array.of(nibble), false), referenceItem(referenceTo(top))])
  return shortNode(Uint8Array.of(nibble, ...node.path), node)
}

/** The leaf or extension with another key, one nibble a byte. */
const shortNode = (key: Uint8Array, node: Exclude<DecodedNode, { kind: typeof BRANCH }>): Uint8Array =>
  node.kind === LEAF
    ? encodeRlpList([compactKey(key, true), encodeRlpString(node.value)])
    : encodeRlpList([compactKey(key, false), referenceItem(node.reference)])

/** Header of a list of 256 to 65,535 bytes, and of one of 56 to 255. */
const LONG_LIST_HEADER = 0xf9
const MEDIUM_LIST_HEADER = 0xf8
const EMPTY_STRING = 0x80

/** Written by hand: every block ends with one. */
function branchOver(tops: SubTops): Uint8Array {
  const references = tops.map(referenceTo)
  let payload = 1
  for (const { length } of references) payload += length === 0 ? 1 : length === HASH_BYTES ? 1 + HASH_BYTES : length
  const headerBytes = payload > 255 ? 3 : payload > 55 ? 2 : 1
  const node = new Uint8Array(headerBytes + payload)
  node[0] = headerBytes === 3 ? LONG_LIST_HEADER : headerBytes === 2 ? MEDIUM_LIST_HEADER : 0xc0 + payload
  if (headerBytes === 3) node[1] = payload >> 8
  if (headerBytes > 1) node[headerBytes - 1] = payload
  let at = headerBytes
  for (const reference of references) {
    if (reference.length === 0) node[at++] = EMPTY_STRING
    else {
      if (reference.length === HASH_BYTES) node[at++] = EMPTY_STRING + HASH_BYTES
      node.set(reference, at)
      at += reference.length
    }
  }
  node[at] = EMPTY_STRING
  return node
}

function referenceTo(top: SubTop): Uint8Array {
  if (top === undefined) return new Uint8Array(0)
  if ('branch' in top) return top.branch
  return top.node.length < HASH_BYTES ? top.node : keccak256(top.node)
}

/** As it stands in its parent: an embedded node as it is. */
const referenceItem = (reference: Uint8Array): Uint8Array =>
  reference.length === 0 || reference.length === HASH_BYTES ? encodeRlpString(reference) : reference

const compactKey = (key: Uint8Array, isLeaf: boolean): Uint8Array => encodeRlpString(encodeHexPrefix(key, isLeaf))

/** Only counts: a short node has two items. */
function isBranch(encoded: Uint8Array): boolean {
  const reader = rlpReader(encoded)
  enterList(reader)
  return nextItem(reader) && nextItem(reader) && hasMore(reader)
}

function topAt(read: NodeReader, nibble: number, reference: Uint8Array | undefined): Result<SubTop, TrieError> {
  if (reference === undefined) return ok(undefined)
  if (reference.length < HASH_BYTES) return ok({ node: reference.slice() })
  const loaded = load(read, Uint8Array.of(nibble), reference)
  if (!loaded.ok) return loaded
  const { encoded, node } = loaded.value
  return ok(node.kind === BRANCH ? { branch: reference.slice() } : { node: encoded })
}

function load(read: NodeReader, path: Uint8Array, hash: Uint8Array) {
  const encoded = read(path)
  const refuse = (reason: TrieError['reason']) =>
    err<TrieError>({ code: 'MISSING_NODE', path, reference: hash.slice(), reason })
  if (encoded === undefined) return refuse('absent')
  if (!bytesEqual(keccak256(encoded), hash)) return refuse('mismatch')
  const node = decodeFixedKeyNode(encoded)
  return node === undefined ? refuse('malformed') : ok({ encoded, node })
}

const malformed = (path: Uint8Array, encoded: Uint8Array): TrieError => ({
  code: 'MISSING_NODE',
  path,
  reference: keccak256(encoded),
  reason: 'malformed',
})
