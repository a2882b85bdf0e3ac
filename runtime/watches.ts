import type { DownReason } from './actor.ts'
import type { Cell } from './cell.ts'
import type { Address } from './control.ts'
import { Envelope } from './envelope.ts'
import { downReason } from './failure.ts'
import type { Host } from './host.ts'

/** Who wants to know of whose end. */
export class Watches {
  private readonly host: Host

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
      this.host.cells.get(watched.uid)?.watchers.delete(`${this.host.thread} ${cell.address.uid}`)
    else this.host.links.get(watched.thread)?.control({ type: 'unwatch', uid: watched.uid, watcher: cell.address.uid })
  }

  watchHere(uid: number, watcher: { readonly thread: string; readonly uid: number }): void {
    const cell = this.host.cells.get(uid)
    if (cell !== undefined) cell.watchers.set(`${watcher.thread} ${watcher.uid}`, watcher)
    else if (this.host.routes.tombstones.has(uid))
      this.tellWatcher({ uid, thread: this.host.thread, path: `uid ${uid}` }, watcher, downReason('STOPPED'))
  }

  tellWatcher(watched: Address, watcher: { readonly thread: string; readonly uid: number }, reason: DownReason) {
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
