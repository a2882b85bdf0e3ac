import { expect, test } from 'vitest'
import { startFailureText } from '../../../actors/supervisor/start-failure.ts'
import { detailOf } from '../../../runtime/failure.ts'

const reason = (thrown: unknown) => ({ code: 'START_FAILED' as const, detail: detailOf(thrown) })

test('the sentence of an error is left alone', () => {
  const text = 'The data directory /home/at work/x is in use by process 7: stop it, or choose another --datadir.'
  expect(startFailureText('storage', reason(new Error(text)))).toBe(text)
  expect(startFailureText('storage', reason(new TypeError(text)))).toBe(text)
  expect(startFailureText('storage', reason(text))).toBe(text)
})
test('an error that was passed on keeps its sentence', () => {
  const passed = new Error(startFailureText('chain', reason(new Error('the genesis cannot be written: full'))))
  expect(startFailureText('The node', reason(passed))).toBe('the genesis cannot be written: full')
})
test('another end is named', () => {
  expect(startFailureText('chain', { code: 'START_TIMEOUT', detail: '300000 ms' })).toBe(
    'chain did not start: START_TIMEOUT 300000 ms',
  )
})
