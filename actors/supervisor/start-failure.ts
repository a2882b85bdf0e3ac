import type { DownReason } from '../../runtime/actor.ts'

/** The sentence that an actor gave for not starting, without the class and place of the error that carried it. */
export function startFailureText(actor: string, { code, detail }: DownReason): string {
  if (code !== 'START_FAILED') return `${actor} did not start: ${code} ${detail}`.trim()
  return detail
    .replace(/^(?:\w*Error: )+/, '')
    .replace(/ at (?:async )?(?:[\w.<>[\] ]+ \()?(?:file:|node:|\/|[A-Z]:\\).*$/s, '')
}
