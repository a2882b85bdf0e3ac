/** `npm run soak -- [--seed=TEXT] [name[=count] …]`: what takes too long for every commit; all cases without a name. */
import { crashRun, crashScript, type Trouble } from '../actors/chain/crash-run.ts'
import { killRun } from '../actors/chain/kill-run.ts'
import { longImport } from '../actors/chain/long-import.ts'
import { networkRun } from '../actors/discovery/network.ts'
import { floodRuns } from '../actors/rpc/flood-run.ts'
import { sealingThroughPowerFailures, sealingThroughRestarts } from '../actors/sealer/sealing-run.ts'
import { median } from '../bench/harness.ts'
import { fuzzCodecs } from '../protocols/rlpx/fuzzed-codecs.ts'
import { fuzzTrie } from '../storage/trie/fuzz-run.ts'
import { mutateDiscovery } from './discovery-codecs.ts'
import { sendMutatedRequests } from './json-rpc.ts'

type SoakCase = {
  readonly name: string
  readonly count: number
  /** What is counted. */
  readonly of: string
  /** @returns what is worth keeping of the run. Throws where something did not hold. */
  readonly run: (count: number, seed: string) => Promise<string>
}

const CACHE_MB = 64
const REST_MB = 300
/** Histories of tries are so many times as long as in the tests of every commit. */
const TRIE_STRETCH = 8
/** Of one simulated network. */
const NETWORK_NODES = 200
const TROUBLES: readonly Trouble[] = ['crashes', 'restarts', 'both']

const CASES: readonly SoakCase[] = [
  {
    name: 'kills',
    count: 50,
    of: 'kills of a real import',
    async run(count, seed) {
      const { heads, finished } = await killRun(count, seed)
      const hashes = new Set(finished.map(({ hash, stateRoot }) => `${hash} ${stateRoot}`))
      if (hashes.size !== 1) throw new Error(`different ends: ${[...hashes]}`)
      return `heads after a kill ${heads.join(' ')}; ${finished.length} imports went on to block ${finished[0]?.number}`
    },
  },
  {
    name: 'simulation',
    count: 2_000,
    of: 'seeds of a simulated import with power failures and restarts',
    async run(count, seed) {
      const script = await crashScript()
      const wanted = await crashRun(script, 'undisturbed', 'none')
      let crashes = 0
      let restarts = 0
      for (let i = 0; i < count; i++) {
        const run = await crashRun(script, `${seed} ${i}`, TROUBLES[i % TROUBLES.length] as Trouble)
        if (run.hash !== wanted.hash || run.stateRoot !== wanted.stateRoot)
          throw new Error(`seed "${seed} ${i}" ends at block ${run.number} ${run.hash}`)
        crashes += run.crashes
        restarts += run.restarts
      }
      return `${crashes} power failures, ${restarts} restarts, every one ends at block ${wanted.number}`
    },
  },
  {
    name: 'sealing',
    count: 300,
    of: 'seeds of a dev chain that seals, through restarts and power failures',
    async run(count, seed) {
      let restarts = 0
      let blocks = 0
      for (let i = 0; i < count; i++) {
        restarts += await sealingThroughRestarts(`${seed} ${i}`)
        blocks += await sealingThroughPowerFailures(`${seed} ${i}`)
      }
      return `${restarts} restarts, ${blocks} blocks over power failures`
    },
  },
  {
    name: 'memory',
    count: 81_920,
    of: 'blocks of a generated file',
    async run(count, seed) {
      const { fileBytes, peakBytes, durationMs } = await longImport(count, seed, CACHE_MB)
      const peakMb = Math.ceil(peakBytes / 1024 / 1024)
      const told = `${Math.ceil(fileBytes / 1024 / 1024)} MB imported in ${Math.round(durationMs / 1000)} s, at most ${peakMb} MB resident`
      if (peakMb > CACHE_MB + REST_MB) throw new Error(`${told}; ${CACHE_MB} MB of caches + ${REST_MB} MB are allowed`)
      return told
    },
  },
  {
    name: 'flood',
    count: 81_920,
    of: 'blocks imported under a flood of 200 clients and 10 subscribers that read nothing, three times with and without',
    async run(count, seed) {
      const quiet = { clients: 0, subscribers: 0 }
      const flood = { clients: 200, subscribers: 10 }
      const runs = await floodRuns({ blocks: count, cacheMb: CACHE_MB, seed }, [
        quiet,
        flood,
        flood,
        quiet,
        quiet,
        flood,
      ])
      const still = runs.filter(({ clients }) => clients === 0)
      const flooded = runs.filter(({ clients }) => clients > 0)
      const times = (some: typeof runs) => some.map(({ importMs }) => importMs / 1000)
      const shown = (some: typeof runs) =>
        times(some)
          .map((seconds) => seconds.toFixed(1))
          .join(' ')
      const slower = (median(times(flooded)) / median(times(still)) - 1) * 100
      const peaksMb = flooded.map(({ resident }) => Math.ceil(Math.max(...resident) / 1024 / 1024))
      const told =
        `import ${shown(still)} s quiet, ${shown(flooded)} s flooded: ${slower.toFixed(1)} % slower; ` +
        `${runs.map(({ busyMs }) => (busyMs / 1000).toFixed(1)).join(' ')} s of CPU in turn; ` +
        `${flooded.map(({ answered }) => answered).join(' ')} calls answered; at most ` +
        `${peaksMb.join(' ')} MB resident; ${flooded.map(({ cutOff }) => cutOff.length).join(' ')} subscribers cut off`
      for (const { wrong, cutOff } of flooded) {
        if (wrong.length > 0) throw new Error(`${told}; wrong answers: ${wrong.slice(0, 3)}`)
        // One whose buffers in the kernel outlast the import is told that the server stops.
        const isExplained = ({ code, reason }: (typeof cutOff)[number]) =>
          (code === 1008 || code === 1000) && reason !== ''
        if (!cutOff.some(({ code }) => code === 1008) || !cutOff.every(isExplained))
          throw new Error(`${told}; ends of subscribers: ${JSON.stringify(cutOff)}`)
      }
      if (Math.max(...peaksMb) > CACHE_MB + REST_MB) throw new Error(`${told}; ${CACHE_MB + REST_MB} MB are allowed`)
      return told
    },
  },
  {
    name: 'json-rpc',
    count: 1_000_000,
    of: 'mutated JSON-RPC requests over HTTP',
    async run(count, seed) {
      const { answered, errors, silent } = await sendMutatedRequests(count, seed)
      return `${answered} answered, ${errors} refused, ${silent} without an answer due`
    },
  },
  {
    name: 'network',
    count: 200,
    of: 'seeds of 200 nodes that find each other through loss, a partition and deaths',
    async run(count, seed) {
      let least = 1
      let slowestMs = 0
      for (let i = 0; i < count; i++) {
        // One in fifty with signatures of the curve, and as many twice.
        const hasRealKeys = i % 50 === 1
        const run = await networkRun(`${seed} ${i}`, NETWORK_NODES, 0, hasRealKeys)
        if (run.foundLeast < 0.9)
          throw new Error(`seed "${seed} ${i}": a node found only ${run.foundLeast} of the others`)
        least = Math.min(least, run.foundLeast)
        slowestMs = Math.max(slowestMs, run.cleanMs)
        if (i % 50 !== 0) continue
        const again = await networkRun(`${seed} ${i}`, NETWORK_NODES, 0, hasRealKeys)
        if (again.hash !== run.hash) throw new Error(`seed "${seed} ${i}" fell out in two ways`)
      }
      return `each node found at least ${(least * 100).toFixed(1)} % of the others; tables clean after at most ${slowestMs / 60_000} min`
    },
  },
  {
    name: 'discovery',
    count: 5_000_000,
    of: 'mutated inputs for each codec of discovery',
    run: async (count, seed) => `accepted ${mutateDiscovery(count, seed)}`,
  },
  {
    name: 'rlpx',
    count: 5_000_000,
    of: 'tampered inputs for each codec of RLPx and of the base protocol',
    async run(count, seed) {
      return Object.entries(fuzzCodecs(count, seed))
        .map(([codec, outcomes]) => `${codec}: ${outcomes.taken ?? 0} taken, ${Object.keys(outcomes).length} outcomes`)
        .join('; ')
    },
  },
  {
    name: 'trie',
    count: 10_000_000,
    of: 'operations on tries beside those of @ethereumjs/mpt',
    async run(count, seed) {
      const done = await fuzzTrie(count, seed, TRIE_STRETCH)
      return Object.entries(done)
        .map(([what, times]) => `${times} ${what}`)
        .join(', ')
    },
  },
]

const words = process.argv.slice(2)
const seed = words.find((word) => word.startsWith('--seed='))?.slice('--seed='.length) ?? String(Date.now())
const wishes = words.filter((word) => !word.startsWith('--')).map((word) => word.split('='))
const isKnown = ([name, count = '1']: readonly (string | undefined)[]): boolean =>
  CASES.some((one) => one.name === name) && /^[1-9]\d*$/.test(count)
if (words.some((word) => word.startsWith('--') && !word.startsWith('--seed=')) || !wishes.every(isKnown)) {
  const names = CASES.map(({ name, count, of }) => `  ${name.padEnd(12)} ${count} ${of}\n`).join('')
  process.stderr.write(`usage: npm run soak -- [--seed=TEXT] [name[=count] …]\n${names}`)
  process.exit(2)
}
for (const { name, count, of, run } of CASES) {
  const wish = wishes.find(([wished]) => wished === name)
  if (wishes.length > 0 && wish === undefined) continue
  const times = Number(wish?.[1] ?? count)
  const startedAt = performance.now()
  process.stdout.write(`${name}: ${times} ${of}, seed ${seed}\n`)
  let result: string
  try {
    result = `passed: ${await run(times, seed)}`
  } catch (thrown) {
    process.exitCode = 1
    result = `FAILED: ${(thrown as Error).stack}\n${String(((thrown as Error).cause as Error | undefined)?.stack ?? '')}`
  }
  process.stdout.write(`${name}: ${Math.round((performance.now() - startedAt) / 1000)} s, ${result}\n`)
}
