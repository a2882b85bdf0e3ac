/** The base protocol, which every connection speaks besides its capabilities (devp2p rlpx.md, '"p2p" Capability'). */

/** What we say in Hello; nothing but compression (EIP-706) hangs on it. */
export const BASE_PROTOCOL_VERSION = 5
/** Codes that belong to it; those of the capabilities come behind. */
export const BASE_PROTOCOL_LENGTH = 16
/** Bytes of a payload of it: geth's limit, before Hello the only one. */
export const BASE_MESSAGE_BYTES_MAX = 2048

export const BaseCode = { hello: 0, disconnect: 1, ping: 2, pong: 3 } as const

/** Payload of Ping and Pong: an empty list. What they carry is not looked at. */
export const EMPTY_PAYLOAD: Uint8Array = Uint8Array.of(0xc0)
