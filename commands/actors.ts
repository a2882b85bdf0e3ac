import type { ActorView } from '../runtime/inspection.ts'
import { renderActorTree } from './actor-tree.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE } from './command.ts'
import { askNode, attachOptions } from './running-node.ts'

export const command = defineCommand({
  name: 'actors',
  summary: 'Show the actors of a running node',
  usage: 'actors [flags]',
  examples: ['troupe actors', 'troupe actors --mainnet', 'troupe actors --datadir /var/lib/troupe --json'],
  options: attachOptions,
  sections: ['storage', 'ipc'],
  async run(context) {
    const answers = await askNode(context, ['admin_actors'])
    if (answers === undefined) return EXIT_FAILED
    const actors = answers[0] as readonly ActorView[]
    const text = context.options.json ? JSON.stringify(actors, null, 2) : renderActorTree(actors, Date.now())
    context.write(`${text}\n`)
    return EXIT_FINE
  },
})
