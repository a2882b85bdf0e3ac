/** Every setting of the node. Flags keep go-ethereum's names, because that is what users' fingers know. */
import * as z from 'zod'
import { type ConfigOf, defineConfig, option } from '../runtime/config.ts'

export const NETWORKS = ['mainnet', 'sepolia', 'holesky', 'hoodi', 'dev'] as const
export type NetworkName = (typeof NETWORKS)[number]

export const NAMESPACES = [
  'eth',
  'net',
  'web3',
  'txpool',
  'rpc',
  'clique',
  'miner',
  'debug',
  'admin',
  'personal',
  'evm',
  'anvil',
  'hardhat',
] as const
export type Namespace = (typeof NAMESPACES)[number]

/** Who can call these controls the node or its keys: on IPC only, unless named. */
export const PRIVILEGED_NAMESPACES: readonly Namespace[] = [
  'admin',
  'personal',
  'debug',
  'miner',
  'evm',
  'anvil',
  'hardhat',
]

const port = () => z.int().min(0).max(65_535)
const count = (max: number = Number.MAX_SAFE_INTEGER) => z.int().min(0).max(max)
const matching = (pattern: RegExp, expected: string) => z.string().regex(pattern, { error: `expected ${expected}` })
const isFile = (text: string): boolean => /[/\\]|\.json$/.test(text)
const network = z.string().refine((name) => (NETWORKS as readonly string[]).includes(name) || isFile(name), {
  error: `expected ${NETWORKS.join(', ')} or a genesis file (*.json)`,
})
const bootnode = matching(/^(enode:\/\/[0-9a-f]{128}@\S+:\d+(\?\S*)?|enr:[A-Za-z0-9_-]+)$/i, 'enode://… or enr:…')
const cidr = matching(/^[0-9a-f.:]+\/\d{1,3}$/i, 'a network such as 10.0.0.0/8')
const nat = matching(
  /^(any|none|upnp|pmp(:\S+)?|extip:\S+|stun(:\S+)?)$/,
  'any, none, upnp, pmp[:IP], extip:IP or stun[:IP:port]',
)
const rpcPrefix = matching(/^(\/[^?#]*)?$/, 'a path that starts with / and has neither ? nor #')
const address20 = matching(/^0x[0-9a-f]{40}$/i, 'an address of 20 bytes, 0x…')

/** What a timer of Node can wait, in seconds (2^31 ms, rounded down). */
const DEV_PERIOD_S_MAX = 2_000_000

export const nodeOptions = {
  config: option(z.string(), 'Configuration file (default: ./node.config.json, else the packaged one)', {
    placeholder: 'FILE',
    group: 'Configuration',
  }),
  consensus: {
    network: option(network, 'Chain: mainnet, sepolia, holesky, hoodi, dev, or a genesis file', {
      flag: 'network',
      placeholder: 'NAME|FILE',
      default: 'dev',
      shortcuts: {
        mainnet: { value: 'mainnet', description: 'Ethereum mainnet' },
        sepolia: { value: 'sepolia', description: 'Sepolia test network' },
        holesky: { value: 'holesky', description: 'Holesky test network' },
        hoodi: { value: 'hoodi', description: 'Hoodi test network' },
        dev: { value: 'dev', description: 'A chain of one node with funded accounts' },
      },
    }),
    networkId: option(count(), 'Network id in the handshake; 0 is the chain id', { flag: 'networkid', default: 0 }),
    sealCheck: option(z.enum(['all', 'sample', 'none']), 'Which proof-of-work seals are checked: all, sample or none', {
      flag: 'seal-check',
      default: 'all',
    }),
    ethashCacheDirectory: option(z.string().min(1), 'Caches of ethash (default: ethash in the data directory)', {
      flag: 'ethash.cachedir',
      placeholder: 'DIR',
    }),
    ethashCachesOnDisk: option(count(), 'Caches of ethash kept there, 16 MB and more each; 0 keeps none', {
      flag: 'ethash.cachesondisk',
      default: 3,
    }),
    devPeriodS: option(
      count(DEV_PERIOD_S_MAX),
      'Seconds between blocks of the dev chain; 0 makes them when asked (admin_seal)',
      {
        flag: 'dev.period',
        default: 0,
      },
    ),
    devGasLimit: option(z.int().min(5_000), 'Gas limit of the genesis of the dev chain', {
      flag: 'dev.gaslimit',
      default: 30_000_000,
    }),
    devEphemeral: option(
      z.boolean(),
      'Keep the dev chain in memory, nothing of it on disk, gone at the end; all actors then run on one thread',
      { flag: 'dev.ephemeral', default: false },
    ),
    mine: option(z.boolean(), 'Seal blocks (clique)', { flag: 'mine', default: false }),
    etherbase: option(
      address20,
      'Account that seals; on the dev chain gets the fees (default: the first dev account)',
      { flag: 'miner.etherbase', placeholder: 'ADDRESS' },
    ),
    gasLimit: option(count(), 'Gas limit that sealed blocks move to', { flag: 'miner.gaslimit', default: 60_000_000 }),
  },
  storage: {
    dataDirectory: option(z.string().min(1), 'Where everything is kept (default: .troupe in the home directory)', {
      flag: 'datadir',
      placeholder: 'DIR',
    }),
    ancientDirectory: option(z.string().min(1), 'Where ancient blocks are kept (default: in the data directory)', {
      flag: 'datadir.ancient',
      placeholder: 'DIR',
    }),
    freeDiskMb: option(count(), 'Stop in order when less is free, MB; 0 never', {
      flag: 'datadir.minfreedisk',
      default: 2048,
    }),
    cacheMb: option(z.int().min(16), 'Memory of all caches together, MB', { flag: 'cache', default: 1024 }),
    gcMode: option(z.enum(['full', 'archive']), 'History kept: full (90,000 blocks) or archive (all)', {
      flag: 'gcmode',
      default: 'full',
    }),
  },
  p2p: {
    port: option(port(), 'TCP port of the peer listener', { flag: 'port', default: 30_303 }),
    discoveryPort: option(port(), 'UDP port of discovery (default: as --port)', { flag: 'discovery.port' }),
    maxPeers: option(count(10_000), 'Peers; 0 turns p2p off', { flag: 'maxpeers', default: 50 }),
    maxPendingPeers: option(count(10_000), 'Connections being set up; 0 is 50', { flag: 'maxpendpeers', default: 0 }),
    discovery: option(z.boolean(), 'Look for peers', {
      flag: 'discovery',
      default: true,
      shortcuts: { nodiscover: { value: false, description: 'Do not look for peers' } },
    }),
    discoveryV4: option(z.boolean(), 'Discovery v4', { flag: 'discovery.v4', default: true }),
    discoveryV5: option(z.boolean(), 'Discovery v5', { flag: 'discovery.v5', default: true }),
    discoveryDns: option(z.array(z.string()), 'DNS trees of nodes, enrtree://…', { flag: 'discovery.dns' }),
    bootnodes: option(z.array(bootnode), 'First nodes to ask (default: those of the network)', {
      flag: 'bootnodes',
      placeholder: 'ENODE,ENODE',
    }),
    staticNodes: option(z.array(bootnode), 'Nodes to stay connected with', {
      placeholder: 'ENODE,ENODE',
      flag: 'staticnodes',
    }),
    trustedNodes: option(z.array(bootnode), 'Nodes accepted beyond --maxpeers', {
      placeholder: 'ENODE,ENODE',
      flag: 'trustednodes',
    }),
    nat: option(nat, 'How the outside address is found', { flag: 'nat', default: 'any' }),
    netRestrict: option(z.array(cidr), 'Networks that peers must be in', {
      flag: 'netrestrict',
      placeholder: 'CIDR,CIDR',
    }),
    nodeKeyFile: option(z.string().min(1), "File of the node's key (default: in the data directory)", {
      flag: 'nodekey',
      placeholder: 'FILE',
    }),
    nodeKeyHex: option(matching(/^[0-9a-f]{64}$/i, '64 hex digits'), "The node's key, for tests", {
      flag: 'nodekeyhex',
      placeholder: 'HEX',
      flagOnly: true,
    }),
    identity: option(matching(/^[\w.-]{1,64}$/, 'letters, digits, dots and dashes'), 'Name in the client version', {
      flag: 'identity',
      placeholder: 'NAME',
    }),
  },
  http: {
    enabled: option(z.boolean(), 'Serve JSON-RPC over HTTP', { flag: 'http', default: false }),
    address: option(z.string().min(1), 'Address to listen on', { flag: 'http.addr', default: '127.0.0.1' }),
    port: option(port(), 'Port to listen on', { flag: 'http.port', default: 8545 }),
    namespaces: option(z.array(z.enum(NAMESPACES)), 'Namespaces offered', {
      flag: 'http.api',
      default: ['eth', 'net', 'web3'],
    }),
    virtualHosts: option(z.array(z.string()), 'Host headers answered; * is any', {
      flag: 'http.vhosts',
      default: ['localhost'],
    }),
    corsDomains: option(z.array(z.string()), 'Origins that browsers may call from; * is any', {
      flag: 'http.corsdomain',
      default: [],
    }),
    prefix: option(rpcPrefix, 'Path prefix of the endpoint', {
      flag: 'http.rpcprefix',
      default: '',
      placeholder: 'PATH',
    }),
    allowExposedAdmin: option(
      z.boolean(),
      'Allow an address others can reach together with privileged namespaces or dev accounts',
      { flag: 'http.allow-exposed-admin', default: false },
    ),
  },
  ws: {
    enabled: option(z.boolean(), 'Serve JSON-RPC over WebSocket', { flag: 'ws', default: false }),
    address: option(z.string().min(1), 'Address to listen on', { flag: 'ws.addr', default: '127.0.0.1' }),
    port: option(port(), 'Port to listen on; the HTTP port shares its listener', { flag: 'ws.port', default: 8546 }),
    namespaces: option(z.array(z.enum(NAMESPACES)), 'Namespaces offered', {
      flag: 'ws.api',
      default: ['eth', 'net', 'web3'],
    }),
    origins: option(z.array(z.string()), 'Origins that browsers may connect from; * is any', {
      flag: 'ws.origins',
      default: [],
    }),
    prefix: option(rpcPrefix, 'Path prefix of the endpoint', {
      flag: 'ws.rpcprefix',
      default: '',
      placeholder: 'PATH',
    }),
    allowExposedAdmin: option(
      z.boolean(),
      'Allow an address others can reach together with privileged namespaces or dev accounts',
      { flag: 'ws.allow-exposed-admin', default: false },
    ),
  },
  ipc: {
    enabled: option(z.boolean(), 'Serve JSON-RPC on a local socket', {
      flag: 'ipc',
      default: true,
      shortcuts: { ipcdisable: { value: false, description: 'No local socket' } },
    }),
    path: option(z.string().min(1), 'Path of the socket; a bare name stands in the data directory', {
      flag: 'ipcpath',
      placeholder: 'PATH',
      default: 'troupe.ipc',
    }),
  },
  rpc: {
    gasCap: option(count(), 'Gas of eth_call and estimateGas; 0 is no limit', {
      flag: 'rpc.gascap',
      default: 50_000_000,
    }),
    evmTimeoutMs: option(count(), 'Milliseconds of eth_call; 0 is no limit', {
      flag: 'rpc.evmtimeout',
      default: 5_000,
    }),
    txFeeCapEther: option(z.number().min(0), 'Highest fee of a submitted transaction, ether; 0 is no limit', {
      flag: 'rpc.txfeecap',
      default: 1,
    }),
    allowUnprotected: option(z.boolean(), 'Accept transactions without a chain id', {
      flag: 'rpc.allow-unprotected-txs',
      default: false,
    }),
    batchItemsMax: option(count(), 'Calls in one batch; 0 is no limit', {
      flag: 'rpc.batch-request-limit',
      default: 1_000,
    }),
    responseBytesMax: option(count(), 'Bytes of the answer to a batch; 0 is no limit', {
      flag: 'rpc.batch-response-max-size',
      default: 25_000_000,
    }),
    bodyBytesMax: option(z.int().min(1024), 'Bytes of a request', {
      flag: 'rpc.http-body-limit',
      default: 5 * 1024 * 1024,
    }),
    logRangeMax: option(count(), 'Blocks that eth_getLogs looks through; 0 is no limit', {
      flag: 'rpc.rangelimit',
      default: 0,
    }),
  },
  txpool: {
    locals: option(z.array(address20), 'Accounts treated as local', {
      flag: 'txpool.locals',
      placeholder: 'ADDRESS,…',
    }),
    noLocals: option(z.boolean(), 'No exemptions for local transactions', { flag: 'txpool.nolocals', default: false }),
    priceLimit: option(count(), 'Lowest tip, wei', { flag: 'txpool.pricelimit', default: 1 }),
    priceBump: option(z.int().min(1), 'Percent that a replacement must pay more', {
      flag: 'txpool.pricebump',
      default: 10,
    }),
    accountSlots: option(count(), 'Executable slots of an account', { flag: 'txpool.accountslots', default: 16 }),
    globalSlots: option(count(), 'Executable slots of all', { flag: 'txpool.globalslots', default: 5_120 }),
    accountQueue: option(count(), 'Queued transactions of an account', { flag: 'txpool.accountqueue', default: 64 }),
    globalQueue: option(count(), 'Queued transactions of all', { flag: 'txpool.globalqueue', default: 1_024 }),
    lifetimeS: option(count(), 'Seconds a queued transaction is kept', { flag: 'txpool.lifetime', default: 10_800 }),
  },
  wallet: {
    keystore: option(z.string().min(1), 'Directory of key files (default: in the data directory)', {
      flag: 'keystore',
      placeholder: 'DIR',
    }),
    passwordFile: option(z.string().min(1), 'File of passphrases, one a line', {
      flag: 'password',
      placeholder: 'FILE',
    }),
    lightKdf: option(z.boolean(), 'Less memory and time for key files, and less safety', {
      flag: 'lightkdf',
      default: false,
    }),
    usb: option(z.boolean(), 'Use Ledger and Trezor wallets', { flag: 'usb', default: false }),
  },
  metrics: {
    enabled: option(z.boolean(), 'Serve Prometheus metrics at /metrics', { flag: 'metrics', default: false }),
    address: option(z.string().min(1), 'Address to listen on', { flag: 'metrics.addr', default: '127.0.0.1' }),
    port: option(port(), 'Port to listen on', { flag: 'metrics.port', default: 6060 }),
  },
  log: {
    verbosity: option(z.int().min(0).max(5), '0 silent, 1 error, 2 warn, 3 info, 4 debug, 5 trace', {
      flag: 'verbosity',
      default: 3,
    }),
    format: option(z.enum(['terminal', 'logfmt', 'json']), 'terminal, logfmt or json', {
      flag: 'log.format',
      default: 'terminal',
    }),
    file: option(z.string().min(1), 'File that log lines are also written to', {
      flag: 'log.file',
      placeholder: 'FILE',
    }),
  },
  runtime: {
    preset: option(
      z.enum(['isolated', 'compact', 'inline']),
      'Threads: isolated (one each), compact (few), inline (one)',
      {
        flag: 'threads',
        default: 'compact',
      },
    ),
    threads: option(z.record(z.string().min(1), z.string().min(1)), 'Thread of single actors, over the preset', {
      flag: 'runtime.threads',
      placeholder: 'ACTOR=THREAD,…',
      default: {},
    }),
    heapMb: option(z.int().min(0), 'Heap of a thread, MB; 0 is what --cache takes and some room', {
      flag: 'runtime.heap',
      default: 0,
    }),
    youngMb: option(z.int().min(1), 'Young generation of a thread, MB', { flag: 'runtime.young', default: 16 }),
    softLimit: option(z.number().min(0.1).max(1), 'Share of its memory from which a thread is recycled', {
      flag: 'runtime.soft-limit',
      default: 0.7,
    }),
    watchdogMs: option(z.int().min(100), 'A thread whose event loop stands still so long is replaced, milliseconds', {
      flag: 'runtime.watchdog',
      default: 15_000,
    }),
    committers: option(z.int().min(1).max(16), 'Owners of the state trie that work in parallel', {
      flag: 'runtime.committers',
      default: 1,
    }),
    poolThreads: option(count(256), 'Threads for signatures, hashes and seals; 0 is one per core (inline: none)', {
      flag: 'runtime.pool',
      default: 0,
    }),
    restart: option(z.boolean(), 'Start the node again after an abort', {
      flag: 'restart',
      default: true,
      shortcuts: { 'no-restart': { value: false, description: 'End with the node when it aborts' } },
    }),
  },
} as const

export type NodeConfig = ConfigOf<typeof nodeOptions>

export const CONFIG_GROUPS = {
  consensus: 'Network and consensus',
  storage: 'Storage',
  p2p: 'Peers',
  http: 'JSON-RPC over HTTP',
  ws: 'JSON-RPC over WebSocket',
  ipc: 'JSON-RPC over IPC',
  rpc: 'JSON-RPC limits',
  txpool: 'Transaction pool',
  wallet: 'Wallets',
  metrics: 'Metrics',
  log: 'Log',
  runtime: 'Runtime',
}
export const ENVIRONMENT_PREFIX = 'TROUPE_'

/** Whether only this machine can reach a listener at `address`. */
export const isLoopback = (address: string): boolean =>
  /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?)$/i.test(address)

/** What must hold between settings: above all, no stranger may reach what controls the node or spends funded accounts. */
export function nodeConfigRules(config: NodeConfig): readonly { readonly path: string; readonly message: string }[] {
  const lasting =
    config.consensus.devEphemeral && config.consensus.network !== 'dev'
      ? [{ path: 'consensus.devEphemeral', message: 'only the dev chain can be kept in memory' }]
      : []
  const exposed = (['http', 'ws'] as const).flatMap((section) => {
    const { enabled, address, namespaces, allowExposedAdmin } = config[section]
    if (!enabled || allowExposedAdmin || isLoopback(address)) return []
    const exposed = namespaces.filter((namespace) => PRIVILEGED_NAMESPACES.includes(namespace))
    const force = `others can reach this address; --${section}.allow-exposed-admin allows it`
    if (exposed.length > 0)
      return [{ path: `${section}.address`, message: `would expose ${exposed.join(', ')}: ${force}` }]
    if (config.consensus.network === 'dev') {
      return [{ path: `${section}.address`, message: `would expose the funded dev accounts: ${force}` }]
    }
    return []
  })
  return [...lasting, ...exposed]
}

export const nodeConfigSchema = defineConfig({
  options: nodeOptions,
  environmentPrefix: ENVIRONMENT_PREFIX,
  groups: CONFIG_GROUPS,
  rules: nodeConfigRules,
})
