/** JSON-RPC requests as a careless or hostile client sends them: sound ones, and sound ones with bytes changed. */
import type { SeededRandom } from '../../runtime/simulation/random.ts'

const ADDRESS = '"0x00000000000000000000000000000000000000ff"'
const CALLS = [
  '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}',
  '{"jsonrpc":"2.0","id":"ä","method":"eth_blockNumber"}',
  `{"jsonrpc":"2.0","id":2,"method":"eth_getBalance","params":[${ADDRESS},"latest"]}`,
  `{"jsonrpc":"2.0","id":3,"method":"eth_getTransactionCount","params":[${ADDRESS},{"blockNumber":"0x0"}]}`,
  '{"jsonrpc":"2.0","id":4,"method":"eth_getBlockByNumber","params":["0x0",true]}',
  '{"jsonrpc":"2.0","id":5,"method":"eth_getBlockByHash","params":["0x12",false]}',
  '{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"eth_syncing"}',
  '{"jsonrpc":"2.0","method":"net_version"}',
  '{"jsonrpc":"2.0","id":6,"method":"web3_sha3","params":["0x68656c6c6f"]}',
  '{"jsonrpc":"2.0","id":7,"method":"admin_actors","params":[]}',
  '[{"jsonrpc":"2.0","id":8,"method":"rpc_modules"},{"jsonrpc":"2.0","id":9,"method":"x_y","params":[1e999,-0,{"a":[]}]}]',
]
const JUNK = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '1e99999',
  '\u0000',
  'null',
  '0x',
  '\\ud800',
  '-',
  '"id":',
  ' ',
  '\\u',
]
const CHANGES_MAX = 5
const NOISE_BYTES_MAX = 300
const DEPTH_MAX = 2_000
/** One request in so many is nested deeply, one is noise. */
const RARE = 64

export function mutatedRequest(random: SeededRandom): Uint8Array {
  const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)] as T
  const kind = random.integer(RARE)
  if (kind === 0) return random.bytes(random.integer(NOISE_BYTES_MAX))
  let text = kind === 1 ? pick(['[', '{"a":', '[[],', '[1,']).repeat(random.integer(DEPTH_MAX)) : pick(CALLS)
  for (let left = random.integer(CHANGES_MAX); left > 0; left--) {
    const at = random.integer(text.length + 1)
    text = text.slice(0, at) + pick(JUNK) + text.slice(at + random.integer(4))
  }
  const bytes = new TextEncoder().encode(text)
  if (kind < RARE / 8)
    for (let left = CHANGES_MAX; left > 0 && bytes.length > 0; left--)
      bytes[random.integer(bytes.length)] = random.integer(256)
  return bytes
}
