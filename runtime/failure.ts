import type { AskFailure, DownReason } from './actor.ts'

/** Characters of an error's text that travel in reasons and logs. */
const DETAIL_LENGTH_MAX = 600

/** What is left of a thrown value when it crosses a thread: its text, never its object. */
export function detailOf(thrown: unknown): string {
  if (thrown instanceof Error) {
    const cause = thrown.cause === undefined ? '' : ` (cause: ${detailOf(thrown.cause)})`
    return `${thrown.name}: ${thrown.message}${cause}${firstFrame(thrown.stack)}`.slice(0, DETAIL_LENGTH_MAX)
  }
  if (typeof thrown === 'string') return thrown.slice(0, DETAIL_LENGTH_MAX)
  try {
    return (
      JSON.stringify(thrown, (_key, value) => (typeof value === 'bigint' ? value.toString() : value)) ?? String(thrown)
    ).slice(0, DETAIL_LENGTH_MAX)
  } catch {
    return String(thrown).slice(0, DETAIL_LENGTH_MAX)
  }
}

function firstFrame(stack: string | undefined): string {
  const frame = stack?.split('\n').find((line) => /^\s+at /.test(line) && !line.includes('node:internal'))
  return frame === undefined ? '' : ` ${frame.trim()}`
}

export const askFailure = (
  code: AskFailure['code'],
  outcome: AskFailure['outcome'],
  actor: string,
  kind: string,
  detail?: string,
): AskFailure => (detail === undefined ? { code, outcome, actor, kind } : { code, outcome, actor, kind, detail })

export const downReason = (code: DownReason['code'], detail = ''): DownReason => ({ code, detail })
