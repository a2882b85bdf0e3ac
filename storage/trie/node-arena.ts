/**
 * The nodes of one trie as records in one array of words, so that a hundred thousand of them are one object to the garbage
 * collector, and neighbours lie together. A node is named by the offset of its first word, never 0; offsets stay valid
 * until the record is freed or the arena compacted, but `words` and `bytes` are other arrays after any record was made.
 *
 * A short node (leaf or extension) holds the whole path from the root of the keys, two nibbles a byte: where its own part
 * begins follows from where it stands. So it moves up and down unchanged when branches come and go above it.
 */

/** A reference as long as this is a hash, a shorter one the embedded node itself. */
export const HASH_BYTES = 32
const HASH_WORDS = 8

export const LEAF = 0
export const EXTENSION = 1
export const BRANCH = 2

/** Word of a node: its kind and the flags below. */
export const META = 0
export const KIND = 3
/** The reference in the record is of the node as it is. If not of this node, then of none above it. */
export const HASHED = 1 << 2
/** Committed as it is, with all below it. */
export const SAVED = 1 << 3
/** The store holds something at the path where this node stands. */
export const STORED = 1 << 4
/** The path is longer than the record has room for, and stands among the values. */
const LONG = 1 << 5
/** The leaf's value stands in the record. */
const INLINE = 1 << 6
/** Also in that word: the length of the node's reference. */
export const REFERENCE_LENGTH_SHIFT = 8
export const REFERENCE_LENGTH_MASK = 63
/** Age at the last visit; never younger than the parent's. */
export const USED = 1
/** Branch: the value's place among the values, 0 for none. Leaf: the same, or its length where it stands in the record. */
export const VALUE = 2
/** Extension: its branch, as in a branch's slot. */
export const CHILD = 2
/** Short node: nibbles of its path. */
export const END = 3
/** Eight words: the hash of the node, or its encoding if that is shorter. */
export const REFERENCE = 4
/** Short node: its path, 32 bytes; the first word is the place among the values if it is longer. */
const PATH = 12
const PATH_BYTES = 32
/** Leaf: its value, if it is not too long for that: accounts are at most 110 bytes. */
const INLINE_VALUE = 20
const INLINE_BYTES_MAX = 112
/** Branch: 16 words; 0: empty, positive: a node, negative: a hash (`newReference`) whose node is not in memory. */
export const CHILDREN = 12
/** Branch: a bit for each slot whose child is not hashed, and 16 bits higher for each whose child is not saved. */
export const MARKS = 3
export const MARKS_UNHASHED = 0xffff
export const MARKS_UNSAVED_SHIFT = 16
/**
 * Branch: where the hashes of its children stand side by side, 0: nowhere. Children lie apart, so that a branch of many
 * would wait for memory as often as it has children. What it says of a child that is not hashed does not count.
 */
export const TABLE = 28
const TABLE_WORDS = 16 * HASH_WORDS

/** Records begin at multiples of this, so that they never share a quarter of a cache line. */
const ALIGN_WORDS = 4
const ALIGN_BYTES = 16
/** Without a value. */
const SHORT_WORDS = 20
const BRANCH_WORDS = 32
const WORD_BYTES = 4

/** Words of an arena for few keys, as most storage tries are. */
const FIRST_WORDS = 128
const GROWTH = 2
/** What is left free by a compacted arena for what comes next. */
const COMPACT_ROOM = 1.5
/** A value held: its place, object, buffer and backing store as V8 lays them out on 64 bits. */
const VALUE_BYTES = 128
/** Typed arrays above this have a buffer of their own outside of the heap, which costs more. */
const VALUE_ON_HEAP_BYTES = 64
const VALUE_OFF_HEAP_BYTES = 288
/** Bytes up to which a loop is faster than a call into the engine. */
export const LOOP_BYTES_MAX = 48
/** Below this, room that nobody uses is not worth copying for. */
const COMPACT_WORDS = 1 << 16
const COMPACT_SHARE = 0.25

export class NodeArena {
  words = new Int32Array(FIRST_WORDS)
  /** The same memory. */
  bytes = new Uint8Array(this.words.buffer)
  /** Values and long paths; a place of `undefined` is free. */
  readonly values: (Uint8Array | undefined)[] = [undefined]
  #end = ALIGN_WORDS
  #used = 0
  #valueBytes = 0
  /** By the length of the value, in units of alignment. */
  readonly #freeShort = new Int32Array(1 + INLINE_BYTES_MAX / ALIGN_BYTES)
  #freeBranch = 0
  #freeReference = 0
  #freeTable = 0
  #freeValues: number[] = []

  /** Estimated bytes of the nodes and values held. */
  memoryBytes(): number {
    return this.#used * WORD_BYTES + this.#valueBytes
  }

  #grow(words: number): void {
    const grown = new Int32Array(Math.ceil(Math.max(this.words.length * GROWTH, this.#end + words)))
    grown.set(this.words)
    this.words = grown
    this.bytes = new Uint8Array(grown.buffer)
  }

  #append(words: number): number {
    if (this.#end + words > this.words.length) this.#grow(words)
    const at = this.#end
    this.#end += words
    return at
  }

  /** With room for `units` of alignment behind the path. */
  #newShort(units: number): number {
    const size = SHORT_WORDS + units * ALIGN_WORDS
    this.#used += size
    const at = this.#freeShort[units]!
    if (at === 0) return this.#append(size)
    this.#freeShort[units] = this.words[at]!
    return at
  }

  /** Neither hashed nor saved. `path`: of the first `end` nibbles at least, two a byte. A long `value` is kept. */
  newLeaf(path: Uint8Array, end: number, value: Uint8Array, stored: number, used: number): number {
    const { length } = value
    const isInline = length <= INLINE_BYTES_MAX
    const at = this.#newShort(isInline ? unitsOf(length) : 0)
    const { words } = this
    words[at + USED] = used
    if (isInline) {
      words[at] = LEAF | stored | INLINE
      this.#setInline(at, value)
    } else {
      words[at] = LEAF | stored
      words[at + VALUE] = this.newValue(value)
    }
    this.#setPath(at, path, end)
    return at
  }

  #setInline(at: number, value: Uint8Array): void {
    const { bytes } = this
    const { length } = value
    this.words[at + VALUE] = length
    const to = (at + INLINE_VALUE) * WORD_BYTES
    if (length > LOOP_BYTES_MAX) bytes.set(value, to)
    else for (let i = 0; i < length; i++) bytes[to + i] = value[i]!
  }

  /** Gives a leaf another value. @returns the leaf, which is in another place if the value needs other room */
  setLeafValue(at: number, value: Uint8Array): number {
    const { words } = this
    const isInline = (words[at]! & INLINE) !== 0
    if (isInline !== value.length <= INLINE_BYTES_MAX || (isInline && unitsOf(value.length) !== this.#units(at))) {
      const path = this.pathSource(at).slice(this.pathStart(at))
      const moved = this.newLeaf(path, words[at + END]!, value, words[at]! & STORED, words[at + USED]!)
      this.freeNode(at)
      return moved
    }
    if (isInline) this.#setInline(at, value)
    else {
      this.freeValue(words[at + VALUE]!)
      words[at + VALUE] = this.newValue(value)
    }
    return at
  }

  /** Units of alignment behind the path of a short node. */
  #units(at: number): number {
    return (this.words[at]! & INLINE) === 0 ? 0 : unitsOf(this.words[at + VALUE]!)
  }

  #size(at: number): number {
    return (this.words[at]! & KIND) === BRANCH ? BRANCH_WORDS : SHORT_WORDS + this.#units(at) * ALIGN_WORDS
  }

  /** Bytes of a leaf's or branch's value, 0 for none. */
  valueLength(at: number): number {
    const value = this.words[at + VALUE]!
    if ((this.words[at]! & INLINE) !== 0) return value
    return value === 0 ? 0 : this.values[value]!.length
  }

  /** Where the value lies: in `valueSource`, from `valueStart` on. */
  valueSource(at: number): Uint8Array {
    return (this.words[at]! & INLINE) !== 0 ? this.bytes : this.values[this.words[at + VALUE]!]!
  }

  valueStart(at: number): number {
    return (this.words[at]! & INLINE) !== 0 ? (at + INLINE_VALUE) * WORD_BYTES : 0
  }

  /** The value of a leaf or branch, undefined for none; not to be changed. */
  value(at: number): Uint8Array | undefined {
    if ((this.words[at]! & INLINE) === 0) return this.values[this.words[at + VALUE]!]
    const from = (at + INLINE_VALUE) * WORD_BYTES
    return this.bytes.slice(from, from + this.words[at + VALUE]!)
  }

  hasValue(at: number, value: Uint8Array): boolean {
    const { length } = value
    if (this.valueLength(at) !== length || length === 0) return false
    const source = this.valueSource(at)
    const start = this.valueStart(at)
    for (let i = 0; i < length; i++) if (source[start + i] !== value[i]) return false
    return true
  }

  /** Neither hashed nor saved. */
  newExtension(path: Uint8Array, end: number, child: number, stored: number, used: number): number {
    const at = this.#newShort(0)
    const { words } = this
    words[at] = EXTENSION | stored
    words[at + USED] = used
    words[at + CHILD] = child
    this.#setPath(at, path, end)
    return at
  }

  #setPath(at: number, path: Uint8Array, end: number): void {
    this.words[at + END] = end
    const length = (end + 1) >> 1
    if (length <= PATH_BYTES) {
      const { bytes } = this
      const to = (at + PATH) * WORD_BYTES
      for (let i = 0; i < length; i++) bytes[to + i] = path[i]!
    } else {
      this.words[at]! |= LONG
      this.words[at + PATH] = this.newValue(path.slice(0, length))
    }
  }

  /** Neither hashed nor saved, without children and value. */
  newBranch(stored: number, used: number): number {
    this.#used += BRANCH_WORDS
    let at = this.#freeBranch
    if (at === 0) at = this.#append(BRANCH_WORDS)
    else this.#freeBranch = this.words[at]!
    const { words } = this
    words[at] = BRANCH | stored
    words[at + USED] = used
    words[at + VALUE] = 0
    words[at + MARKS] = 0
    words[at + TABLE] = 0
    for (let slot = 0; slot < 16; slot++) words[at + CHILDREN + slot] = 0
    return at
  }

  /** Sets what a branch's slot holds, and marks it for what that is. */
  setChild(branch: number, slot: number, child: number): void {
    const { words } = this
    words[branch + CHILDREN + slot] = child
    if (child <= 0) return
    if ((words[child]! & HASHED) === 0) words[branch + MARKS]! |= 1 << slot
    if ((words[child]! & SAVED) === 0) words[branch + MARKS]! |= 1 << (slot + MARKS_UNSAVED_SHIFT)
  }

  /** Room for the hashes of a branch's children, all hashed and known to have hashes. */
  newTable(branch: number): void {
    this.#used += TABLE_WORDS
    let at = this.#freeTable
    if (at === 0) at = this.#append(TABLE_WORDS)
    else this.#freeTable = this.words[at]!
    const { words } = this
    words[branch + TABLE] = at
    for (let slot = 0; slot < 16; slot++) {
      const child = words[branch + CHILDREN + slot]!
      if (child === 0) continue
      const from = child < 0 ? -child : child + REFERENCE
      for (let i = 0; i < HASH_WORDS; i++) words[at + slot * HASH_WORDS + i] = words[from + i]!
    }
  }

  freeTable(branch: number): void {
    const at = this.words[branch + TABLE]!
    if (at === 0) return
    this.#used -= TABLE_WORDS
    this.words[at] = this.#freeTable
    this.#freeTable = at
    this.words[branch + TABLE] = 0
  }

  /** A hash whose node is not in memory. @returns what a slot holds for it, below 0 */
  newReference(hash: Uint8Array): number {
    const at = this.#newReference()
    this.bytes.set(hash, at * WORD_BYTES)
    return -at
  }

  #newReference(): number {
    this.#used += HASH_WORDS
    const at = this.#freeReference
    if (at === 0) return this.#append(HASH_WORDS)
    this.#freeReference = this.words[at]!
    return at
  }

  /** The hash that a slot holds; a view. */
  referenceAt(slot: number): Uint8Array {
    return this.bytes.subarray(-slot * WORD_BYTES, -slot * WORD_BYTES + HASH_BYTES)
  }

  freeReference(slot: number): void {
    this.#used -= HASH_WORDS
    this.words[-slot] = this.#freeReference
    this.#freeReference = -slot
  }

  /** Frees the record and its value, not what hangs below it. */
  freeNode(at: number): void {
    const { words } = this
    const meta = words[at]!
    const units = this.#units(at)
    this.#used -= this.#size(at)
    if ((meta & KIND) !== EXTENSION && (meta & INLINE) === 0) this.freeValue(words[at + VALUE]!)
    if ((meta & KIND) === BRANCH) {
      this.freeTable(at)
      words[at] = this.#freeBranch
      this.#freeBranch = at
    } else {
      if ((meta & LONG) !== 0) this.freeValue(words[at + PATH]!)
      words[at] = this.#freeShort[units]!
      this.#freeShort[units] = at
    }
  }

  /** Frees what a slot holds, with all below it. */
  freeBelow(slot: number): void {
    if (slot === 0) return
    if (slot < 0) {
      this.freeReference(slot)
      return
    }
    const { words } = this
    const kind = words[slot]! & KIND
    if (kind === EXTENSION) this.freeBelow(words[slot + CHILD]!)
    if (kind === BRANCH) for (let i = 0; i < 16; i++) this.freeBelow(words[slot + CHILDREN + i]!)
    this.freeNode(slot)
  }

  /** Frees a hashed node with all below it, but for its hash. @returns what its slot holds now */
  unload(at: number): number {
    const hash = this.words.slice(at + REFERENCE, at + REFERENCE + HASH_WORDS)
    this.freeBelow(at)
    const reference = this.#newReference()
    this.words.set(hash, reference)
    return -reference
  }

  newValue(value: Uint8Array): number {
    this.#valueBytes += valueBytes(value)
    const free = this.#freeValues.pop()
    if (free === undefined) return this.values.push(value) - 1
    this.values[free] = value
    return free
  }

  freeValue(place: number): void {
    if (place === 0) return
    this.#valueBytes -= valueBytes(this.values[place]!)
    this.values[place] = undefined
    this.#freeValues.push(place)
  }

  referenceLength(at: number): number {
    return (this.words[at]! >> REFERENCE_LENGTH_SHIFT) & REFERENCE_LENGTH_MASK
  }

  /** Takes the eight words at `from` of `source` as the node's reference, of which `length` bytes count. */
  setReference(at: number, source: Int32Array, from: number, length: number): void {
    const { words } = this
    for (let i = 0; i < HASH_WORDS; i++) words[at + REFERENCE + i] = source[from + i]!
    this.setReferenceLength(at, length)
  }

  /** The node's reference; a view. */
  reference(at: number): Uint8Array {
    const from = (at + REFERENCE) * WORD_BYTES
    return this.bytes.subarray(from, from + this.referenceLength(at))
  }

  /** Where in `bytes` the node's reference lies. */
  referenceStart(at: number): number {
    return (at + REFERENCE) * WORD_BYTES
  }

  setReferenceLength(at: number, length: number): void {
    const cleared = this.words[at]! & ~(REFERENCE_LENGTH_MASK << REFERENCE_LENGTH_SHIFT)
    this.words[at] = cleared | (length << REFERENCE_LENGTH_SHIFT)
  }

  /** Of the record and its value. */
  nodeBytes(at: number): number {
    const meta = this.words[at]!
    const hasPlace = (meta & KIND) !== EXTENSION && (meta & INLINE) === 0 && this.words[at + VALUE] !== 0
    const hasTable = (meta & KIND) === BRANCH && this.words[at + TABLE] !== 0
    const size = this.#size(at) + (hasTable ? TABLE_WORDS : 0)
    return size * WORD_BYTES + (hasPlace ? valueBytes(this.values[this.words[at + VALUE]!]!) : 0)
  }

  /** Nibble `i` of a short node's path. */
  pathNibble(at: number, i: number): number {
    const byte = this.pathSource(at)[this.pathStart(at) + (i >> 1)]!
    return (i & 1) === 0 ? byte >> 4 : byte & 0x0f
  }

  /** Where a short node's path lies: in `pathSource`, from `pathStart` on. */
  pathSource(at: number): Uint8Array {
    return (this.words[at]! & LONG) === 0 ? this.bytes : this.values[this.words[at + PATH]!]!
  }

  pathStart(at: number): number {
    return (this.words[at]! & LONG) === 0 ? (at + PATH) * WORD_BYTES : 0
  }

  /** Moves everything below `top` into a smaller arena, where most of this one is free. @returns where `top` is now */
  compact(top: number): number {
    if (this.#end < COMPACT_WORDS || this.#used > this.#end * COMPACT_SHARE) return top
    const from = this.words
    this.words = new Int32Array(Math.ceil(this.#used * COMPACT_ROOM) + ALIGN_WORDS)
    this.bytes = new Uint8Array(this.words.buffer)
    this.#end = ALIGN_WORDS
    this.#freeShort.fill(0)
    this.#freeBranch = 0
    this.#freeReference = 0
    this.#freeTable = 0
    return this.#move(from, top)
  }

  #move(from: Int32Array, slot: number): number {
    if (slot === 0) return 0
    if (slot < 0) {
      const to = this.#append(HASH_WORDS)
      this.words.set(from.subarray(-slot, -slot + HASH_WORDS), to)
      return -to
    }
    const kind = from[slot]! & KIND
    const units = (from[slot]! & INLINE) === 0 ? 0 : unitsOf(from[slot + VALUE]!)
    const size = kind === BRANCH ? BRANCH_WORDS : SHORT_WORDS + units * ALIGN_WORDS
    const to = this.#append(size)
    this.words.set(from.subarray(slot, slot + size), to)
    if (kind === EXTENSION) this.words[to + CHILD] = this.#move(from, from[slot + CHILD]!)
    if (kind === BRANCH && from[slot + TABLE] !== 0) {
      const table = this.#append(TABLE_WORDS)
      this.words.set(from.subarray(from[slot + TABLE]!, from[slot + TABLE]! + TABLE_WORDS), table)
      this.words[to + TABLE] = table
    }
    if (kind === BRANCH)
      for (let i = CHILDREN; i < CHILDREN + 16; i++) this.words[to + i] = this.#move(from, from[slot + i]!)
    return to
  }
}

/** Nibble `i` of a path of two nibbles a byte. */
export const nibbleAt = (path: Uint8Array, i: number): number =>
  (i & 1) === 0 ? path[i >> 1]! >> 4 : path[i >> 1]! & 0x0f

const unitsOf = (bytes: number): number => (bytes + ALIGN_BYTES - 1) >> 4

const valueBytes = (value: Uint8Array): number =>
  value.length + (value.length > VALUE_ON_HEAP_BYTES ? VALUE_OFF_HEAP_BYTES : VALUE_BYTES)
