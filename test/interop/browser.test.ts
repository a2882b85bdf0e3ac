/** A web page of another origin, in a real browser: what it may do with a node, and what it may not. */
import { afterEach, describe, expect, test } from 'vitest'
import { type Rig, startRig } from '../actors/rpc/rig.ts'
import { chromiumPath, openPage, type Page } from './chromium.ts'

const browser = chromiumPath()
/** A browser that starts beside other work. */
const BROWSER_MS = 60_000

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const { stop } of open.splice(0).reverse()) await stop()
})
async function page(scriptFrom: (origin: string) => string | Promise<string>): Promise<Page> {
  const opened = await openPage(browser as string, scriptFrom, BROWSER_MS)
  open.push({ stop: opened.close })
  return opened
}
async function rigFor(origins: readonly string[]): Promise<Rig> {
  const rig = await startRig({ http: { corsOrigins: origins }, ws: { origins } })
  open.push(rig)
  return rig
}
/** Fetches from and connects to the node, and reports what becomes of it. */
const scriptFor = (rig: Rig) => `
const call = (method) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: method === 'eth_subscribe' ? ['newHeads'] : [] });
fetch(${JSON.stringify(rig.url)}, { method: 'POST', headers: { 'content-type': 'application/json' }, body: call('eth_chainId') })
  .then((response) => response.json())
  .then((answer) => report('fetch', answer), (error) => report('fetch', String(error)));
fetch(${JSON.stringify(rig.url)}, { method: 'POST', mode: 'no-cors', body: call('eth_chainId') })
  .then((response) => report('blind', response.type), (error) => report('blind', String(error)));
const socket = new WebSocket(${JSON.stringify(rig.wsUrl)});
socket.onopen = () => socket.send(call('eth_subscribe'));
let messages = 0;
socket.onmessage = ({ data }) => report(messages++ === 0 ? 'subscribed' : 'head', JSON.parse(data));
socket.onclose = ({ code }) => report('closed', code);
`

// Skipped where no Chromium is found: CHROMIUM_BIN names one.
describe.skipIf(browser === undefined)('a page of another origin in Chromium', () => {
  test(
    'that is listed reads by fetch, and follows new heads over WebSocket',
    async () => {
      let rig: Rig | undefined
      const shown = await page(async (origin) => {
        rig = await rigFor([origin])
        return scriptFor(rig)
      })
      expect(await shown.reported('fetch')).toEqual({ jsonrpc: '2.0', id: 1, result: '0x539' })
      expect(await shown.reported('subscribed')).toMatchObject({ result: expect.stringMatching(/^0x/) })
      const hash = await rig?.grow()
      expect(await shown.reported('head')).toMatchObject({
        method: 'eth_subscription',
        params: { result: { hash, number: '0x1' } },
      })
    },
    BROWSER_MS,
  )

  test(
    'that is not listed reads nothing, and gets no WebSocket',
    async () => {
      const rig = await rigFor(['http://app.example'])
      const shown = await page(() => scriptFor(rig))
      expect(await shown.reported('fetch')).toBe('TypeError: Failed to fetch')
      // Sent without asking first, it is refused for its content type, and its answer is hidden from the page.
      expect(await shown.reported('blind')).toBe('opaque')
      expect(await shown.reported('closed')).toBe(1006)
    },
    BROWSER_MS,
  )

  test(
    'reads nothing of a node that was told nothing',
    async () => {
      const rig = await rigFor([])
      const shown = await page(() => scriptFor(rig))
      expect(await shown.reported('fetch')).toBe('TypeError: Failed to fetch')
      expect(await shown.reported('closed')).toBe(1006)
    },
    BROWSER_MS,
  )
})
