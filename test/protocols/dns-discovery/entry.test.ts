import { describe, expect, test } from 'vitest'
import {
  formatTreeLink,
  nameOf,
  parseEntry,
  parseTreeLink,
  readEntry,
  readRoot,
  type TreeError,
  type TreeLink,
} from '../../../protocols/dns-discovery/entry.ts'
import { makeTree } from '../../../protocols/dns-discovery/tree.ts'
import { SECP256K1_IDENTITIES } from '../../../protocols/enr/identity.ts'
import { formatNode, nodeAt } from '../../../protocols/enr/node.ts'
import type { Result } from '../../../protocols/result.ts'
import { seededRandom } from '../../../runtime/simulation/random.ts'
import { SIMULATED_IDENTITIES, simulatedNodeKey } from '../simulated-identities.ts'
import { entryCase } from './entry-case.ts'

/** The signing key of geth's tests. */
const URL = 'enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@n'
/** The key in the example of EIP-1459, which signed nothing. */
const OTHER_URL = 'enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@morenodes.example.org'
const ROOT =
  'enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=1 sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__XJesCHxLISo94z5Z2a463gA'
const BRANCH = 'enrtree-branch:2XS2367YHAXJFGLZHVAWLQD4ZY,H4FHT4B454P6UXFD7JCYQ5PWDY,MHTDO6TMUBRIA2XWG5LUDACK24'
const NODE =
  'enr:-HW4QOFzoVLaFJnNhbgMoDXPnOvcdVuj7pDpqRvh6BRDO68aVi5ZcjB3vzQRZH2IcLBGHzo8uUN3snqmgTiE56CH3AMBgmlkgnY0iXNlY3AyNTZrMaECC2_24YYkYHEgdzxlSNKQEnHhuNAbNlMlWJxrJxbAFvA'

const linkOf = (url: string): TreeLink => {
  const link = parseTreeLink(url, SECP256K1_IDENTITIES)
  if (!link.ok) throw new Error(link.error.code)
  return link.value
}
const codeOf = (result: Result<unknown, TreeError>): string | undefined => (result.ok ? undefined : result.error.code)
const rootCode = (...texts: string[]) => codeOf(readRoot(texts, linkOf(URL), SECP256K1_IDENTITIES))
const entryCode = (text: string) => codeOf(parseEntry(text, SECP256K1_IDENTITIES))

describe('the tree of EIP-1459', () => {
  test('has a root that its key signed', () => {
    expect(readRoot(['v=spf1 -all', ROOT], linkOf(URL), SECP256K1_IDENTITIES)).toEqual({
      ok: true,
      value: { nodes: 'JWXYDBPXYWG6FX3GMDIBFA6CJ4', links: 'C7HRFPF3BLGF3YR4DY5KX3SMBE', seq: 1n },
    })
    expect(codeOf(readRoot([ROOT], linkOf(OTHER_URL), SECP256K1_IDENTITIES))).toBe('TREE_ROOT_SIGNATURE')
  })
  test.each([
    ['branch', 'JWXYDBPXYWG6FX3GMDIBFA6CJ4', BRANCH],
    ['link', 'C7HRFPF3BLGF3YR4DY5KX3SMBE', OTHER_URL],
    ['node', '2XS2367YHAXJFGLZHVAWLQD4ZY', NODE],
  ])('has a %s named %s', (kind, name, text) => {
    expect(nameOf(text)).toBe(name)
    expect(readEntry(['something else', text], name, SECP256K1_IDENTITIES)).toMatchObject({ value: { kind } })
    expect(codeOf(readEntry([`${text} `], name, SECP256K1_IDENTITIES))).toBe('TREE_HASH')
    // A name may be cut down to 12 bytes.
    expect(readEntry([text], name.slice(0, 20), SECP256K1_IDENTITIES).ok).toBe(true)
    expect(codeOf(readEntry([text], name.slice(0, 18), SECP256K1_IDENTITIES))).toBe('TREE_NAME')
  })
  test('writes its link as it was read', () => {
    expect(formatTreeLink(linkOf(URL), SECP256K1_IDENTITIES)).toBe(URL)
  })
  test('has nodes as they were put there', () => {
    const entry = parseEntry(NODE, SECP256K1_IDENTITIES)
    expect(entry.ok && entry.value.kind === 'node' && formatNode(entry.value.node)).toBe(NODE)
  })
})

// geth, TestParseRoot
test.each([
  [
    'without links',
    'enrtree-root:v1 e=TO4Q75OQ2N7DX4EOOR7X66A6OM seq=3 sig=N-YY6UB9xD0hFx1Gmnt7v0RfSxch5tKyry2SRDoLx7B4GfPXagwLxQqyf7gAMvApFn_ORwZQekMWa_pXrcGCtw',
    'TREE_ROOT_SYNTAX',
  ],
  [
    'with a signature of 64 bytes',
    'enrtree-root:v1 e=TO4Q75OQ2N7DX4EOOR7X66A6OM l=TO4Q75OQ2N7DX4EOOR7X66A6OM seq=3 sig=N-YY6UB9xD0hFx1Gmnt7v0RfSxch5tKyry2SRDoLx7B4GfPXagwLxQqyf7gAMvApFn_ORwZQekMWa_pXrcGCtw',
    'TREE_ROOT_SIGNATURE',
  ],
  ['with another number than was signed', ROOT.replace('seq=1', 'seq=2'), 'TREE_ROOT_SIGNATURE'],
  ['with a number above 64 bits', ROOT.replace('seq=1', `seq=${2n ** 64n}`), 'TREE_ROOT_SYNTAX'],
  ['with a leading zero', ROOT.replace('seq=1', 'seq=01'), 'TREE_ROOT_SYNTAX'],
  ['with a name that is too short', ROOT.replace('JWXYDBPXYWG6FX3GMDIBFA6CJ4', 'JWXY'), 'TREE_NAME'],
  ['with something behind', `${ROOT} more=1`, 'TREE_ROOT_SYNTAX'],
  ['of another version', ROOT.replace('v1', 'v2'), 'TREE_ROOT_MISSING'],
  ['of no sensible size', `${ROOT}${'A'.repeat(70_000)}`, 'TREE_TOO_LARGE'],
])('a root %s is refused', (_name, text, code) => expect(rootCode(text)).toBe(code))

test('the roots of geth are read: one that the key signed, one that another did', () => {
  // TestClientSyncTreeBadNode
  const signed =
    'enrtree-root:v1 e=INDMVBZEEQ4ESVYAKGIYU74EAA l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=3 sig=Vl3AmunLur0JZ3sIyJPSH6A3Vvdp4F40jWQeCmkIhmcgwE4VC5U9wpK8C_uL_CMY29fd6FAhspRvq2z_VysTLAA'
  expect(readRoot([signed], linkOf(URL), SECP256K1_IDENTITIES)).toMatchObject({ value: { seq: 3n } })
  expect(codeOf(readEntry(['enr:-----'], 'INDMVBZEEQ4ESVYAKGIYU74EAA', SECP256K1_IDENTITIES))).toBe('TREE_RECORD')
  // TestParseRoot
  const ofAnother =
    'enrtree-root:v1 e=QFT4PBCRX4XQCV3VUYJ6BTCEPU l=JGUFMSAGI7KZYB3P7IZW4S5Y3A seq=3 sig=3FmXuVwpa8Y7OstZTx9PIb1mt8FrW7VpDOFv4AaGCsZ2EIHmhraWhe4NxYhQDlw5MjeFXYMbJjsPeKlHzmJREQE'
  expect(rootCode(ofAnother)).toBe('TREE_ROOT_SIGNATURE')
})
test('without a root there is no tree', () => {
  expect(rootCode('nothing of a tree')).toBe('TREE_ROOT_MISSING')
  expect(rootCode()).toBe('TREE_ROOT_MISSING')
})

// geth, TestParseEntry
describe('an entry', () => {
  test.each([
    ['enrtree-branch:', []],
    ['enrtree-branch:AAAAAAAAAAAAAAAAAAAA', ['AAAAAAAAAAAAAAAAAAAA']],
    ['enrtree-branch:AAAAAAAAAAAAAAAAAAAA,BBBBBBBBBBBBBBBBBBBB', ['AAAAAAAAAAAAAAAAAAAA', 'BBBBBBBBBBBBBBBBBBBB']],
  ])('%s is a branch', (text, children) => {
    expect(parseEntry(text, SECP256K1_IDENTITIES)).toEqual({ ok: true, value: { kind: 'branch', children } })
  })
  test.each([
    ['enrtree-branch:1,2', 'TREE_NAME'],
    ['enrtree-branch:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'TREE_NAME'],
    ['enrtree-branch:AAAAAAAAAAAAAAAAAAAA,', 'TREE_NAME'],
    ['enrtree://nodes.example.org', 'TREE_LINK_KEY'],
    ['enrtree://AP62DT7WOTEQZGQZOU474PP3KMEGVTTE7A7NPRXKX3DUD57@nodes.example.org', 'TREE_LINK_KEY'],
    ['enrtree://AP62DT7WONEQZGQZOU474PP3KMEGVTTE7A7NPRXKX3DUD57TQHGIA@nodes.example.org', 'TREE_LINK_KEY'],
    [`${URL.slice(0, -1)}`, 'TREE_LINK_DOMAIN'],
    [`${URL}..org`, 'TREE_LINK_DOMAIN'],
    [`${URL}${'.example'.repeat(26)}`, 'TREE_LINK_DOMAIN'],
    [
      'enr:-HW4QLZHjM4vZXkbp-5xJoHsKSbE7W39FPC8283X-y8oHcHPTnDDlIlzL5ArvDUlHZVDPgmFASrh7cWgLOLxj4wprRkHgmlkgnY0iXNlY3AyNTZrMaEC3t2jLMhDpCDX5mbSEwDn4L3iUfyXzoO8G28XvjGRkrAg=',
      'TREE_RECORD',
    ],
    ['enr:-----', 'TREE_RECORD'],
    ['', 'TREE_ENTRY_MISSING'],
    ['foo', 'TREE_ENTRY_MISSING'],
    ['enrtree', 'TREE_ENTRY_MISSING'],
    ['enrtree-x=', 'TREE_ENTRY_MISSING'],
  ])('%.60s is refused: %s', (text, code) => expect(entryCode(text)).toBe(code))
  test('is not looked for among no texts, nor in one of no sensible size', () => {
    expect(codeOf(readEntry([], 'AAAAAAAAAAAAAAAAAAAA', SECP256K1_IDENTITIES))).toBe('TREE_ENTRY_MISSING')
    const large = `enrtree-branch:${'A'.repeat(70_000)}`
    expect(codeOf(readEntry([large], 'AAAAAAAAAAAAAAAAAAAA', SECP256K1_IDENTITIES))).toBe('TREE_TOO_LARGE')
  })
})

test('a node without record is not published: that is a bug', () => {
  const key = simulatedNodeKey(Uint8Array.of(1))
  const node = nodeAt(key.publicKey, { ip: Uint8Array.of(1, 2, 3, 4), udp: 1, tcp: 1 })
  expect(() => makeTree({ seq: 1n, nodes: [node], links: [] }, 'n', key, SIMULATED_IDENTITIES)).toThrow('with records')
})

test('20,000 mutated texts are refused or what they say', () => {
  const random = seededRandom('dns')
  const counts = new Map<string, number>()
  for (let i = 0; i < 20_000; i++) {
    const outcome = entryCase(random)
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  for (const outcome of [
    'root',
    'branch',
    'link',
    'node',
    'TREE_ROOT_SYNTAX',
    'TREE_NAME',
    'TREE_RECORD',
    'TREE_LINK_KEY',
  ])
    expect(counts.get(outcome) ?? 0, outcome).toBeGreaterThan(10)
})
