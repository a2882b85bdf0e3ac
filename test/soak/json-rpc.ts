/** Mutated requests over HTTP to a running rpc actor: each is answered by JSON-RPC or by nothing, and the actor lives on. */
import { Agent, request } from 'node:http'
import { decodeResponse } from '../../protocols/json-rpc/response.ts'
import { type SeededRandom, seededRandom } from '../../runtime/simulation/random.ts'
import { startRig } from '../actors/rpc/rig.ts'
import { mutatedRequest } from './mutated-request.ts'

const CONNECTIONS = 16
const ANSWER_MS_MAX = 10_000

export type RequestsSent = { readonly answered: number; readonly errors: number; readonly silent: number }

/** @throws at the first answer that is none, and when the actor failed or restarted. */
export async function sendMutatedRequests(count: number, seed: string | number): Promise<RequestsSent> {
  const rig = await startRig()
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const sent = { answered: 0, errors: 0, silent: 0 }
  let left = count
  const client = async (random: SeededRandom): Promise<void> => {
    while (left-- > 0) {
      const body = mutatedRequest(random)
      const { status, text } = await post(agent, rig.port, body)
      if (status !== 200) throw new Error(`status ${status} for ${JSON.stringify(new TextDecoder().decode(body))}`)
      if (text.trim() === '') sent.silent++
      else if (decodeResponse(text) === undefined && !isBatchAnswer(text))
        throw new Error(`no answer: ${text} for ${JSON.stringify(new TextDecoder().decode(body))}`)
      else if (text.includes('"error"')) sent.errors++
      else sent.answered++
    }
  }
  try {
    const random = seededRandom(`requests ${seed}`)
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => client(random.fork(String(i)))))
    const actors = await rig.ipcCall('admin_actors')
    const found = JSON.stringify(actors.result)
    if (!found.includes('"rpc"') || /"restarts":(?!0\b|"0x0")/.test(found))
      throw new Error(`an actor restarted: ${found}`)
    const { result } = await rig.call('eth_chainId')
    if (result !== '0x539') throw new Error(`after all, eth_chainId is ${result}`)
    return sent
  } catch (cause) {
    throw new Error(`mutated requests failed: seed ${seed}, ${count - left} sent`, { cause })
  } finally {
    agent.destroy()
    await rig.stop()
  }
}

const isBatchAnswer = (text: string): boolean => {
  const answers: unknown = JSON.parse(text)
  return Array.isArray(answers) && answers.every((answer) => decodeResponse(JSON.stringify(answer)) !== undefined)
}

function post(agent: Agent, port: number, body: Uint8Array): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const sending = request({ host: '127.0.0.1', port, method: 'POST', agent, headers, timeout: ANSWER_MS_MAX })
    sending.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () => resolve({ status: response.statusCode as number, text }))
      response.on('error', reject)
    })
    sending.on('timeout', () => sending.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)))
    sending.on('error', reject)
    sending.end(body)
  })
}
