/** The supervising side of one actor: its children, wherever they run, and what happens when one ends. */

import type { ActorDefinition, DownReason, SupervisionPolicy } from './actor.ts'
import type { Address, RestartKind, StartOrder } from './control.ts'
import { downReason } from './failure.ts'
import type { Host } from './host.ts'
import { pause } from './pause.ts'
import { err, ok, type Result } from './result.ts'
import { backoffMs, Intensity, restartGroup, restarts } from './supervision.ts'

export type ChildPlan = {
  readonly address: Address
  readonly module: { readonly url: string; readonly name: string }
  readonly definition: ActorDefinition<any, any> | undefined
  readonly deps: unknown
  readonly restart: RestartKind
  readonly drainMs: number
  readonly startMs: number
}

type ChildState = 'starting' | 'running' | 'stopping' | 'down'
class ChildRecord {
  readonly plan: ChildPlan
  state: ChildState = 'down'
  restarts = 0
  everUp = false
  lastReason: DownReason = downReason('STOPPED')
  /** Ends for good; nothing starts it again. */
  leaving = false
  private waiters: (() => void)[] = []

  constructor(plan: ChildPlan) {
    this.plan = plan
  }

  become(state: ChildState): void {
    this.state = state
    const waiters = this.waiters
    this.waiters = []
    for (const waiter of waiters) waiter()
  }

  async settles(): Promise<ChildState> {
    while (this.state === 'starting' || this.state === 'stopping')
      await new Promise<void>((resolve) => this.waiters.push(resolve))
    return this.state
  }
}

export class Supervisor {
  private readonly host: Host
  private readonly parent: Address
  private readonly policy: SupervisionPolicy
  private readonly intensity: Intensity
  private readonly escalate: (reason: DownReason) => void
  private readonly children: ChildRecord[] = []
  private failed: { readonly child: ChildRecord; readonly reason: DownReason }[] = []
  private recovering = false
  private closed = false

  constructor(host: Host, parent: Address, policy: SupervisionPolicy, escalate: (reason: DownReason) => void) {
    this.host = host
    this.parent = parent
    this.policy = policy
    this.intensity = new Intensity(policy)
    this.escalate = escalate
  }

  has(name: string): boolean {
    return this.children.some(
      (child) => child.plan.address.path.endsWith(`/${name}`) || child.plan.address.path === name,
    )
  }

  async spawn(plan: ChildPlan): Promise<Result<void, DownReason>> {
    const child = new ChildRecord(plan)
    this.children.push(child)
    this.order(child)
    if ((await child.settles()) === 'running') return ok(undefined)
    return err(child.lastReason)
  }

  /** Ends one child for good. */
  async stop(uid: number): Promise<void> {
    const child = this.find(uid)
    if (child === undefined) return
    child.leaving = true
    await this.end(child, downReason('STOPPED'), true)
    this.forget(child)
  }

  /** Ends all children in reverse order of their start. */
  async close(reason: DownReason, drain: boolean): Promise<void> {
    this.closed = true
    for (const child of [...this.children].reverse()) {
      child.leaving = true
      await this.end(child, reason, true, drain)
    }
    this.children.length = 0
  }

  started(uid: number): void {
    const child = this.find(uid)
    if (child === undefined) return
    child.everUp = true
    if (child.state === 'starting') child.become('running')
  }

  down(uid: number, reason: DownReason): void {
    const child = this.find(uid)
    if (child === undefined) return
    const expected = child.state === 'stopping'
    const wasDown = child.state === 'down'
    child.lastReason = reason
    child.become('down')
    if (expected || wasDown || this.closed || child.leaving) return
    const neverUp = !child.everUp && (reason.code === 'START_FAILED' || reason.code === 'START_TIMEOUT')
    if (neverUp || !restarts(child.plan.restart, reason)) {
      this.forget(child)
      return
    }
    this.failed.push({ child, reason })
    if (this.recovering) return
    this.recovering = true
    void this.recover()
  }

  threadDown(thread: string, reason: DownReason): void {
    for (const child of [...this.children])
      if (child.plan.address.thread === thread && child.state !== 'down') {
        // A stop under way is over as well: what was to be stopped is gone.
        this.down(child.plan.address.uid, reason)
      }
  }

  private async recover(): Promise<void> {
    await Promise.resolve() // failures of one moment (a thread's actors) are one event
    while (this.failed.length > 0 && !this.closed) {
      const failed = this.failed
      this.failed = []
      const counted = failed.filter(({ reason }) => reason.code !== 'ADMIN')
      let delay = 0
      if (counted.length > 0) {
        const { nth, exceeded } = this.intensity.count(this.host.clock.now())
        if (exceeded) {
          const { child, reason } = counted[0] as (typeof counted)[number]
          const detail = `${nth} restarts within ${this.policy.windowMs} ms, last ${child.plan.address.path}: ${reason.code} ${reason.detail}`
          this.recovering = false
          this.escalate(downReason('ESCALATED', detail))
          return
        }
        delay = backoffMs(this.policy.backoff, nth, this.host.random.float())
      }
      const group = this.groupOf(failed.map(({ child }) => child))
      for (const child of [...group].reverse())
        if (child.state !== 'down') await this.end(child, downReason('SUPERVISOR', 'a sibling failed'), false)
      if (delay > 0) await pause(this.host.clock, delay)
      for (const child of this.groupOf(group)) await this.startAgain(child)
    }
    this.recovering = false
  }

  private groupOf(failed: readonly ChildRecord[]): ChildRecord[] {
    const indices = failed.map((child) => this.children.indexOf(child)).filter((index) => index >= 0)
    const group = new Set(restartGroup(this.policy.strategy, this.children.length, indices))
    return this.children.filter((_child, index) => group.has(index))
  }

  private async startAgain(child: ChildRecord): Promise<void> {
    if (this.closed || child.leaving || child.state !== 'down') return
    if (child.plan.restart === 'temporary') return this.forget(child)
    child.restarts++
    this.order(child)
    await child.settles()
  }

  /** Start orders of the children that are down on a thread and are going to be started again. */
  awaited(thread: string): StartOrder[] {
    const down = this.children.filter((child) => child.state === 'down' && !child.leaving)
    return down.filter((child) => child.plan.address.thread === thread).map((child) => this.orderOf(child))
  }

  private order(child: ChildRecord): void {
    child.state = 'starting'
    this.host.lifecycle.startChild(this.orderOf(child), child.plan.definition)
  }

  private orderOf({ plan, restarts: restartCount }: ChildRecord): StartOrder {
    return {
      address: plan.address,
      parent: this.parent,
      module: plan.module,
      deps: plan.deps,
      drainMs: plan.drainMs,
      startMs: plan.startMs,
      restarts: restartCount,
    }
  }

  private async end(child: ChildRecord, reason: DownReason, final: boolean, drain = true): Promise<void> {
    if (child.state === 'down' && !final) return
    if (child.state === 'starting' || child.state === 'running') child.state = 'stopping'
    this.host.lifecycle.stopChild(child.plan.address, reason, final, drain)
    await child.settles()
  }

  private find(uid: number): ChildRecord | undefined {
    return this.children.find((child) => child.plan.address.uid === uid)
  }

  private forget(child: ChildRecord): void {
    const index = this.children.indexOf(child)
    if (index >= 0) this.children.splice(index, 1)
    this.host.lifecycle.stopChild(child.plan.address, downReason('STOPPED'), true, false)
  }
}
