/** A page in a real browser, where one is installed: `CHROMIUM_BIN`, or a well-known place. It is no dependency of the project. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]
/** Nothing but the page: no other connection leaves the machine. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
]

/** Undefined where there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env.CHROMIUM_BIN
  if (named !== undefined && named !== '') return named
  return PLACES.find((place) => existsSync(place))
}

export type Page = {
  readonly origin: string
  /** The first report of the page of this kind; what a page reports later is kept. */
  reported(kind: string): Promise<unknown>
  close(): Promise<void>
}

/**
 * Serves one page on a port of its own, which makes it another origin, and shows it in a browser.
 * @param scriptFrom makes what runs in the page; there, `report(kind, value)` tells this process.
 */
export async function openPage(
  browser: string,
  scriptFrom: (origin: string) => string | Promise<string>,
  ms: number,
): Promise<Page> {
  let script = ''
  const reports = new Map<string, unknown>()
  const waiting = new Map<string, (value: unknown) => void>()
  const server = createServer((request, response) => {
    if (request.method !== 'POST') {
      response.setHeader('content-type', 'text/html')
      response.end(request.url === '/' ? `<!doctype html><script type="module">${REPORT}${script}</script>` : '')
      return
    }
    let text = ''
    request.on('data', (piece) => {
      text += piece
    })
    request.on('end', () => {
      const { kind, value } = JSON.parse(text) as { kind: string; value: unknown }
      reports.set(kind, value)
      waiting.get(kind)?.(value)
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address !== 'object') throw new Error('no port for the page')
  const origin = `http://127.0.0.1:${address.port}`
  script = await scriptFrom(origin)
  const profile = await mkdtemp(join(tmpdir(), 'troupe-browser-'))
  // Of a process group of its own, for the browser has children that outlive it for a while.
  const child = spawn(browser, [...FLAGS, `--user-data-dir=${profile}`, '--remote-debugging-port=0', origin], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let said = ''
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2000)
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.on('error', (error) => {
    said += error.message
  })
  return {
    origin,
    reported: (kind) =>
      new Promise((resolve, reject) => {
        if (reports.has(kind)) return resolve(reports.get(kind))
        const timer = setTimeout(() => reject(new Error(`no report of ${kind} within ${ms} ms: ${said}`)), ms)
        waiting.set(kind, (value) => {
          clearTimeout(timer)
          resolve(value)
        })
      }),
    async close() {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch (error) {
        // It had ended by itself.
        if ((error as { code?: string }).code !== 'ESRCH') throw error
      }
      await ended
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

const REPORT = `const report = (kind, value) => fetch('/', { method: 'POST', body: JSON.stringify({ kind, value }) });\n`
