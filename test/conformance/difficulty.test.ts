import { expect, test } from 'vitest'
import { nextDifficulty } from '../../protocols/consensus/difficulty.ts'
import { describeShared, readSharedJson, sharedJsonFiles } from '../shared-data.ts'

const VECTORS = ['data', 'ethereum-tests', 'DifficultyTests']

const ORDER = [
  'Frontier',
  'Homestead',
  'Byzantium',
  'Constantinople',
  'Berlin',
  'London',
  'ArrowGlacier',
  'GrayGlacier',
]
const rulesOf = (fork: string) => {
  const from = (name: string): boolean => ORDER.indexOf(fork) >= ORDER.indexOf(name)
  return {
    homestead: from('Homestead'),
    byzantium: from('Byzantium'),
    constantinople: from('Constantinople'),
    muirGlacier: from('Berlin'),
    london: from('London'),
    arrowGlacier: from('ArrowGlacier'),
    grayGlacier: from('GrayGlacier'),
  }
}

describeShared('DifficultyTests', VECTORS, () => {
  const rows: [string, any][] = []
  const files = sharedJsonFiles(...VECTORS)
  for (const file of files)
    for (const [name, forks] of Object.entries<any>(readSharedJson(...VECTORS, file)))
      for (const [fork, cases] of Object.entries<any>(forks))
        if (fork !== '_info') rows.push([`${file} ${name} ${fork}`, { fork, cases }])

  test('all 17 files with 18598 cases are here', () => {
    expect(files).toHaveLength(17)
    expect(rows.reduce((sum, [, { cases }]) => sum + Object.keys(cases).length, 0)).toBe(18598)
  })
  test.each(rows)('%s', (_name, { fork, cases }) => {
    const rules = rulesOf(fork)
    for (const [name, vector] of Object.entries<any>(cases)) {
      const number = BigInt(vector.currentBlockNumber)
      const parent = {
        difficulty: BigInt(vector.parentDifficulty),
        timestamp: BigInt(vector.parentTimestamp),
        number: number - 1n,
        hasOmmers: BigInt(vector.parentUncles) !== 0n,
      }
      const difficulty = nextDifficulty(rules, parent, BigInt(vector.currentTimestamp))
      if (difficulty !== BigInt(vector.currentDifficulty)) expect([name, difficulty]).toEqual([name, vector])
    }
  })
})
