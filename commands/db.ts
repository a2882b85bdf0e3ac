import { bytesToHex } from '../protocols/hex.ts'
import { type StateFault, verifyState } from '../storage/state/verify-state.ts'
import { defineCommand, EXIT_FAILED, EXIT_FINE, EXIT_USAGE } from './command.ts'
import { interruption } from './interruption.ts'
import { countText, percent } from './progress-bar.ts'
import { progressLine } from './progress-line.ts'
import { openStoredChain } from './stored-chain.ts'
import { spanText } from './table.ts'

export const command = defineCommand({
  name: 'db',
  summary: 'Check what is stored',
  usage: 'db verify [flags]',
  examples: ['troupe db verify', 'troupe db verify --mainnet', 'troupe db verify --datadir ./chain'],
  arguments: { min: 1, max: 1 },
  options: {},
  sections: ['storage'],
  async run({ config, arguments: [action], workingDirectory, write, complain }) {
    if (action !== 'verify') {
      complain(`troupe db: ${JSON.stringify(action)} is none of its actions (verify)\n`)
      return EXIT_USAGE
    }
    const opened = await openStoredChain(config, workingDirectory)
    if (!opened.ok) {
      complain(`Fatal: ${opened.error}\n`)
      return EXIT_FAILED
    }
    const { view, directory } = opened.value
    using interrupted = interruption()
    const line = progressLine(complain, process.stderr.isTTY === true, () => performance.now())
    const beganAt = performance.now()
    try {
      const { number, stateRoot } = view.head()
      complain(`Verifying the state of block ${number} in ${directory}\n`)
      const verified = await verifyState(view.reader, {
        stateRoot,
        progress(share, { accounts, slots }) {
          line.show(`${percent(share)}  ${countText(accounts)} accounts  ${countText(slots)} slots`)
          return !interrupted.signal.aborted
        },
      })
      line.clear()
      if (!verified.ok) {
        complain(`Damaged: ${describeStateFault(verified.error)}\n`)
        return EXIT_FAILED
      }
      if (verified.value === undefined) {
        complain('Interrupted: not everything was looked at.\n')
        return EXIT_FAILED
      }
      const { accounts, slots } = verified.value
      const took = spanText(performance.now() - beganAt)
      write(
        `Sound: ${countText(accounts)} accounts and ${countText(slots)} slots give the state root ` +
          `${bytesToHex(stateRoot)} of block ${number} (${took})\n`,
      )
      return EXIT_FINE
    } finally {
      await opened.value.close()
    }
  },
})

function describeStateFault(fault: StateFault): string {
  switch (fault.code) {
    case 'STATE_ROOT':
      return `the accounts give the state root ${bytesToHex(fault.computed)}, the head claims ${bytesToHex(fault.claimed)}`
    case 'STATE_ACCOUNT':
      return `what is stored for the account of hash ${bytesToHex(fault.addressHash)} is no account`
    case 'STATE_STORAGE_ROOT':
      return (
        `the slots of the account of hash ${bytesToHex(fault.addressHash)} give the root ` +
        `${bytesToHex(fault.computed)}, the account claims ${bytesToHex(fault.claimed)}`
      )
    case 'STATE_CODE':
      return `the code ${bytesToHex(fault.codeHash)} of the account of hash ${bytesToHex(fault.addressHash)} is missing or another`
  }
}
