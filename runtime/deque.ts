/** A FIFO over a ring that doubles: push, shift and length in constant time, no holes left behind. */
export class Deque<T> {
  private ring: (T | undefined)[] = new Array(16)
  private head = 0
  length = 0

  push(value: T): void {
    if (this.length === this.ring.length) this.grow()
    this.ring[(this.head + this.length) & (this.ring.length - 1)] = value
    this.length++
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const value = this.ring[this.head]
    this.ring[this.head] = undefined
    this.head = (this.head + 1) & (this.ring.length - 1)
    this.length--
    return value
  }

  peek(): T | undefined {
    return this.length === 0 ? undefined : this.ring[this.head]
  }

  /** Takes out what `unwanted` holds true for, in order. */
  removeWhere(unwanted: (value: T) => boolean): T[] {
    const removed: T[] = []
    for (let left = this.length; left > 0; left--) {
      const value = this.shift() as T
      if (unwanted(value)) removed.push(value)
      else this.push(value)
    }
    return removed
  }

  private grow(): void {
    const wider: (T | undefined)[] = new Array(this.ring.length * 2)
    for (let i = 0; i < this.length; i++) wider[i] = this.ring[(this.head + i) & (this.ring.length - 1)]
    this.ring = wider
    this.head = 0
  }
}
