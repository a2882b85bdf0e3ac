/** Groups of nodes of a directed graph that reach each other (Tarjan's strongly connected components). */

/** @returns each group of two and more nodes, and each node with an edge to itself; sorted. */
export function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const found: string[][] = []

  function visit(node: string): void {
    index.set(node, index.size)
    low.set(node, index.get(node)!)
    stack.push(node)
    onStack.add(node)
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next)
      if (onStack.has(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!))
    }
    if (low.get(node) !== index.get(node)) return
    const group: string[] = []
    for (let member = ''; member !== node; ) {
      member = stack.pop()!
      onStack.delete(member)
      group.push(member)
    }
    if (group.length > 1 || edges.get(node)?.has(node)) found.push(group.sort())
  }

  for (const node of edges.keys()) if (!index.has(node)) visit(node)
  return found.sort()
}

export function addEdge(edges: Map<string, Set<string>>, from: string, to: string): void {
  const known = edges.get(from)
  if (known === undefined) edges.set(from, new Set([to]))
  else known.add(to)
}
