import type { ActorView } from '../runtime/inspection.ts'
import { type Column, renderTable, spanText } from './table.ts'

type Row = { readonly label: string; readonly actor: ActorView | undefined }

/** The actors as a tree by their paths, siblings in order of their first start. @param now clock time, milliseconds. */
export function renderActorTree(actors: readonly ActorView[], now: number): string {
  const columns: readonly Column<Row>[] = [
    { title: 'ACTOR', align: 'left', text: (row) => row.label },
    { title: 'THREAD', align: 'left', text: ({ actor }) => actor?.thread ?? '' },
    { title: 'STATE', align: 'left', text: ({ actor }) => stateText(actor) },
    { title: 'RESTARTS', align: 'right', text: ({ actor }) => (actor === undefined ? '' : String(actor.restarts)) },
    { title: 'UPTIME', align: 'right', text: ({ actor }) => uptimeText(actor, now) },
  ]
  return renderTable(columns, treeRows(actors))
}

/** A handler that runs for so long is worth showing, milliseconds. */
const LONG_HANDLING_MS = 1000

function stateText(actor: ActorView | undefined): string {
  if (actor === undefined) return ''
  const { handling } = actor
  return handling !== undefined && handling.forMs >= LONG_HANDLING_MS
    ? `${actor.state}, in ${handling.kind} for ${spanText(handling.forMs)}`
    : actor.state
}

const uptimeText = (actor: ActorView | undefined, now: number): string =>
  actor === undefined || actor.state === 'stopped' || actor.state === 'failed' ? '' : spanText(now - actor.startedAt)

type Branch = { readonly name: string; actor: ActorView | undefined; readonly children: Map<string, Branch> }

function treeRows(actors: readonly ActorView[]): readonly Row[] {
  const root: Branch = { name: '', actor: undefined, children: new Map() }
  for (const actor of [...actors].sort((a, b) => a.uid - b.uid)) {
    let branch = root
    for (const name of actor.path.split('/').filter((segment) => segment !== '')) {
      const child = branch.children.get(name) ?? { name, actor: undefined, children: new Map() }
      branch.children.set(name, child)
      branch = child
    }
    branch.actor = actor
  }
  const rows: Row[] = []
  function add(branch: Branch, indent: string): void {
    const children = [...branch.children.values()]
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1
      const isTop = branch === root
      rows.push({ label: isTop ? child.name : `${indent}${isLast ? '└─ ' : '├─ '}${child.name}`, actor: child.actor })
      add(child, isTop ? '' : `${indent}${isLast ? '   ' : '│  '}`)
    }
  }
  if (root.actor !== undefined) rows.push({ label: '/', actor: root.actor })
  add(root, '')
  return rows
}
