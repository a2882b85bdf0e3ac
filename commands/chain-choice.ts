/** Which chain `--network` means. */
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { ChainSpec } from '../protocols/chain-spec/chain-spec.ts'
import { parseGenesisText } from '../protocols/chain-spec/genesis-json.ts'
import { networkNamed } from '../protocols/chain-spec/networks.ts'
import { err, ok, type Result } from '../protocols/result.ts'

/** @param network a network's name, or a geth genesis file. @returns a sentence when it is neither. */
export function chooseChain(network: string, workingDirectory: string): Result<ChainSpec, string> {
  const named = networkNamed(network)
  if (named !== undefined) return ok(named)
  let text: string
  try {
    text = readFileSync(resolve(workingDirectory, network), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return err(
      `${network}: ${code === 'ENOENT' ? 'no such genesis file' : `the genesis file cannot be read (${code})`}`,
    )
  }
  const parsed = parseGenesisText(text, basename(network, '.json'))
  if (parsed.ok) return parsed
  const { code, key } = parsed.error
  return err(`${network} is no genesis file: ${key === '' ? '' : `${key}: `}${code}`)
}
