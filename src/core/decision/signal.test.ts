import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { signalId } from './signal.ts'

const test = suite('signal')

test('the id names strategy, symbol, side and candle, and each of them makes another id', () => {
  const id = signalId('mean-reversion', 'SOLUSDT', 'long', 1_767_225_600_000)
  assert.is(id, 'mean-reversion:SOLUSDT:long:1767225600000')
  const others = [
    signalId('bollinger-grid-long', 'SOLUSDT', 'long', 1_767_225_600_000),
    signalId('mean-reversion', 'XRPUSDT', 'long', 1_767_225_600_000),
    signalId('mean-reversion', 'SOLUSDT', 'short', 1_767_225_600_000),
    signalId('mean-reversion', 'SOLUSDT', 'long', 1_767_312_000_000),
  ]
  assert.is(new Set([id, ...others]).size, 5)
})

test.run()
