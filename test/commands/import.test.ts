import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectRpc } from '../../commands/rpc-client.ts'
import { era1Parser } from '../../protocols/era1/reader.ts'
import { decodeHeader, encodeHeader, type Header, headerHash } from '../../protocols/header.ts'
import { bytesToHex } from '../../protocols/hex.ts'
import { toRlp } from '../chain-builder.ts'
import { testShared } from '../shared-data.ts'
import { ERA1, ERA1_DATA, ETHTEST_DATA, ETHTEST_GENESIS, type Running, troupe } from './running.ts'

let home: string
const running: Running[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'troupe-import-'))
})
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
  rmSync(home, { recursive: true, force: true })
})
const run = (...args: string[]): Running => {
  const started = troupe(home, ...args)
  running.push(started)
  return started
}
/** All seals of the file take a processor a quarter of a minute. */
const importEra1 = (sealCheck: 'sample' | 'none' = 'none') =>
  run('import', '--mainnet', '--datadir', 'd', '--seal-check', sealCheck, ERA1)
/** An import of enough blocks to be interrupted: known when the first of them are in the chain. */
const underWay = async (sealCheck: 'sample' | 'none' = 'none'): Promise<Running> => {
  const node = importEra1(sealCheck)
  await node.says('Reading blocks')
  await new Promise((resolve) => setTimeout(resolve, 500))
  return node
}

testShared('era1: every block, then none again, and the node starts at the head', ERA1_DATA, async () => {
  const first = await importEra1('sample').ended
  expect(first.code).toBe(0)
  expect(first.out).toContain(`${ERA1}: 8,191 blocks imported, 1 known already\n`)
  expect(first.out).toMatch(/^Imported 8,191 blocks in \d+s \([\d,]+\/s\), head 8191$/m)
  const sampled = Number(/^Checked one seal in 100, at random: (\d+) /m.exec(first.out)?.[1])
  // Of 9,601 seals: six standard deviations around what is to be expected.
  expect(sampled).toBeGreaterThan(36)
  expect(sampled).toBeLessThan(156)
  const again = await importEra1().ended
  expect(again.code).toBe(0)
  expect(again.out).toContain('0 blocks imported, 8,192 known already')
  const node = run('start', '--mainnet', '--datadir', 'd')
  expect(await node.says('Ready.')).toMatch(/Network {2}mainnet, chain id 1\n.*\n +Head +8191 0x/)
})

testShared('SIGINT stops it in order, and the same command goes on', ERA1_DATA, async () => {
  const node = await underWay()
  node.child.kill('SIGINT')
  const { code, errors } = await node.ended
  expect(code).toBe(1)
  expect(errors).toMatch(/Interrupted .* The same command again goes on from there\./)
  const rest = await importEra1().ended
  expect(rest.code).toBe(0)
  expect(rest.out).toContain('head 8191')
})

testShared('kill -9 loses nothing that the same command does not bring back', ERA1_DATA, async () => {
  const node = await underWay()
  node.child.kill('SIGKILL')
  await node.ended
  const rest = await importEra1().ended
  expect(rest.errors).not.toContain('Fatal')
  expect(rest.code).toBe(0)
  expect(rest.out).toContain('head 8191')
})

testShared('its actors can be looked at and the chain restarted meanwhile', ERA1_DATA, async () => {
  const node = importEra1()
  await node.says('Reading blocks')
  const { out } = await run('mailboxes', '--datadir', 'd').ended
  expect(out).toMatch(/^chain +\d/m)
  expect(out).toMatch(/^importer +\d/m)
  expect((await node.ended).code).toBe(0)
})

describe('seals', () => {
  /** The first 60 blocks of mainnet as RLP, block 41 with another nonce. */
  function fileWithWrongSeal(): Header {
    const parsed = era1Parser().push(new Uint8Array(readFileSync(ERA1).subarray(0, 100_000)))
    if (!parsed.ok) throw new Error(parsed.error.code)
    const blocks = parsed.value.slice(1, 61)
    const header = decodeHeader(blocks[40]!.headerBytes)
    if (!header.ok || header.value.number !== 41n) throw new Error('block 41 is not where it was')
    const wrong = { ...header.value, nonce: header.value.nonce.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) }
    const headerBytes = encodeHeader(wrong)
    blocks[40] = { ...blocks[40]!, headerBytes }
    writeFileSync(join(home, 'wrong.rlp'), toRlp(blocks))
    return wrong
  }
  const importWrong = (...flags: string[]) => run('import', '--mainnet', '--datadir', 'd', ...flags, 'wrong.rlp').ended

  testShared('all are checked: the blocks before a wrong one are imported, and it is named', ERA1_DATA, async () => {
    const hash = bytesToHex(headerHash(encodeHeader(fileWithWrongSeal())))
    const { code, out, errors } = await importWrong()
    expect(code).toBe(1)
    expect(out).toContain('wrong.rlp: 40 blocks imported, 0 known already\n')
    // One of the forty names an ommer.
    expect(out).toMatch(/^Checked all seals: 4\d$/m)
    expect(errors).toContain(
      `wrong.rlp: block 41 ${hash}: its seal does not hold: its nonce gives another mix hash (SEAL_MIX_HASH)\n`,
    )
    // The cache that it was checked by is kept where go-ethereum users look for it.
    expect(readdirSync(join(home, 'd', 'ethash')).sort()).toEqual([
      'cache-R23-0000000000000000',
      'cache-R23-0000000000000000.keccak256',
    ])
    const elsewhere = await importWrong('--ethash.cachedir', 'e', '--ethash.cachesondisk', '0')
    expect(elsewhere.out).toContain('0 blocks imported, 40 known already')
    expect(existsSync(join(home, 'e'))).toBe(false)
  })
  testShared(
    'none are checked where that is said, and a block with another nonce is another block',
    ERA1_DATA,
    async () => {
      fileWithWrongSeal()
      const { code, out, errors } = await importWrong('--seal-check', 'none')
      expect(code).toBe(1)
      expect(out).toContain('wrong.rlp: 41 blocks imported')
      expect(out).toContain('Checked no seals (--seal-check none)\n')
      expect(errors).toMatch(/block 42 0x\w+: its parent is not known/)
      expect(existsSync(join(home, 'd', 'ethash'))).toBe(false)
    },
  )
})

describe('faults', () => {
  test('a file that is not there is told before anything is begun', async () => {
    expect(await run('import', '--datadir', 'd', 'none.rlp').ended).toMatchObject({
      code: 1,
      out: '',
      errors: 'Fatal: none.rlp: no such file, or it cannot be read\n',
    })
  })
  testShared('files of another network, of no format, and torn ones are told each', ERA1_DATA, async () => {
    writeFileSync(join(home, 'text'), 'hello')
    writeFileSync(join(home, 'torn.era1'), readFileSync(ERA1).subarray(0, 200_000))
    const { code, out, errors } = await run('import', '--datadir', 'd', 'text', ERA1, 'torn.era1').ended
    expect(code).toBe(1)
    expect(out.match(/0 blocks imported/g)).toHaveLength(3)
    expect(errors).toContain('text: the file is neither era1 nor RLP blocks (STREAM_NOT_A_LIST at byte 0)\n')
    expect(errors).toMatch(/era1: block 0 0xd4e5\w+: it is the genesis of another network .*--network/)
    expect(errors).toMatch(/^torn\.era1: /m)
  })
  testShared('no file, or a flag that is none, is bad usage', ERA1_DATA, async () => {
    expect((await run('import').ended).code).toBe(2)
    expect((await run('import', '--frobnicate', ERA1).ended).code).toBe(2)
  })
})

describe('init', () => {
  testShared('writes a genesis once, and refuses another', ETHTEST_DATA, async () => {
    const hash = '0xbd6a252af394d80904c5993b859574bd4669642cea00a116970ec7887db67533'
    for (let i = 0; i < 2; i++) {
      const { code, out } = await run('init', '--datadir', 'd', ETHTEST_GENESIS).ended
      expect([code, out]).toEqual([
        0,
        `Genesis ${hash} of genesis, chain id 3503995874084926, is in ${join(home, 'd')}\n`,
      ])
    }
    const other = await run('init', '--datadir', 'd', 'dev').ended
    expect(other.code).toBe(1)
    expect(other.errors).toMatch(/^Fatal: .*genesis/m)
  })
  testShared('without --datadir stands where start looks for the same network', ETHTEST_DATA, async () => {
    writeFileSync(join(home, 'mine.json'), readFileSync(ETHTEST_GENESIS))
    expect((await run('init', 'mine.json').ended).out).toContain(join(home, '.troupe', 'mine'))
    const node = run('start', '--network', 'mine.json')
    expect(await node.says('Ready.')).toContain(`Data     ${join(home, '.troupe', 'mine')}`)
  })
  test('refuses what is no genesis', async () => {
    expect((await run('init', 'none.json').ended).errors).toBe('Fatal: none.json: no such genesis file\n')
    expect((await run('init').ended).code).toBe(2)
  })
})

/** The store lends its cache to all threads: whichever actor restarts, what it opened must not go from under the others. */
for (const actor of ['pool', 'storage', 'chain', 'chain/trie-committer-0', 'rpc', 'importer'])
  testShared(`a restart of ${actor} in the middle of an import costs no block and no process`, ERA1_DATA, async () => {
    const node = await underWay(actor === 'pool' ? 'sample' : 'none')
    const client = await connectRpc(join(home, 'd', 'troupe.ipc'))
    if (!client.ok) throw new Error(client.error.message)
    const answer = await client.value.call('admin_restartActor', [actor])
    client.value.close()
    expect(answer).toEqual({ ok: true, value: true })
    expect(await node.ended).toMatchObject({ code: 0, signal: null, out: expect.stringContaining('head 8191') })
  })
