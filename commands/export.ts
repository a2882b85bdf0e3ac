import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as z from 'zod'
import { concatBytes } from '../protocols/bytes.ts'
import { option } from '../runtime/config.ts'
import type { ChainView } from '../storage/chain-store.ts'
import { chainPieces, type ExportFormat, exportRange } from './chain-export.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE, EXIT_USAGE } from './command.ts'
import { interruption } from './interruption.ts'
import { countText, percent } from './progress-bar.ts'
import { progressLine } from './progress-line.ts'
import { openStoredChain } from './stored-chain.ts'
import { spanText } from './table.ts'

/** Bytes gathered before they are written. */
const WRITE_BYTES = 1024 * 1024

export const command = defineCommand({
  name: 'export',
  summary: 'Write the chain into an era1 or RLP file',
  usage: 'export [flags] FILE [FIRST LAST]',
  examples: [
    'troupe export --mainnet chain.rlp',
    'troupe export --mainnet first.era1 0 8191',
    'troupe export --datadir ./chain --format rlp blocks 100 200',
  ],
  arguments: { min: 1, max: 3 },
  options: {
    format: option(z.enum(['rlp', 'era1']), 'rlp or era1; default by the ending of FILE, else rlp'),
  },
  sections: ['storage'],
  async run({ config, options, arguments: [name, ...range], workingDirectory, write, complain }) {
    const refuse = (exit: number, why: string): number => {
      complain(`Fatal: ${why}\n`)
      return exit
    }
    if (name!.endsWith('.gz'))
      return refuse(EXIT_USAGE, `${name}: files are written uncompressed (gzip ${name!.slice(0, -3)} afterwards)`)
    const format: ExportFormat = options.format ?? (name!.endsWith('.era1') ? 'era1' : 'rlp')
    const opened = await openStoredChain(config, workingDirectory)
    if (!opened.ok) return refuse(EXIT_FAILED, opened.error)
    try {
      const { view } = opened.value
      const blocks = exportRange(range, view.head().number, format)
      if (!blocks.ok) return refuse(EXIT_USAGE, blocks.error)
      const { first, last } = blocks.value
      const beganAt = performance.now()
      const fault = await writeFile(resolve(workingDirectory, name!), view, format, first, last, complain)
      if (fault !== undefined) return refuse(EXIT_FAILED, `${name}: ${fault}`)
      const count = countText(last - first + 1n)
      write(`Exported ${count} blocks (${first} to ${last}) to ${name} in ${spanText(performance.now() - beganAt)}\n`)
      return EXIT_FINE
    } finally {
      await opened.value.close()
    }
  },
})

/** The file appears under its name when it is whole. @returns why there is none. */
async function writeFile(
  path: string,
  view: ChainView,
  format: ExportFormat,
  first: bigint,
  last: bigint,
  complain: (text: string) => void,
): Promise<string | undefined> {
  const part = `${path}.part`
  const line = progressLine(complain, process.stderr.isTTY === true, () => performance.now())
  using interrupted = interruption()
  let file: FileHandle | undefined
  try {
    file = await open(part, 'w')
    let gathered: Uint8Array[] = []
    let size = 0
    for (const { number, pieces } of chainPieces(view, format, first, last)) {
      if (interrupted.signal.aborted) return 'interrupted, nothing was written'
      gathered.push(...pieces)
      for (const piece of pieces) size += piece.length
      if (size < WRITE_BYTES) continue
      await file.appendFile(concatBytes(...gathered))
      gathered = []
      size = 0
      line.show(`${percent(Number(number - first) / Number(last - first + 1n))}  block ${number}`)
    }
    if (gathered.length > 0) await file.appendFile(concatBytes(...gathered))
    await file.sync()
    await file.close()
    file = undefined
    await rename(part, path)
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } finally {
    line.clear()
    await file?.close()
    await rm(part, { force: true })
  }
}
