/** Runs a node in this process until it is stopped, by a signal or by the command that runs it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeReady, SupervisorDeps } from '../actors/supervisor/messages.ts'
import { startFailureText } from '../actors/supervisor/start-failure.ts'
import { supervisor } from '../actors/supervisor/supervisor.ts'
import { detailOf } from '../runtime/failure.ts'
import type { Inspector } from '../runtime/inspection.ts'
import { startSystem } from '../runtime/system.ts'
import { EXIT_FAILED } from './command.ts'
import type { NodeSetup } from './node-setup.ts'
import { STOP_SIGNALS, type StopSignal, signalCounter } from './stop-signals.ts'

/** Milliseconds for what is left of a failed node to end; a thread in native code may never do so. */
const WRECK_MS_MAX = 10_000
/** Milliseconds for the last lines of a process that is ended by force. */
const LAST_WORDS_MS = 500

export type NodePlan = {
  readonly importFiles: readonly string[]
  readonly events: Omit<SupervisorDeps['events'], 'ready'>
  /** Everything accepts. */
  ready(node: NodeReady, running: RunningNode): void
}
export type RunningNode = {
  readonly inspector: Inspector
  /** Ends the node in order, as a signal would. */
  stop(): void
}
export type NodeEnd =
  | { readonly by: 'plan' }
  | { readonly by: 'signal'; readonly signal: StopSignal }
  /** `wasReady`: it ran, so that another start may help. */
  | { readonly by: 'failure'; readonly message: string; readonly wasReady: boolean }

/** Never rejects for what the user can mend. @param complain for lines on stderr. */
export async function runNode(setup: NodeSetup, plan: NodePlan, complain: (text: string) => void): Promise<NodeEnd> {
  let wasReady = false
  let stoppedBy: NodeEnd | undefined
  let stop: () => void = () => {}
  let inspector: Inspector | undefined
  const stopBy = (by: NodeEnd): void => {
    stoppedBy ??= by
    stop()
  }

  const action = signalCounter(() => performance.now())
  const onSignal = (signal: StopSignal): void => {
    const what = action(signal)
    switch (what.do) {
      case 'nothing':
        return
      case 'stop':
        complain(`Got ${signal}, shutting down …\n`)
        stopBy({ by: 'signal', signal })
        return
      case 'warn':
        complain(`Already shutting down, ${what.left} more to end at once.\n`)
        return
      case 'exit':
        complain('Ended at once: what was not written is imported or fetched again.\n')
        process.exit(EXIT_FAILED)
    }
  }
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal)

  try {
    const system = await startSystem({
      root: supervisor,
      deps: {
        ...setup.deps,
        importFiles: plan.importFiles,
        events: {
          ...plan.events,
          ready(node) {
            wasReady = true
            if (inspector !== undefined) plan.ready(node, { inspector, stop: () => stopBy({ by: 'plan' }) })
          },
        },
      },
      placement: setup.placement,
      limits: setup.limits,
      log: setup.log,
    })
    inspector = system.inspector
    stop = () => void system.stop()
    if (stoppedBy !== undefined) stop()
    const reason = await system.ended
    if (stoppedBy !== undefined) {
      await system.stop()
      return stoppedBy
    }
    const message = wasReady ? `${reason.code} ${reason.detail}` : startFailureText('The node', reason)
    const isWreckGone = await Promise.race([system.stop().then(() => true), sleep(WRECK_MS_MAX, false, { ref: false })])
    if (!isWreckGone) {
      complain('A thread does not end, so the process is ended.\n')
      endByForce(wasReady)
    }
    return { by: 'failure', message, wasReady }
  } catch (thrown) {
    return { by: 'failure', message: detailOf(thrown), wasReady: false }
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal)
  }
}

/**
 * Ends a process with a thread in native code, for which both `process.exit` and an empty event loop would wait: with an abort, after
 * which the launcher starts the node again, where that may help. Not at once, so that what the command has to say is said.
 */
export function endByForce(mayStartAgain: boolean): void {
  const end = () => (mayStartAgain ? process.abort() : process.kill(process.pid, 'SIGKILL'))
  setTimeout(end, LAST_WORDS_MS).unref()
}
