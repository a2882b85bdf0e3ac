import { expect, test } from 'vitest'
import { era1Parser } from '../../../protocols/era1/reader.ts'
import { decodeHeader } from '../../../protocols/header.ts'
import { bytesToHex } from '../../../protocols/hex.ts'
import { describeShared, readShared } from '../../shared-data.ts'
import { ERA1_FILE, killRun } from './kill-run.ts'

/** `npm run soak` does it 50 times. */
const KILLS = Number(process.env.KILLS ?? 8)
/** Where a kill falls is up to the machine in any case. */
const SEED = process.env.SEED ?? 'kills'

describeShared('an import of the first era of mainnet', ERA1_FILE, () => {
  test(
    `killed ${KILLS} times, is taken up at a sound head, and ends at block 8191 (seed ${SEED})`,
    async () => {
      const parser = era1Parser()
      const blocks = parser.push(readShared(...ERA1_FILE))
      if (!blocks.ok) throw new Error(blocks.error.code)
      const newest = blocks.value[blocks.value.length - 1]!
      const header = decodeHeader(newest.headerBytes)
      if (!header.ok) throw new Error(header.error.code)
      const run = await killRun(KILLS, SEED)
      expect(run.kills).toBe(KILLS)
      expect(run.finished.length).toBeGreaterThanOrEqual(Math.floor(KILLS / 4))
      for (const finished of run.finished)
        expect(finished).toEqual({
          number: 8191n,
          hash: bytesToHex(newest.hash),
          stateRoot: bytesToHex(header.value.stateRoot),
        })
    },
    60_000 * KILLS,
  )
})
