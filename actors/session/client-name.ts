import { CLIENT_NAME_CHARACTERS_MAX } from './limits.ts'

/** A client's name as it may be logged and shown: printable ASCII, `?` for anything else, cut to a bound. */
export const printableName = (name: string): string =>
  name.slice(0, CLIENT_NAME_CHARACTERS_MAX).replace(/[^\x20-\x7e]/g, '?')
