/** What a job of the pool answers; `secp256k1` names the implementation, where one was needed. */
export type JobAnswer = { readonly rows: Uint8Array; readonly secp256k1: string | undefined }
