/** Entry of every worker thread: a host with real capabilities, its beat, and its line to the main thread. */
import { getHeapStatistics } from 'node:v8'
import { parentPort, type MessagePort as ThreadPort, workerData } from 'node:worker_threads'
import type { ArenaSource } from './arena/inspector.ts'
import { Link, type Port } from './link.ts'
import { hostOfThread } from './thread-host.ts'
import type { FromThread, ThreadSettings, ToThread } from './thread-messages.ts'

const settings = workerData as ThreadSettings
if (parentPort === null) throw new Error('a thread entry runs in a worker only')
const line: ThreadPort = parentPort
const arenas: ArenaSource[] = [...settings.arenas]
const { host, arena } = hostOfThread(settings, () => arenas)
arenas.push({ thread: settings.thread, epoch: settings.epoch, buffer: arena.buffer, restarts: 0 })

const beat = (): void => {
  const heap = getHeapStatistics()
  arena.beat(Date.now(), heap.used_heap_size, heap.external_memory)
}
beat()
setInterval(beat, settings.beatMs)
arena.state('running')

line.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'link':
      host.linkUp(linkOver(message.peer, message.epoch, message.port))
      return
    case 'arena': {
      const previous = arenas.findIndex((one) => one.thread === message.source.thread)
      if (previous >= 0) arenas.splice(previous, 1)
      arenas.push(message.source)
      return
    }
    case 'down':
      host.threadDown(message.thread, message.reason)
      return
    case 'retire':
      void host.lifecycle.retire().then(() => say({ type: 'retired' }))
      return
  }
})
say({ type: 'ready', arena: arena.buffer })

function linkOver(peer: string, epoch: number, port: ThreadPort): Link {
  return new Link(host, peer, epoch, port as unknown as Port)
}

function say(message: FromThread): void {
  line.postMessage(message)
}
