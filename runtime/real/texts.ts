import { Resolver } from 'node:dns/promises'
import type { NetError } from '../capabilities.ts'
import { err, ok, type Result } from '../result.ts'
import { netError } from './net-error.ts'

/** TXT records through the resolvers of the system (`/etc/resolv.conf`), or `servers` in their place. */
export async function resolveTexts(
  name: string,
  timeoutMs: number,
  servers?: readonly string[],
): Promise<Result<readonly (readonly string[])[], NetError>> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  if (servers !== undefined) resolver.setServers(servers)
  let isLate = false
  // The resolver's own limit is for each of its servers.
  const limit = setTimeout(() => {
    isLate = true
    resolver.cancel()
  }, timeoutMs)
  try {
    return ok(await resolver.resolveTxt(name))
  } catch (error) {
    return err(isLate ? { code: 'NET_TIMEOUT', address: name, cause: 'no answer in time' } : netError(name, error))
  } finally {
    clearTimeout(limit)
  }
}
