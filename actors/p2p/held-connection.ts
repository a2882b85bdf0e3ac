import type { Connection } from '../../runtime/capabilities.ts'
import type { HeldConnection, SocketEvents } from '../session/messages.ts'

/**
 * Takes a connection's events in the turn in which it is given, and keeps them for the session, which starts in a later one.
 * Next to nothing comes meanwhile, because the socket is paused.
 */
export function holdConnection(connection: Connection): HeldConnection {
  const early: ((events: SocketEvents) => void)[] = []
  connection.handle({
    data: (bytes) => void early.push((events) => events.data(bytes)),
    end: (reason) => void early.push((events) => events.end(reason)),
  })
  connection.pause()
  return {
    connection,
    take(events) {
      connection.handle(events)
      for (const happened of early) happened(events)
      connection.resume()
    },
  }
}
