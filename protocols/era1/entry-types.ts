/** Entry types of an era1 file, as the little-endian number of their two bytes. */
export const ERA1_VERSION = 0x3265
export const ERA1_HEADER = 0x03
export const ERA1_BODY = 0x04
export const ERA1_RECEIPTS = 0x05
export const ERA1_TOTAL_DIFFICULTY = 0x06
export const ERA1_ACCUMULATOR = 0x07
export const ERA1_BLOCK_INDEX = 0x3266
