/** Stored blocks as the pieces of a file. */
import { joinBlock } from '../protocols/block.ts'
import { ERA1_BLOCKS_MAX } from '../protocols/era1/accumulator.ts'
import { era1Writer } from '../protocols/era1/writer.ts'
import { err, ok, type Result } from '../protocols/result.ts'
import type { ChainView } from '../storage/chain-store.ts'

export type ExportFormat = 'rlp' | 'era1'

/** @param given nothing for all blocks, or the first and the last as decimal digits. @returns a sentence when it is no range. */
export function exportRange(
  given: readonly string[],
  head: bigint,
  format: ExportFormat,
): Result<{ readonly first: bigint; readonly last: bigint }, string> {
  if (given.length === 1) return err('a range has two numbers: FIRST LAST')
  const wrong = given.find((text) => !/^\d{1,19}$/.test(text))
  if (wrong !== undefined) return err(`${JSON.stringify(wrong)} is no block number`)
  const [first, last] = given.length === 0 ? [0n, head] : [BigInt(given[0]!), BigInt(given[1]!)]
  if (first > last) return err(`the range is empty: ${first} is above ${last}`)
  if (last > head) return err(`block ${last} is above the head, which is ${head}`)
  if (format === 'era1' && last - first >= BigInt(ERA1_BLOCKS_MAX)) {
    return err(`an era1 file holds ${ERA1_BLOCKS_MAX} blocks, ${last - first + 1n} were asked for: name FIRST and LAST`)
  }
  return ok({ first, last })
}

/** The canonical blocks in order, each with its bytes of the file. A store that lacks one of them is damaged, and throws. */
export function* chainPieces(
  view: Pick<ChainView, 'canonicalHash' | 'header' | 'body' | 'receipts' | 'totalDifficulty'>,
  format: ExportFormat,
  first: bigint,
  last: bigint,
): Generator<{ readonly number: bigint; readonly pieces: readonly Uint8Array[] }> {
  const era1 = format === 'era1' ? era1Writer() : undefined
  const stored = <T>(what: string, number: bigint, value: T | undefined): T => {
    if (value === undefined) throw new Error(`the ${what} of block ${number} is not stored`)
    return value
  }
  for (let number = first; number <= last; number++) {
    const hash = stored('hash', number, view.canonicalHash(number))
    const headerBytes = stored('header', number, view.header(number, hash))
    const bodyBytes = stored('body', number, view.body(number, hash))
    if (era1 === undefined) {
      const joined = joinBlock(headerBytes, bodyBytes)
      if (!joined.ok) throw new Error(`the body of block ${number} is unreadable: ${joined.error.code}`)
      yield { number, pieces: [joined.value] }
      continue
    }
    const receiptsBytes = stored('receipts', number, view.receipts(number, hash))
    const totalDifficulty = stored('total difficulty', number, view.totalDifficulty(number, hash))
    yield { number, pieces: era1.add({ number, headerBytes, bodyBytes, receiptsBytes, totalDifficulty }) }
  }
  if (era1 !== undefined) yield { number: last, pieces: era1.finish().pieces }
}
