import { bytesEqual } from '../../../../../protocols/bytes.ts'
import { bytesToHex } from '../../../../../protocols/hex.ts'
import { keccak256 } from '../../../../../protocols/keccak256.ts'
import { defineActor, serial } from '../../../../../runtime/actor.ts'
import { openChainView } from '../../../../../storage/chain-store.ts'
import { openDatabase } from '../../../../../storage/database.ts'
import type { HeadReaderDeps, HeadReaderMessages, KnownBlock } from './messages.ts'

export const headReader = defineActor<HeadReaderMessages, HeadReaderDeps>({
  name: 'head-reader',
  mailbox: { capacity: 4 },
  async behavior(ctx, { database: location, known }) {
    const opened = await openDatabase(location)
    if (!opened.ok) throw new Error(opened.error.code)
    const database = ctx.own(opened.value)
    const table = new Map(known.map((block) => [bytesToHex(block.hash), block]))

    async function readOnce(heads: Set<bigint>, wrong: string[]): Promise<void> {
      const view = openChainView(database)
      const head = view.head()
      heads.add(head.number)
      const expected = table.get(bytesToHex(head.hash))
      if (expected === undefined) wrong.push(`head ${head.number} is unknown`)
      else {
        const canonical = view.canonicalHash(head.number)
        if (expected.number !== head.number) wrong.push(`head ${head.number} has the hash of block ${expected.number}`)
        if (canonical === undefined || !bytesEqual(canonical, head.hash)) wrong.push(`${head.number} is not canonical`)
        compare(wrong, expected, view.account(keccak256(expected.miner))?.balance)
      }
      const older = BigInt(ctx.random.integer(Number(head.number) + 1))
      const hash = view.canonicalHash(older)
      const before = hash === undefined ? undefined : table.get(bytesToHex(hash))
      if (before === undefined) wrong.push(`block ${older} below head ${head.number} is unknown`)
      else {
        const account = await view.accountAt(keccak256(before.miner), older)
        if (!account.ok) wrong.push(`state after ${older} cannot be told at head ${head.number}: ${account.error.code}`)
        else compare(wrong, before, account.value?.balance)
      }
      await view.close()
    }

    return {
      read: serial(async ({ times }) => {
        const heads = new Set<bigint>()
        const wrong: string[] = []
        for (let i = 0; i < times; i++) await readOnce(heads, wrong)
        return { reads: times, heads: [...heads], wrong }
      }),
    }
  },
})

function compare(wrong: string[], { number, balance }: KnownBlock, found: bigint | undefined): void {
  if ((found ?? 0n) !== balance) wrong.push(`after block ${number} its miner has ${found}, not ${balance}`)
}
