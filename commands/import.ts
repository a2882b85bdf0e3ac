import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import type { SealCheck } from '../actors/chain/messages.ts'
import type { ImportTotals } from '../actors/importer/messages.ts'
import { actorLog, stderrSink } from '../runtime/real/log.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE } from './command.ts'
import { describeImportFault } from './import-fault.ts'
import { importReport } from './import-report.ts'
import { runNode } from './node-process.ts'
import { nodeSetup } from './node-setup.ts'
import { countText } from './progress-bar.ts'
import { spanText } from './table.ts'

/** Of a terminal that does not say. */
const COLUMNS_DEFAULT = 80

export const command = defineCommand({
  name: 'import',
  summary: 'Import blocks from era1 or RLP files',
  usage: 'import [flags] FILE…',
  examples: [
    'troupe import --mainnet mainnet-00000-5ec1ffb8.era1',
    'troupe import --network genesis.json --datadir ./chain chain.rlp',
  ],
  arguments: { min: 1, max: Number.POSITIVE_INFINITY },
  options: {},
  sections: ['consensus', 'storage', 'ipc', 'log', 'runtime'],
  async run({ config, arguments: names, workingDirectory, env, origins, write, complain }) {
    const missing = names.filter((name) => !isReadable(resolve(workingDirectory, name)))
    if (missing.length > 0) {
      for (const name of missing) complain(`Fatal: ${name}: no such file, or it cannot be read\n`)
      return EXIT_FAILED
    }
    const isTerminal = process.stderr.isTTY === true
    const isVerbosityChosen = ['flag', 'environment'].includes(origins.get('log.verbosity')?.source ?? '')
    const setup = nodeSetup({
      config,
      workingDirectory,
      env,
      serves: true,
      imports: true,
      // Lines of the log would break the bar.
      ...(isTerminal && !isVerbosityChosen ? { quieterThan: 'info' as const } : {}),
    })
    if (!setup.ok) {
      complain(`Fatal: ${setup.error.message}\n`)
      return setup.error.exit
    }
    const { spec, dataDirectory } = setup.value.deps
    const now = () => performance.now()
    const report = importReport({
      files: names.length,
      now,
      to: isTerminal
        ? { type: 'terminal', columns: () => process.stderr.columns || COLUMNS_DEFAULT, write: complain }
        : { type: 'log', log: actorLog('import', { ...setup.value.log, sink: stderrSink(), now: Date.now }) },
    })
    const nameOf = new Map(names.map((name) => [resolve(workingDirectory, name), name]))
    let startedAt = now()
    let stop = () => {}
    let totals: ImportTotals | undefined
    const end = await runNode(
      setup.value,
      {
        importFiles: names.map((name) => resolve(workingDirectory, name)),
        events: {
          importProgress: report.progress,
          fileDone({ file, fault, progress }) {
            const { imported, known } = report.fileDone(progress)
            const name = nameOf.get(file) ?? file
            write(`${name}: ${countText(imported)} blocks imported, ${countText(known)} known already\n`)
            if (fault !== undefined) complain(`${name}: ${describeImportFault(fault)}\n`)
          },
          importDone(done) {
            totals = done
            stop()
          },
        },
        ready({ head, ipc }, running) {
          stop = running.stop
          startedAt = now()
          report.begin()
          const look = ipc === undefined ? '' : `; \`troupe mailboxes --attach ${ipc}\` shows the actors at work`
          complain(`Importing into ${dataDirectory} (${spec.name}, head ${head.number})${look}\n`)
        },
      },
      (text) => {
        report.clear()
        complain(text)
      },
    )
    const elapsedMs = now() - startedAt
    switch (end.by) {
      case 'plan': {
        const { imported, head, faults, sealsChecked } = totals!
        const rate = countText(Math.round((imported * 1000) / Math.max(1, elapsedMs)))
        write(`Imported ${countText(imported)} blocks in ${spanText(elapsedMs)} (${rate}/s), head ${head}\n`)
        if (spec.consensus === 'ethash') write(`${describeSeals(config.consensus.sealCheck, sealsChecked)}\n`)
        return faults === 0 ? EXIT_FINE : EXIT_FAILED
      }
      case 'signal': {
        const last = report.last()
        const far =
          last === undefined
            ? 'before the first blocks'
            : `at block ${last.head}, ${countText(last.imported)} blocks imported`
        complain(`Interrupted ${far}. The same command again goes on from there.\n`)
        return EXIT_FAILED
      }
      case 'failure':
        complain(`Fatal: ${end.message}\n`)
        return EXIT_FAILED
    }
  },
})

/** Of blocks and of ommers, which have seals too. */
function describeSeals(check: SealCheck, checked: number): string {
  switch (check) {
    case 'all':
      return `Checked all seals: ${countText(checked)}`
    case 'sample':
      return `Checked one seal in 100, at random: ${countText(checked)} (--seal-check all checks all)`
    case 'none':
      return 'Checked no seals (--seal-check none)'
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
