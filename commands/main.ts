/** The process: runs the command line, as a program of its own or as the launcher's child. */
import { EXIT_FAILED, type Terminal } from './command.ts'
import { dispatch } from './dispatch.ts'

/** A child whose launcher is gone has so long to stop in order. */
const ORPHAN_STOP_MS = 30_000

const terminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  env: process.env,
  workingDirectory: process.cwd(),
}

// Whoever reads the output may leave; the node stays.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

if (process.channel !== undefined) {
  process.once('disconnect', () => {
    setTimeout(() => process.exit(EXIT_FAILED), ORPHAN_STOP_MS).unref()
    process.kill(process.pid, 'SIGTERM')
  })
  process.channel.unref()
}

try {
  process.exitCode = await dispatch(process.argv.slice(2), terminal, (restart) => {
    // A launcher that is gone already is noticed by the channel's end, not by this.
    process.send?.({ restart }, undefined, undefined, () => {})
  })
} catch (error) {
  terminal.complain(`Fatal: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = EXIT_FAILED
}
