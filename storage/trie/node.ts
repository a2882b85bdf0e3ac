/** A reference longer than any embedded node and exactly a hash. */
export const HASH_BYTES = 32
/** References of a branch: 16 places of 32 bytes, then the 16 lengths (0: empty slot, 32: hash, else an embedded node). */
export const BRANCH_LENGTHS_AT = 16 * HASH_BYTES
const BRANCH_REFERENCES_BYTES = BRANCH_LENGTHS_AT + 16

export const LEAF = 0
export const EXTENSION = 1
export const BRANCH = 2

type NodeState = {
  /** The reference that the parent holds is of this very node. */
  hashed: boolean
  /** Committed as it is, with all below it. */
  saved: boolean
  /** The store holds something at the path where this node stands. */
  stored: boolean
  /** Age at the last visit; never younger than the parent's. */
  used: number
}
export type Leaf = NodeState & { readonly kind: typeof LEAF; readonly key: Uint8Array; value: Uint8Array }
/** `child` null: not in memory, only `reference` is known. */
export type Extension = NodeState & {
  readonly kind: typeof EXTENSION
  readonly key: Uint8Array
  readonly reference: Uint8Array
  referenceLength: number
  child: Branch | null
}
/** A slot is empty when its length is 0 and its child null; a child that is null with a length is not in memory. */
export type Branch = NodeState & {
  readonly kind: typeof BRANCH
  readonly references: Uint8Array
  readonly children: (TrieNode | null)[]
  value: Uint8Array | undefined
}
export type TrieNode = Leaf | Extension | Branch

export const newLeaf = (key: Uint8Array, value: Uint8Array, stored: boolean, used: number): Leaf => ({
  kind: LEAF,
  key,
  value,
  hashed: false,
  saved: false,
  stored,
  used,
})

export const newExtension = (key: Uint8Array, child: Branch | null, stored: boolean, used: number): Extension => ({
  kind: EXTENSION,
  key,
  reference: new Uint8Array(HASH_BYTES),
  referenceLength: 0,
  child,
  hashed: false,
  saved: false,
  stored,
  used,
})

export const newBranch = (stored: boolean, used: number): Branch => ({
  kind: BRANCH,
  references: new Uint8Array(BRANCH_REFERENCES_BYTES),
  children: [null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null],
  value: undefined,
  hashed: false,
  saved: false,
  stored,
  used,
})

export const referenceLength = (branch: Branch, slot: number): number => branch.references[BRANCH_LENGTHS_AT + slot]!

export const isOccupied = (branch: Branch, slot: number): boolean =>
  branch.children[slot] !== null || branch.references[BRANCH_LENGTHS_AT + slot] !== 0

/** The bytes of slot `slot`: a hash or an embedded node; a view. */
export const branchReference = (branch: Branch, slot: number): Uint8Array =>
  branch.references.subarray(slot * HASH_BYTES, slot * HASH_BYTES + referenceLength(branch, slot))

/** Objects, typed-array headers and backing stores as V8 lays them out on 64 bits, rounded up. */
const NODE_BYTES = 96
const TYPED_ARRAY_BYTES = 120
const CHILDREN_BYTES = 16 * 8 + 32

/** Estimated heap and external bytes of one node, without what hangs below it. */
export function nodeBytes(node: TrieNode): number {
  switch (node.kind) {
    case LEAF:
      return NODE_BYTES + 2 * TYPED_ARRAY_BYTES + node.key.length + node.value.length
    case EXTENSION:
      return NODE_BYTES + 2 * TYPED_ARRAY_BYTES + node.key.length + HASH_BYTES
    case BRANCH: {
      const value = node.value === undefined ? 0 : TYPED_ARRAY_BYTES + node.value.length
      return NODE_BYTES + TYPED_ARRAY_BYTES + CHILDREN_BYTES + BRANCH_REFERENCES_BYTES + value
    }
  }
}
