import type { Net } from '../capabilities.ts'
import { bindUdp } from './datagrams.ts'
import { serveHttp } from './http.ts'
import { listenLocalSocket } from './local-socket.ts'
import { connectTcp, listenTcp } from './tcp.ts'
import { resolveTexts } from './texts.ts'

/** Sockets of this thread. `reportBug` is told what an HTTP responder threw; the client sees only a 500. */
export function realNet(reportBug: (error: unknown) => void): Net {
  return {
    listen: listenTcp,
    connect: connectTcp,
    bindDatagrams: bindUdp,
    resolveText: resolveTexts,
    listenLocal: listenLocalSocket,
    listenHttp: (at, limits, respond, upgrade) => serveHttp(at, limits, respond, reportBug, upgrade),
  }
}
