/** Finds and reads the configuration file. */
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { ConfigError, ConfigFile } from '../runtime/config.ts'
import { err, ok, type Result } from '../runtime/result.ts'
import { packageFile } from './package-root.ts'

export const CONFIG_FILE_NAME = 'node.config.json'

/** `given` must exist; without it the one of the working directory, else the packaged one, else none. */
export function findConfigFile(
  given: string | undefined,
  workingDirectory: string,
): Result<ConfigFile | undefined, ConfigError> {
  if (given !== undefined) return read(resolve(workingDirectory, given), given)
  for (const path of [resolve(workingDirectory, CONFIG_FILE_NAME), packageFile(CONFIG_FILE_NAME)]) {
    const found = read(path, basename(path))
    if (found.ok || found.error.message !== NOT_FOUND) return found
  }
  return ok(undefined)
}

const NOT_FOUND = 'no such file'

function read(path: string, name: string): Result<ConfigFile, ConfigError> {
  const refuse = (message: string) =>
    err<ConfigError>({ code: 'CONFIG_FILE', source: 'file', name, message, suggestion: undefined })
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return refuse(code === 'ENOENT' ? NOT_FOUND : `cannot be read (${code})`)
  }
  try {
    return ok({ name, json: JSON.parse(text) })
  } catch (error) {
    return refuse(`is no JSON: ${(error as Error).message}`)
  }
}
