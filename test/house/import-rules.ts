/** Which file may import what (design, sections 1 and 2). */
import { isBuiltin } from 'node:module'
import { actorOf } from './actor-folder.ts'
import { addEdge, cyclesOf } from './cycles.ts'
import { allImports, type ImportSite } from './imports.ts'
import { SOURCE_FOLDERS, type SourceFolder } from './repository.ts'
import type { Sources, Violation } from './violation.ts'

/** Folders of ours that a folder may import from, besides itself. */
export const ARROWS: { readonly [F in SourceFolder]: readonly SourceFolder[] } = {
  runtime: [],
  protocols: [],
  storage: ['protocols'],
  actors: ['runtime', 'storage', 'protocols'],
  commands: ['runtime', 'storage', 'protocols', 'actors'],
}

/** Files that may import by a computed name, each with its reason. */
export const COMPUTED_IMPORTS: { readonly [file: string]: string } = {
  'runtime/thread-host.ts': 'a thread loads the actor modules it is told to run',
  'runtime/pool-thread.ts': 'a thread of the pool loads the modules of the jobs it is told to run',
  'runtime/simulation/node.ts': 'a simulation loads the actor modules it is told to run, before its world turns',
  'protocols/kernels/compiled-kernel.ts': 'kernels stand in the build only, put there by another compiler than tsc',
  'commands/dispatch.ts': 'a command is loaded by its name, which the table of commands knows',
}

/** Files that may load modules otherwise than by import, each with its reason. */
const ROUNDABOUT: { readonly [file: string]: string } = {
  'runtime/simulation/forbidden.ts': 'puts guards into modules of Node, which an import shows as constants',
}

/** `node:` modules by file or folder (ending in `/`); what is not named has none. `*`: any. */
export const NODE_MODULES: { readonly [place: string]: readonly string[] } = {
  'runtime/real/': ['*'],
  'runtime/threads.ts': ['worker_threads'],
  'runtime/thread-entry.ts': ['worker_threads', 'v8'],
  'runtime/thread-messages.ts': ['worker_threads'],
  'runtime/thread-host.ts': ['worker_threads'],
  'runtime/pool.ts': ['worker_threads'],
  'runtime/module-url.ts': ['url'],
  'runtime/simulation/forbidden.ts': ['module'], // takes hold of the real timers in order to forbid them
  'runtime/simulation/event-log.ts': ['crypto'], // hashes the log: a function of its input
  'storage/data-directory.ts': ['fs', 'fs/promises', 'os', 'path'], // creates and locks it
  'storage/database.ts': ['fs', 'fs/promises', 'path'],
  'commands/': ['*'],
}

/** Packages that a folder may load; types may come from any dependency. */
export const PACKAGES: { readonly [F in SourceFolder]: readonly string[] } = {
  runtime: ['zod', 'piscina', 'ws', 'usb', 'lru-cache'],
  protocols: [
    '@ethereumjs/genesis',
    '@ethereumjs/rlp',
    '@noble/ciphers',
    '@noble/curves',
    '@noble/hashes',
    '@noble/secp256k1',
    'kzg-wasm',
    'micro-eth-signer',
    'secp256k1',
    'tiny-secp256k1',
  ],
  storage: ['abstract-level', 'classic-level', 'level', 'lru-cache', 'memory-level'],
  actors: ['lru-cache'],
  commands: ['ws', 'zod'],
}

export function importViolations(sources: Sources, dependencies: ReadonlySet<string>): Violation[] {
  const sites = allImports(sources).filter(({ file }) => folderOf(file) !== undefined)
  return [
    ...sites.flatMap((site) => brokenBy(site, sources, dependencies)),
    ...valueCycles(sites),
    ...actorFolderCycles(sites, sources),
  ]
}

/** Allowances that nothing uses any more. */
export function staleAllowances(sources: Sources): string[] {
  const computed = new Set(allImports(sources).flatMap((site) => (site.specifier === undefined ? [site.file] : [])))
  return Object.keys(COMPUTED_IMPORTS).filter((file) => sources.has(file) && !computed.has(file))
}

function brokenBy(site: ImportSite, sources: Sources, dependencies: ReadonlySet<string>): Violation[] {
  const broken = (rule: string, detail = site.specifier ?? 'a computed name'): Violation[] => [
    { rule, at: `${site.file}:${site.line}`, detail },
  ]
  if (site.roundabout && !(site.file in ROUNDABOUT)) return broken('modules are loaded by import only')
  if (site.specifier === undefined)
    return site.file in COMPUTED_IMPORTS ? [] : broken('no computed imports but those allowed by name')
  if (site.target !== undefined) return brokenInside(site, site.target, sources, broken)
  const folder = folderOf(site.file)!
  if (isBuiltin(site.specifier)) {
    if (!site.specifier.startsWith('node:')) return broken("Node's own modules are imported as node:…")
    return site.form === 'type' || site.roundabout || mayUseNode(site.file, site.specifier.slice('node:'.length))
      ? []
      : broken('node: modules only where they are allowed')
  }
  const name = packageOf(site.specifier)
  if (!dependencies.has(name) && site.form !== 'type') return broken('packages loaded are dependencies', name)
  if (site.form !== 'type' && !PACKAGES[folder].includes(name)) return broken(`packages allowed in ${folder}/`, name)
  return []
}

function brokenInside(
  site: ImportSite,
  target: string,
  sources: Sources,
  broken: (rule: string, detail?: string) => Violation[],
): Violation[] {
  const from = folderOf(site.file)!
  const to = folderOf(target)
  if (!target.endsWith('.ts')) return broken('imports end in .ts')
  if (!sources.has(target)) return broken('imports name a file that exists')
  if (to === undefined || (to !== from && !ARROWS[from].includes(to))) return broken(`${from}/ imports ${target}`)
  if (site.form !== 'type' && target.endsWith('/messages.ts')) return broken('messages files are imported as types')
  if (from !== 'actors' || to !== 'actors' || actorOf(site.file, sources) === actorOf(target, sources)) return []
  if (!target.endsWith('/messages.ts')) return broken('of another actor its messages file only')
  return []
}

function valueCycles(sites: readonly ImportSite[]): Violation[] {
  const edges = new Map<string, Set<string>>()
  for (const { file, form, target } of sites) if (form === 'value' && target !== undefined) addEdge(edges, file, target)
  return cyclesOf(edges).map((cycle) => ({
    rule: 'files do not import each other in a ring',
    at: `${cycle[0]}:1`,
    detail: cycle.join(', '),
  }))
}

/** Types make no ring at run time, but actors that know each other's messages cannot be read one after the other. */
function actorFolderCycles(sites: readonly ImportSite[], sources: Sources): Violation[] {
  const edges = new Map<string, Set<string>>()
  for (const { file, target } of sites) {
    if (folderOf(file) !== 'actors' || target === undefined || folderOf(target) !== 'actors') continue
    const [from, to] = [actorOf(file, sources), actorOf(target, sources)]
    if (from !== to) addEdge(edges, from, to)
  }
  return cyclesOf(edges).map((cycle) => ({
    rule: 'actor folders do not know each other in a ring',
    at: `actors/${cycle[0]}:1`,
    detail: cycle.join(', '),
  }))
}

const folderOf = (file: string): SourceFolder | undefined =>
  SOURCE_FOLDERS.find((folder) => file.startsWith(`${folder}/`))

function mayUseNode(file: string, name: string): boolean {
  return Object.entries(NODE_MODULES).some(
    ([place, names]) =>
      (place === file || (place.endsWith('/') && file.startsWith(place))) &&
      (names.includes('*') || names.includes(name)),
  )
}

const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
