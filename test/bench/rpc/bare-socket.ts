/** `bare-socket.js PORT`: answers whatever comes with the same bytes, unread. No server can be faster, so it shows what the load can ask for. */
import { createServer } from 'node:net'

const BODY = '{"jsonrpc":"2.0","id":100,"result":"0x0"}'
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
)

createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => socket.write(ANSWER))
  socket.on('error', () => socket.destroy())
}).listen(Number(process.argv[2]), '127.0.0.1')
