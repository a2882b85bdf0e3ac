import { renderBanner } from './banner.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE, EXIT_RESTART } from './command.ts'
import { runNode } from './node-process.ts'
import { nodeSetup } from './node-setup.ts'

export const command = defineCommand({
  name: 'start',
  summary: 'Run the node',
  usage: 'start [flags]',
  examples: [
    'troupe start',
    'troupe start --http --http.port 8545',
    'troupe start --dev --dev.period 2 --dev.ephemeral',
    'troupe start --mainnet --datadir /var/lib/troupe',
    'troupe start --network genesis.json --threads isolated',
  ],
  options: {},
  restartable: true,
  async run({ config, workingDirectory, env, write, complain }) {
    const setup = nodeSetup({ config, workingDirectory, env, serves: true, imports: false, seals: true })
    if (!setup.ok) {
      complain(`Fatal: ${setup.error.message}\n`)
      return setup.error.exit
    }
    const { spec, dataDirectory, node, sealing } = setup.value.deps
    const end = await runNode(
      setup.value,
      {
        importFiles: [],
        events: {},
        ready: (ready, { inspector }) =>
          write(
            renderBanner({
              clientVersion: node.clientVersion,
              spec,
              dataDirectory,
              sealing,
              node: ready,
              actors: inspector.actors(),
            }),
          ),
      },
      complain,
    )
    if (end.by !== 'failure') return EXIT_FINE
    complain(`Fatal: ${end.message}\n`)
    return end.wasReady ? EXIT_RESTART : EXIT_FAILED
  },
})
