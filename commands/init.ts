import { bytesToHex } from '../protocols/hex.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE } from './command.ts'
import { runNode } from './node-process.ts'
import { nodeSetup } from './node-setup.ts'

export const command = defineCommand({
  name: 'init',
  summary: 'Write a genesis into a data directory',
  usage: 'init [flags] GENESIS',
  examples: ['troupe init genesis.json', 'troupe init --datadir ./chain genesis.json', 'troupe init mainnet'],
  arguments: { min: 1, max: 1 },
  options: {},
  sections: ['storage', 'log'],
  async run({ config, arguments: [genesis], workingDirectory, env, write, complain }) {
    const setup = nodeSetup({
      // What is initialised is started as the same `--network`, and so stands in the same default directory.
      config: {
        ...config,
        consensus: { ...config.consensus, network: genesis! },
        runtime: { ...config.runtime, preset: 'inline', threads: {} },
      },
      workingDirectory,
      env,
      serves: false,
      imports: false,
    })
    if (!setup.ok) {
      complain(`Fatal: ${setup.error.message}\n`)
      return setup.error.exit
    }
    const { spec, dataDirectory } = setup.value.deps
    let hash = ''
    const end = await runNode(
      setup.value,
      {
        importFiles: [],
        events: {},
        ready({ genesisHash }, { stop }) {
          hash = bytesToHex(genesisHash)
          stop()
        },
      },
      complain,
    )
    switch (end.by) {
      case 'plan':
        write(`Genesis ${hash} of ${spec.name}, chain id ${spec.chainId}, is in ${dataDirectory}\n`)
        return EXIT_FINE
      case 'signal':
        return EXIT_FAILED
      case 'failure':
        complain(`Fatal: ${end.message}\n`)
        return EXIT_FAILED
    }
  },
})
