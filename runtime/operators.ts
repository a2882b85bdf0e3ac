import { shownState } from './cell.ts'
import { downReason } from './failure.ts'
import type { Host } from './host.ts'
import type { ControlError } from './inspection.ts'
import { err, ok, type Result } from './result.ts'

/** What an operator does to running actors, wherever they run. */
export class Operators {
  private readonly host: Host

  constructor(host: Host) {
    this.host = host
  }

  operate(path: string, action: 'restart' | 'pause' | 'resume'): Result<void, ControlError> {
    const view = this.host.inspector.actors().find((actor) => actor.path === path)
    if (view === undefined) return err({ code: 'NO_SUCH_ACTOR', path })
    if (action === 'restart' && !this.isSupervised(path)) return err({ code: 'NOT_RESTARTABLE', path })
    if (view.state !== 'running' && view.state !== 'paused') return err({ code: 'NOT_RUNNING', path })
    if (view.thread === this.host.thread) this.operateHere(view.uid, action)
    else {
      const link = this.host.links.get(view.thread)
      if (link === undefined) return err({ code: 'NOT_RUNNING', path })
      link.control({ type: 'operator', uid: view.uid, action })
    }
    return ok(undefined)
  }

  isSupervised(path: string): boolean {
    return [...this.host.cells.values()].every((cell) => cell.address.path !== path || cell.parent !== undefined)
  }

  operateHere(uid: number, action: 'restart' | 'pause' | 'resume'): void {
    const cell = this.host.cells.get(uid)
    if (cell === undefined || cell.parent === undefined) return
    switch (action) {
      case 'restart':
        if (cell.state === 'running')
          void this.host.lifecycle.end(cell, downReason('ADMIN', 'restarted by an operator'), false, false)
        return
      case 'pause':
        cell.paused = true
        break
      case 'resume':
        cell.paused = false
        break
    }
    cell.recorder.state(shownState(cell))
    this.host.dispatcher.schedule(cell)
  }
}
