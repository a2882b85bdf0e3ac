import { expect, test } from 'vitest'
import { printableName } from '../../../actors/session/client-name.ts'

test.each([
  ['Geth/v1.17.6/linux-amd64/go1.26', 'Geth/v1.17.6/linux-amd64/go1.26'],
  ['\u001b[31mred\n', '?[31mred?'],
  ['näme', 'n?me'],
  ['x'.repeat(300), 'x'.repeat(256)],
])('%j is shown as %j', (name, shown) => expect(printableName(name)).toBe(shown))
