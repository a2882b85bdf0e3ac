const moved = new WeakMap<object, readonly ArrayBuffer[]>()

/**
 * Marks an answer whose buffers move to the asker instead of being copied; the answering actor no longer owns them.
 * The buffers must hold nothing but what the answer shows: a transferred buffer takes every view of it along.
 */
export function moving<A extends object>(answer: A, buffers: readonly ArrayBuffer[]): A {
  moved.set(answer, buffers)
  return answer
}

export function buffersOf(answer: unknown): readonly ArrayBuffer[] | undefined {
  return typeof answer === 'object' && answer !== null ? moved.get(answer) : undefined
}

/**
 * Whether a buffer has been given away already. Node 20 posts a frame that is to move such a buffer without complaint,
 * and then cannot read any of it on the other side.
 */
export function hasGone(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false
  try {
    return new Uint8Array(buffer).length > 0
  } catch {
    return true
  }
}
