import { expect, test } from 'vitest'
import { MAINNET } from '../../protocols/chain-spec/mainnet.ts'
import type { Rules } from '../../protocols/chain-spec/rules.ts'
import { rulesAt } from '../../protocols/chain-spec/rules.ts'
import { bytesToHex, hexToBytes } from '../../protocols/hex.ts'
import { decodeTransaction } from '../../protocols/transaction/decode.ts'
import { encodeTransaction, transactionHash } from '../../protocols/transaction/encode.ts'
import { intrinsicGas } from '../../protocols/transaction/intrinsic-gas.ts'
import { senderOf } from '../../protocols/transaction/sender.ts'
import { checkTransaction } from '../../protocols/transaction/transaction-rules.ts'
import { describeShared, readSharedJson, sharedJsonFiles } from '../shared-data.ts'

const VECTORS = ['data', 'ethereum-tests', 'TransactionTests']

const RULES: { readonly [fork: string]: Rules } = Object.fromEntries(
  Object.entries({
    Frontier: [0n, 0n],
    Homestead: [1_150_000n, 0n],
    EIP150: [2_463_000n, 0n],
    EIP158: [2_675_000n, 0n],
    Byzantium: [4_370_000n, 0n],
    Constantinople: [7_280_000n, 0n],
    ConstantinopleFix: [7_280_000n, 0n],
    Istanbul: [9_069_000n, 0n],
    Berlin: [12_244_000n, 0n],
    London: [12_965_000n, 0n],
    Paris: [15_537_394n, 0n],
    Shanghai: [17_034_870n, 1_681_338_455n],
    Cancun: [19_426_587n, 1_710_338_135n],
  } as const).map(([fork, [number, time]]) => [fork, rulesAt(MAINNET, number, time, number > 15_000_000n)]),
)
/** No key makes their signature. */
const RECOVERY_FAIL = 'TransactionException.EC_RECOVERY_FAIL'

describeShared('TransactionTests', VECTORS, () => {
  const files = sharedJsonFiles(...VECTORS)
  const rows = files.flatMap((file) =>
    Object.entries<any>(readSharedJson(...VECTORS, file)).map(([name, vector]) => [`${file} ${name}`, vector] as const),
  )

  let failedInRecovery = 0

  test('all 210 files with one vector each are here', () => {
    expect([files.length, rows.length]).toEqual([210, 210])
  })
  test('27 results are to fail in recovery', () => {
    const results = rows.flatMap(([, vector]) => Object.values<any>(vector.result))
    expect(results.filter((result) => result.exception === RECOVERY_FAIL)).toHaveLength(27)
  })
  test.each(rows)('%s', (_name, vector) => {
    const bytes = hexToBytes(vector.txbytes)
    for (const [fork, expected] of Object.entries<any>(vector.result)) {
      const tx = bytes.ok ? decodeTransaction(bytes.value) : bytes
      const checked = tx.ok ? checkTransaction(tx.value, RULES[fork]!) : tx
      if (expected.exception === RECOVERY_FAIL && tx.ok && checked.ok) {
        expect(senderOf(tx.value)).toEqual({ ok: false, error: { code: 'TX_SENDER' } })
        failedInRecovery++
        continue
      }
      expect([fork, expected.exception, checked.ok]).toEqual([
        fork,
        expected.exception,
        expected.exception === undefined,
      ])
      if (!checked.ok || !tx.ok || !bytes.ok) continue
      expect(encodeTransaction(tx.value)).toEqual(bytes.value)
      expect(bytesToHex(transactionHash(bytes.value))).toBe(expected.hash)
      expect(intrinsicGas(tx.value, RULES[fork]!)).toBe(BigInt(expected.intrinsicGas))
      const sender = senderOf(tx.value)
      expect(sender.ok && bytesToHex(sender.value)).toBe(expected.sender)
    }
  })
  test('26 of them did, and one was refused for its range before', () => {
    expect(failedInRecovery).toBe(26)
  })
})
