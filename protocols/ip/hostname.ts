/** Names that DNS could know. */

/** RFC 1035, section 2.3.4. */
export const HOSTNAME_MAX = 253

/**
 * Labels of letters, digits, hyphens and underscores, with or without the root's dot. The last one is no number: a mistyped
 * address would end in one.
 */
export const isHostname = (host: string): boolean =>
  host.length <= HOSTNAME_MAX &&
  /^([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?$/.test(host) &&
  !/(^|\.)\d+\.?$/.test(host)
