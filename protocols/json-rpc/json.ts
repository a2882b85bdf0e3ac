/** What JSON text can say (RFC 8259); integers beyond 2^53 travel as hex strings in Ethereum's RPC, never as numbers. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue | undefined }
export type JsonObject = { readonly [member: string]: JsonValue | undefined }

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
