/** @returns what a Host header names, without port and brackets, in lower case. */
export function hostName(header: string): string {
  const host = header.trim().toLowerCase()
  if (host.startsWith('[')) {
    const end = host.indexOf(']')
    return end === -1 ? host : host.slice(1, end)
  }
  const colon = host.indexOf(':')
  // More than one colon and no brackets: an IPv6 address without a port.
  return colon === -1 || host.indexOf(':', colon + 1) !== -1 ? host : host.slice(0, colon)
}

/** An IPv4 or IPv6 address: no name that a foreign DNS server could point here. */
export function isIpLiteral(host: string): boolean {
  if (host.includes(':')) return IPV6.test(host)
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => IPV4_PART.test(part) && Number(part) <= 255)
}

const IPV6 = /^[0-9a-f:]+(\d{1,3}(\.\d{1,3}){3})?(%[0-9a-z]+)?$/i
const IPV4_PART = /^\d{1,3}$/
