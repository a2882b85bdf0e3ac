import type { AskFailure, Call, EnvelopeId } from './actor.ts'
import type { Cell, RunningCall } from './cell.ts'
import type { Envelope } from './envelope.ts'
import type { Host } from './host.ts'
import type { Result } from './result.ts'

/** What a handler gets with its message; its signal costs nothing until it is asked for. */
export class HostCall implements Call, RunningCall {
  readonly envelope: Envelope
  private readonly host: Host
  private readonly cell: Cell
  private readonly life: Cell['life']
  private controller: AbortController | undefined = undefined
  private aborted: string | undefined = undefined

  constructor(host: Host, cell: Cell, envelope: Envelope) {
    this.host = host
    this.cell = cell
    this.life = cell.life
    this.envelope = envelope
  }

  get id(): EnvelopeId {
    return { actor: this.envelope.sender, sequence: this.envelope.sequence }
  }

  get cause(): EnvelopeId | undefined {
    const { causeActor, causeSequence } = this.envelope
    return causeActor === 0 ? undefined : { actor: causeActor, sequence: causeSequence }
  }

  get deadline(): number | undefined {
    return this.envelope.deadline === 0 ? undefined : this.envelope.deadline
  }

  get isAborted(): boolean {
    return this.aborted !== undefined
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController()
      if (this.aborted !== undefined) this.controller.abort(new Error(this.aborted))
    }
    return this.controller.signal
  }

  abort(why: string): void {
    this.aborted = why
    this.controller?.abort(new Error(why))
  }

  ask(ref: any, kind: string, ...args: any[]): Promise<Result<any, AskFailure>> {
    return this.host.asks.ask(this.cell, this.life, ref, kind, args[0], args[1], this.envelope)
  }
}
