import { expect, test } from 'vitest'
import { simulatedSurroundings } from './surroundings.ts'

test('a simulated network refuses WebSockets with the reason', async () => {
  const { server, close } = await simulatedSurroundings()
  const limits = { bodyBytesMax: 1, connectionsMax: 1, headersTimeoutMs: 1, requestTimeoutMs: 1, idleTimeoutMs: 1 }
  const upgrade = { messageBytesMax: 1, connectionsMax: 1, pingMs: 1, refuse: () => undefined, accept() {} }
  const respond = async () => ({ status: 200, headers: {}, body: '' })
  expect(await server.listenHttp({ host: '127.0.0.1', port: 80 }, limits, respond, upgrade)).toMatchObject({
    ok: false,
    error: { code: 'NET_DENIED', cause: 'WebSockets are not simulated: listen for HTTP alone' },
  })
  await close()
})
