/** The importer between files on disk and a chain that follows a script. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChainMessages, ImportAnswer } from '../../../actors/chain/messages.ts'
import { importer } from '../../../actors/importer/importer.ts'
import type {
  FileProgress,
  ImporterMessages,
  ImporterNeeds,
  ImportFault,
  ImportTotals,
} from '../../../actors/importer/messages.ts'
import { encodeBlock } from '../../../protocols/block.ts'
import { type BatchedBlock, decodeBlockBatch } from '../../../protocols/block-batch.ts'
import { decodeHeader, encodeHeader, headerHash } from '../../../protocols/header.ts'
import { defineActor, reentrant } from '../../../runtime/actor.ts'
import { startSystem } from '../../../runtime/system.ts'
import { plainHeader } from '../../plain-header.ts'

type ChainFace = Pick<ChainMessages, 'importBlocks'>
/** Answers one batch, or throws to have the chain end and restart. `call` counts from 1, over restarts. */
export type ChainScript = (blocks: readonly NumberedBlock[], call: number) => ImportAnswer | Promise<ImportAnswer>
export type NumberedBlock = BatchedBlock & { readonly number: bigint }

export type ImportRun = {
  readonly totals: ImportTotals
  readonly files: readonly {
    readonly file: string
    readonly fault: ImportFault | undefined
    readonly progress: FileProgress
  }[]
  readonly progress: readonly FileProgress[]
  /** Numbers of the blocks of each batch, as the chain got them. */
  readonly batches: readonly (readonly bigint[])[]
  readonly inFlightMax: number
  readonly batchBytesMax: number
}

export async function runImport(files: readonly string[], script: ChainScript): Promise<ImportRun> {
  const batches: bigint[][] = []
  const done: { file: string; fault: ImportFault | undefined; progress: FileProgress }[] = []
  const progress: FileProgress[] = []
  let inFlight = 0
  let inFlightMax = 0
  let batchBytesMax = 0
  let finish: (totals: ImportTotals) => void = () => {}
  const finished = new Promise<ImportTotals>((resolve) => {
    finish = resolve
  })
  const chain = defineActor<ChainFace>({
    name: 'chain',
    mailbox: { capacity: 16 },
    behavior: () => ({
      importBlocks: reentrant(async ({ blocks }) => {
        inFlightMax = Math.max(inFlightMax, ++inFlight)
        batchBytesMax = Math.max(batchBytesMax, blocks.length)
        try {
          const decoded = decodeBlockBatch(blocks).map((block) => ({ ...block, number: numberOf(block.headerBytes) }))
          batches.push(decoded.map(({ number }) => number))
          return await script(decoded, batches.length)
        } finally {
          inFlight--
        }
      }),
    }),
  })
  const root = defineActor<ImporterNeeds>({
    name: 'supervisor',
    mailbox: { capacity: 64 },
    lossy: { importProgress: { coalesce: '*' } },
    supervision: {
      strategy: 'one_for_one',
      restartsMax: 100,
      windowMs: 60_000,
      backoff: { minMs: 5, maxMs: 5, jitter: 0 },
    },
    behavior(ctx) {
      const child = ctx.spawn({ name: 'chain', actor: chain, deps: undefined })
      ctx.spawn<ImporterMessages, any>({
        name: 'importer',
        actor: importer,
        deps: { files, chain: child.ref, listener: ctx.self },
        restart: 'transient',
        drainMs: 0,
      })
      return {
        importProgress: (at) => void progress.push(at),
        fileDone: (file) => void done.push(file),
        importDone: (totals) => finish(totals),
      }
    },
  })
  const system = await startSystem({
    root,
    deps: undefined,
    placement: {},
    log: { verbosity: 0, format: 'logfmt', colour: false },
  })
  const totals = await finished
  await system.stop()
  return { totals, files: done, progress, batches, inFlightMax, batchBytesMax }
}

const numberOf = (headerBytes: Uint8Array): bigint => {
  const header = decodeHeader(headerBytes)
  if (!header.ok) throw new Error(header.error.code)
  return header.value.number
}

/** A chain that takes what follows its head, skips what it has, and refuses the rest; `number` of the head. */
export function followingChain(head = 0n) {
  let at = head
  return {
    head: () => at,
    take(blocks: readonly NumberedBlock[]): ImportAnswer {
      let imported = 0
      let known = 0
      for (const { number, hash } of blocks) {
        if (number <= at) known++
        else if (number === at + 1n) {
          at++
          imported++
        } else
          return answer(imported, known, at, {
            number,
            hash,
            fault: { code: 'BLOCK_PARENT_UNKNOWN', parentHash: hash },
          })
      }
      return answer(imported, known, at)
    },
  }
}
export const answer = (
  imported: number,
  known: number,
  number: bigint,
  failed: ImportAnswer['failed'] = undefined,
): ImportAnswer => ({
  imported,
  known,
  head: { number, hash: new Uint8Array(32), stateRoot: new Uint8Array(32), totalDifficulty: number },
  sealsChecked: imported,
  failed,
})

/** Concatenated blocks `from` to `to`, each with `extraBytes` of extra data. */
export function blockFile(from: number, to: number, extraBytes = 0): Uint8Array {
  const blocks: Uint8Array[] = []
  let parentHash: Uint8Array = new Uint8Array(32)
  for (let number = from; number <= to; number++) {
    const header = plainHeader({ parentHash, number: BigInt(number), extraData: new Uint8Array(extraBytes) })
    const headerBytes = encodeHeader(header)
    parentHash = headerHash(headerBytes)
    blocks.push(encodeBlock(headerBytes, { transactions: [], ommers: [] }))
  }
  return Buffer.concat(blocks)
}

export async function temporaryFiles() {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-import-'))
  return {
    directory,
    async write(name: string, bytes: Uint8Array): Promise<string> {
      await writeFile(join(directory, name), bytes)
      return join(directory, name)
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
