/**
 * A load of JSON-RPC over keep-alive HTTP: a process of its own, so that it shares no thread with what it measures.
 * `load.js PORT CLIENTS WARM_SECONDS SECONDS BODIES` (a JSON array of bodies, sent in turn) writes one line,
 * `{"answered":N,"seconds":S,"last":"…"}`. Of an answer only status and length are read: that is as much as a load can do
 * without being what is measured. Ends with 1 at the first answer that is not 200.
 */
import { connect, type Socket } from 'node:net'

const HEAD_END = '\r\n\r\n'
const CHUNKS_END = '0\r\n\r\n'
/** Where the status stands in `HTTP/1.1 200`. */
const STATUS_AT = 9
const DIGIT_TWO = 0x32

const [port, clients, warmSeconds, seconds] = process.argv.slice(2, 6).map(Number) as [number, number, number, number]
const requests = (JSON.parse(process.argv[6] as string) as string[]).map((body) =>
  Buffer.from(
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  ),
)
let asked = 0
let answered = 0
let last: Buffer | undefined
const next = (): Buffer => requests[asked++ % requests.length] as Buffer

function client(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    /** Of an answer that has come in part. */
    let kept: Buffer | undefined
    /** Bytes of the last answer: what has as many is taken for a whole one. */
    let usual = -1
    socket.on('connect', () => resolve(socket))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('a connection was closed')))
    socket.on('data', (piece: Buffer) => {
      if (kept !== undefined || piece.length !== usual) {
        const bytes = kept === undefined ? piece : Buffer.concat([kept, piece])
        const length = answerLength(bytes)
        if (length === undefined || bytes.length < length) {
          kept = bytes
          return
        }
        if (bytes.length > length) throw new Error(`bytes after an answer: ${bytes}`)
        kept = undefined
        usual = length
        last = bytes
      } else last = piece
      if (last[STATUS_AT] !== DIGIT_TWO) throw new Error(`refused: ${last}`)
      answered++
      socket.write(next())
    })
  })
}

/** Undefined while that is not known. */
function answerLength(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
  const length = /content-length: (\d+)/.exec(head)?.[1]
  if (length !== undefined) return headEnd + HEAD_END.length + Number(length)
  if (!head.includes('transfer-encoding: chunked')) throw new Error(`an answer of unknown length: ${head}`)
  return bytes.subarray(-CHUNKS_END.length).toString('latin1') === CHUNKS_END ? bytes.length : undefined
}

const rest = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000))
const sockets = await Promise.all(Array.from({ length: clients }, client))
for (const socket of sockets) socket.write(next())
await rest(warmSeconds)
const before = answered
const began = performance.now()
await rest(seconds)
const took = (performance.now() - began) / 1000
const result = { answered: answered - before, seconds: took, last: String(last) }
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
