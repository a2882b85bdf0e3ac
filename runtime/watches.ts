import type { DownReason } from './actor.ts'
import type { Cell } from './cell.ts'
import type { Address } from './control.ts'
import { Envelope } from './envelope.ts'
import { downReason } from './failure.ts'
import type { Host } from './host.ts'

type Watcher = { readonly thread: string; readonly uid: number }

const keyOf = (watcher: Watcher): string => `${watcher.thread} ${watcher.uid}`

/** Who wants to know of whose end. */
export class Watches {
  private readonly host: Host
  /** Watchers of actors that are to start here: their thread was replaced, or a ref came before the start order. */
  private readonly early = new Map<number, readonly Watcher[]>()

  constructor(host: Host) {
    this.host = host
  }

  watch(cell: Cell, watched: Address, kind: string): void {
    cell.watching.set(watched.uid, { kind, address: watched })
    if (watched.thread === this.host.thread)
      this.watchHere(watched.uid, { thread: this.host.thread, uid: cell.address.uid })
    else this.host.links.get(watched.thread)?.control({ type: 'watch', uid: watched.uid, watcher: cell.address.uid })
  }

  unwatch(cell: Cell, watched: Address): void {
    cell.watching.delete(watched.uid)
    if (watched.thread === this.host.thread)
      this.unwatchHere(watched.uid, { thread: this.host.thread, uid: cell.address.uid })
    else this.host.links.get(watched.thread)?.control({ type: 'unwatch', uid: watched.uid, watcher: cell.address.uid })
  }

  watchHere(uid: number, watcher: Watcher): void {
    const cell = this.host.cells.get(uid)
    if (cell !== undefined) cell.watchers.set(keyOf(watcher), watcher)
    else if (this.host.routes.tombstones.has(uid))
      this.tellWatcher({ uid, thread: this.host.thread, path: `uid ${uid}` }, watcher, downReason('STOPPED'))
    else this.early.set(uid, [...(this.early.get(uid) ?? []), watcher])
  }

  unwatchHere(uid: number, watcher: Watcher): void {
    this.host.cells.get(uid)?.watchers.delete(keyOf(watcher))
    const left = this.early.get(uid)?.filter((other) => keyOf(other) !== keyOf(watcher))
    if (left === undefined || left.length === 0) this.early.delete(uid)
    else this.early.set(uid, left)
  }

  /** An actor is here now: who has waited for it to come watches it. */
  begun(cell: Cell): void {
    for (const watcher of this.early.get(cell.address.uid) ?? []) cell.watchers.set(keyOf(watcher), watcher)
    this.early.delete(cell.address.uid)
  }

  tellWatcher(watched: Address, watcher: Watcher, reason: DownReason) {
    if (watcher.thread === this.host.thread) this.watchedDown(watcher.uid, watched, reason)
    else
      this.host.links
        .get(watcher.thread)
        ?.control({ type: 'watched-down', uid: watched.uid, path: watched.path, watcher: watcher.uid, reason })
  }

  watchedDown(watcher: number, watched: Address, reason: DownReason): void {
    const cell = this.host.cells.get(watcher)
    const kind = cell?.watching.get(watched.uid)?.kind
    if (cell === undefined || kind === undefined) return
    const payload = { path: watched.path, reason }
    this.host.dispatcher.deliverToSelf(cell, new Envelope(kind, payload, watched.uid, 0, 0, 0, 0, 0, undefined, false))
  }
}
