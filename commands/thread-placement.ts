/** Which actor runs on which thread: a preset, and what the configuration says of single actors. */
import { err, ok, type Result } from '../protocols/result.ts'
import { nearest } from '../runtime/nearest.ts'
import type { Placement } from '../runtime/placement.ts'
import type { NodeConfig } from './config-schema.ts'

/** Committers own ranges of root nibbles, so there are at most sixteen. */
const COMMITTERS_MAX = 16
const COMMITTERS = 'chain/trie-committer-*'

/** By actor, all committers as one. */
export const PRESETS: { readonly [P in NodeConfig['runtime']['preset']]: Placement } = {
  isolated: {
    pool: 'pool',
    storage: 'storage',
    chain: 'chain',
    [COMMITTERS]: 'trie',
    sealer: 'sealer',
    rpc: 'rpc',
    importer: 'importer',
  },
  compact: {
    pool: 'pool',
    storage: 'chain',
    chain: 'chain',
    [COMMITTERS]: 'trie',
    sealer: 'chain',
    rpc: 'net',
    importer: 'sync',
  },
  inline: {},
}
const ACTORS = Object.keys(PRESETS.isolated)

/**
 * Each committer on a thread of its own, `trie-0` and up, where a preset gives all of them one thread; a single one there.
 * @param absent actors that this run does not start, and so has no threads for. @returns a sentence for an unknown actor.
 */
export function placementOf(
  {
    preset,
    threads,
    committers = 1,
  }: Pick<NodeConfig['runtime'], 'preset' | 'threads'> & { readonly committers?: number },
  absent: readonly string[] = [],
): Result<Placement, string> {
  const placement: { [path: string]: string } = {}
  // A committer that is named by its number stands where that says, wherever all of them are.
  const settings = [...Object.entries(PRESETS[preset]), ...Object.entries(threads)]
  const byNumber = settings.filter(([actor]) => numbered(actor))
  for (const [actor, thread] of [...settings.filter(([name]) => !numbered(name)), ...byNumber]) {
    if (!ACTORS.includes(actor) && !numbered(actor)) return err(unknownActor(actor))
    if (absent.includes(actor)) continue
    const paths =
      actor === COMMITTERS ? Array.from({ length: COMMITTERS_MAX }, (_, i) => actor.replace('*', `${i}`)) : [actor]
    for (const path of paths) placement[path] = thread
  }
  if (threads[COMMITTERS] === undefined && committers > 1)
    for (let i = 0; i < committers; i++) {
      const path = COMMITTERS.replace('*', `${i}`)
      const thread = placement[path]
      if (thread !== undefined && threads[path] === undefined) placement[path] = `${thread}-${i}`
    }
  // One that is not started has no thread.
  for (let i = committers; i < COMMITTERS_MAX; i++) delete placement[COMMITTERS.replace('*', `${i}`)]
  return ok(placement)
}

/** Threads for the pool's jobs: none where all is on one thread, else as configured, 0 being one for each core. */
export const poolThreadsOf = (
  { preset, poolThreads }: Pick<NodeConfig['runtime'], 'preset' | 'poolThreads'>,
  cores: number,
): number => (preset === 'inline' ? 0 : poolThreads === 0 ? cores : poolThreads)

function numbered(actor: string): boolean {
  const number = /^chain\/trie-committer-(\d+)$/.exec(actor)?.[1]
  return number !== undefined && Number(number) < COMMITTERS_MAX
}

function unknownActor(actor: string): string {
  const suggestion = nearest(actor, ACTORS)
  const hint = suggestion === undefined ? `there are ${ACTORS.join(', ')}` : `did you mean ${suggestion}?`
  return `runtime.threads: no actor ${JSON.stringify(actor)} (${hint})`
}
