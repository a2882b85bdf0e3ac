/** A host with the real capabilities of the thread it is made on. */
import type { ActorDefinition } from './actor.ts'
import { type ArenaWriter, createArena } from './arena/arena.ts'
import { type ArenaSource, createInspector } from './arena/inspector.ts'
import { detailOf } from './failure.ts'
import { Host } from './host.ts'
import { compiledModule } from './module-url.ts'
import { realCiphers } from './real/ciphers.ts'
import { realClock } from './real/clock.ts'
import { realDisk } from './real/disk.ts'
import { actorLog, type LogSettings, stderrSink } from './real/log.ts'
import { realNet } from './real/net.ts'
import { realRandom } from './real/random.ts'
import type { LogChoice, ThreadSettings } from './thread-messages.ts'

export function hostOfThread(
  settings: Omit<ThreadSettings, 'arenas'> & { readonly isolate?: boolean },
  arenas: () => readonly ArenaSource[],
): { readonly host: Host; readonly arena: ArenaWriter } {
  const arena = createArena({ thread: settings.thread, epoch: settings.epoch })
  const logSettings = logSettingsOf(settings.log)
  const log = actorLog('runtime', logSettings)
  const host = new Host({
    thread: settings.thread,
    epoch: settings.epoch,
    threads: settings.threads,
    placement: settings.placement,
    capabilities: {
      clock: realClock,
      random: realRandom(),
      ciphers: realCiphers,
      disk: realDisk,
      net: realNet((error) => log.error('Callback of a socket failed', { detail: detailOf(error) })),
      logOf: (actor) => actorLog(actor, logSettings),
    },
    arena,
    inspector: createInspector(arenas, realClock, settings.hungAfterMs),
    load: loadDefinition,
    soon: setImmediate,
    record: settings.record,
    isolate: settings.isolate ?? false,
  })
  return { host, arena }
}

export async function loadDefinition(module: { readonly url: string; readonly name: string }) {
  const url = compiledModule(module.url)
  const definition = (await import(url))[module.name] as ActorDefinition<any, any> | undefined
  if (definition?.behavior === undefined) throw new Error(`${url} has no actor definition ${module.name}`)
  return definition
}

export const logSettingsOf = (choice: LogChoice): LogSettings => ({ ...choice, sink: stderrSink(), now: realClock.now })
