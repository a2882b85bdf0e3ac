/** `npm run bench -- [--small] [name …]`: the cases whose names hold one of the words given, all without any. */
import { asksInFlight } from './asks-in-flight.ts'
import { committing } from './committers.ts'
import { ethashCache, ethashSeal } from './ethash.ts'
import { firstAnswer } from './first-answer.ts'
import { frameBenches } from './frames.ts'
import { type BenchCase, runCase } from './harness.ts'
import { importing, importingSealed } from './import.ts'
import { keccakBenches } from './keccak.ts'
import { oneWay } from './one-way.ts'
import { recordingBetweenThreads, recordingOnOneThread } from './recording.ts'
import { recovering } from './recover.ts'
import { roundTrip } from './round-trip.ts'
import { answeringCases } from './rpc/answering.ts'
import { snappyBenches } from './snappy.ts'
import { trieBlocks, trieInserts, trieReads } from './trie.ts'
import { trieNodeBenches } from './trie-node.ts'

/** A further case is a file beside this one and a line here. */
const CASES: readonly BenchCase[] = [
  oneWay,
  roundTrip,
  asksInFlight,
  recordingBetweenThreads,
  recordingOnOneThread,
  importing,
  importingSealed,
  committing,
  firstAnswer,
  ...keccakBenches,
  ...frameBenches,
  ...snappyBenches,
  ethashCache,
  ethashSeal,
  recovering,
  ...trieNodeBenches,
  trieInserts,
  trieBlocks,
  trieReads,
  ...answeringCases,
]

const words = process.argv.slice(2)
const isSmall = words.includes('--small')
const names = words.filter((word) => !word.startsWith('--'))
const unknown = words.find((word) => word.startsWith('--') && word !== '--small')
const chosen = CASES.filter(({ name }) => names.length === 0 || names.some((word) => name.includes(word)))
if (unknown !== undefined || chosen.length === 0) {
  process.stderr.write(`usage: npm run bench -- [--small] [name …]\n${CASES.map(({ name }) => `  ${name}\n`).join('')}`)
  process.exit(2)
}
for (const benchCase of chosen) await runCase(benchCase, isSmall)
