/**
 * A load of JSON-RPC over keep-alive HTTP: a process of its own, so that it shares no thread with what it measures.
 * `load.js PORT CLIENTS SECONDS BODY [SECONDS of warm-up]` writes one line, `{"answered":N,"seconds":S,"last":"…"}`. Answers are found by
 * their length alone, which is as much as a load can do without being what is measured.
 */
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
const LENGTH_NAME = 'content-length: '

const [port, clients, seconds, warmSeconds] = process.argv.slice(2, 6).map(Number) as [number, number, number, number]
const body = process.argv[6] as string
const request = Buffer.from(
  `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
)
let answered = 0
let last = ''

function client(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    /** Of an answer that has come in part. */
    let kept: Buffer | undefined
    /** The bytes of the last answer: the next is taken for whole when it has as many. */
    let usual = -1
    socket.on('connect', () => resolve(socket))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('a connection was closed')))
    socket.on('data', (piece: Buffer) => {
      if (kept === undefined && piece.length === usual) {
        answered++
        socket.write(request)
        return
      }
      const bytes = kept === undefined ? piece : Buffer.concat([kept, piece])
      const length = answerLength(bytes)
      if (length === undefined || bytes.length < length) {
        kept = bytes
        return
      }
      if (bytes.length > length) throw new Error(`bytes after an answer: ${bytes.toString('latin1')}`)
      kept = undefined
      usual = length
      last = bytes.toString('latin1')
      if (!last.startsWith('HTTP/1.1 200')) throw new Error(`refused: ${last}`)
      answered++
      socket.write(request)
    })
  })
}

/** Undefined while the head is not whole. */
function answerLength(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
  const at = head.indexOf(LENGTH_NAME)
  if (at === -1) throw new Error(`an answer without its length: ${head}`)
  return headEnd + HEAD_END.length + Number.parseInt(head.slice(at + LENGTH_NAME.length), 10)
}

const rest = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000))
const sockets = await Promise.all(Array.from({ length: clients }, client))
for (const socket of sockets) socket.write(request)
await rest(warmSeconds)
const before = answered
const began = performance.now()
await rest(seconds)
const took = (performance.now() - began) / 1000
process.stdout.write(`${JSON.stringify({ answered: answered - before, seconds: took, last })}\n`, () => process.exit(0))
