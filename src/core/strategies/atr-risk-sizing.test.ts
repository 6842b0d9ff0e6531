import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keepsSizingContract } from '../decision/contract.fixture.ts'
import type { Signal } from '../decision/signal.ts'
import type { SizeProposal } from '../decision/strategy.ts'
import { instrumentOf, signalOf, steps, ticks } from '../decision/view.fixture.ts'
import { atrRiskSizing } from './atr-risk-sizing.ts'

const test = suite('atr-risk-sizing')

/** A long of 10 coins from 100 with its stop at 95, without fees, on equity of 1,000: 1 % of it is 10 USDT. */
function sized(over: Partial<Signal> = {}, proposal: Partial<SizeProposal> = {}): number | 'kept' {
  const signal = signalOf({ stop: ticks(over.side === 'short' ? 1050 : 950), ...over })
  const shown = { signal, entry: 100, steps: steps(10_000), equity: 1000, takerFee: 0, ...proposal }
  const [intent] = atrRiskSizing.decide(shown, atrRiskSizing.params)
  return intent?.kind === 'resize' ? intent.steps : 'kept'
}

test('without fees 1 % of equity over a distance of 5 buys 2 coins', () => {
  assert.is(sized(), 2000)
  assert.is(sized({ side: 'short' }), 2000)
})

test('a size within the budget is kept, one step more is cut', () => {
  assert.is(sized({}, { steps: steps(2000) }), 'kept')
  assert.is(sized({}, { steps: steps(2001) }), 2000)
  assert.is(sized({}, { steps: steps(1) }), 'kept')
})

test('the wider of 1.5 ATR and the own stop is the distance', () => {
  // 1.5 x 2 = 3 is nearer than 5; 1.5 x 5 = 7.5 is wider: 10 / 7.5 = 1.333; 1.5 x 10 / 3 is 5 itself.
  assert.is(sized({ atr15m: 2 }), 2000)
  assert.is(sized({ atr15m: 5 }), 1333)
  assert.is(sized({ atr15m: 10 / 3 }), 2000)
})

test('without 15-minute candles the own stop is the distance', () => {
  assert.is(sized({ atr15m: null }), 2000)
})

test('both fees are counted, as taker, each on its own price', () => {
  // A long loses 5 + 0.00055 x (100 + 95) = 5.10725 a coin: 10 / 5.10725 = 1.9580009.
  assert.is(sized({}, { takerFee: 0.00055 }), 1958)
  // A short loses 5 + 0.00055 x (100 + 105) = 5.11275: 1.95589.
  assert.is(sized({ side: 'short' }, { takerFee: 0.00055 }), 1955)
})

test('a distance wider than the price itself pays no fee on a price below zero', () => {
  // 1.5 x 400 = 600: the fee is on the entry alone, 600 + 0.05 x 100 = 605, and 10 / 605 = 0.0165.
  assert.is(sized({ atr15m: 400 }, { takerFee: 0.05 }), 16)
})

test('leverage 10 and more has one and a half times the budget, leverage below does not', () => {
  assert.is(sized({ leverage: 9 }), 2000)
  assert.is(sized({ leverage: 10 }), 3000)
  assert.is(sized({ leverage: 25 }), 3000)
})

test('equity of nothing, or less, leaves no size', () => {
  assert.is(sized({}, { equity: 0 }), 0)
  assert.is(sized({}, { equity: -50 }), 0)
})

test('the quantity is rounded down to the step, and what is whole stays whole', () => {
  assert.is(sized({ instrument: instrumentOf({ step: '1' }) }, { steps: steps(10) }), 2)
  assert.is(sized({ instrument: instrumentOf({ step: '1' }), atr15m: 5 }, { steps: steps(10) }), 1)
  // 10.5 / 5 is 2.1 coins, which is 21 steps of 0.1 although 2.1 / 0.1 is 21.000000000000004 and 0.3 / 0.1 is less.
  assert.is(sized({ instrument: instrumentOf({ step: '0.1' }) }, { steps: steps(50), equity: 1050 }), 21)
  assert.is(sized({ instrument: instrumentOf({ step: '0.1' }) }, { steps: steps(50), equity: 150 }), 3)
})

test('the loss at the distance, fees included, is never above the budget', () => {
  for (const atr15m of [null, 1, 3.7, 12]) {
    for (const equity of [31, 999, 123_456]) {
      const size = sized({ atr15m }, { equity, takerFee: 0.00055, steps: steps(1e9) })
      if (size === 'kept') assert.unreachable('a billion steps are too many')
      const distance = Math.max(5, 1.5 * (atr15m ?? 0))
      const loss = (of: number): number => (of / 1000) * (distance + 0.00055 * (100 + 100 - distance))
      assert.ok(loss(Number(size)) <= 0.01 * equity + 1e-9)
      assert.ok(loss(Number(size) + 1) > 0.01 * equity)
    }
  }
})

test('an entry at its own stop without fees loses nothing and is left to the other rules', () => {
  assert.is(sized({ stop: ticks(1000) }), 'kept')
})

test('the cut says what it was for', () => {
  const shown = {
    signal: signalOf({ stop: ticks(950) }),
    entry: 100,
    steps: steps(9999),
    equity: 1000,
    takerFee: 0,
  }
  assert.is(
    atrRiskSizing.decide(shown, atrRiskSizing.params)[0]?.reason,
    'cut to a loss of 10.00 USDT over 5.00 %',
  )
})

keepsSizingContract(test, atrRiskSizing)

test.run()
