import { decodeBody } from '../../protocols/body.ts'
import { OMMER_GENERATIONS } from '../../protocols/consensus/ommers.ts'
import { decodeHeader } from '../../protocols/header.ts'
import { bytesToUint } from '../../protocols/rlp.ts'
import type { DatabaseReader } from '../../storage/database.ts'
import { bodyKey, headerKey, totalDifficultyKey } from '../../storage/schema.ts'
import type { Ancestor } from './execute.ts'

/** A stored block and its forefathers, newest first, as many as the ommer rules look at; near genesis there are fewer. */
export function ancestorsOf(
  reader: Pick<DatabaseReader, 'get'>,
  newest: { readonly number: bigint; readonly hash: Uint8Array },
): Ancestor[] {
  const ancestors: Ancestor[] = []
  let { number, hash } = newest
  while (ancestors.length < OMMER_GENERATIONS) {
    const ancestor = storedBlock(reader, number, hash)
    if (ancestor === undefined) throw new Error(`block ${number} is in the chain, but not in the store`)
    ancestors.push(ancestor)
    if (number === 0n) break
    number -= 1n
    hash = ancestor.header.parentHash
  }
  return ancestors
}

/** Undefined when it is not stored. What is stored was checked, so that it does not decode is a bug. */
export function storedBlock(
  reader: Pick<DatabaseReader, 'get'>,
  number: bigint,
  hash: Uint8Array,
): Ancestor | undefined {
  const headerBytes = reader.get(headerKey(number, hash))
  const bodyBytes = reader.get(bodyKey(number, hash))
  const totalDifficulty = reader.get(totalDifficultyKey(number, hash))
  if (headerBytes === undefined || bodyBytes === undefined || totalDifficulty === undefined) return undefined
  const header = decodeHeader(headerBytes)
  const body = decodeBody(bodyBytes)
  if (!header.ok || !body.ok) throw new Error(`stored block ${number} does not decode`)
  return { hash, header: header.value, ommers: body.value.ommers, totalDifficulty: bytesToUint(totalDifficulty) }
}
