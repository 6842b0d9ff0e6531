import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, type Ticks } from '../base/units.ts'
import { instrumentOf, MIDNIGHT } from '../decision/view.fixture.ts'
import {
  CANDIDATES,
  exchanger,
  INSTEAD,
  inQuestion,
  type SeenCandidates,
  type SeenMarket,
} from './candidate-rules.ts'
import { asking } from './rules.fixture.ts'
import { defaultSettings, overlay, type Settings } from './settings.ts'

const test = suite('rules of candidates')
const SETTINGS = defaultSettings()

const POSITION = {
  strategy: 'bollinger-grid-long',
  symbol: 'SOLUSDT',
  side: 'long',
  signalId: 'bollinger-grid-long:SOLUSDT:long:0',
} as const

function market(symbol: string, over: Partial<SeenMarket> = {}): SeenMarket {
  const { tick, tickSize, minPrice } = instrumentOf()
  return {
    ...{ lower: 95, middle: 100, upper: 105, width: 10, rsi: 50, turnover: 5e7, last: 100 },
    instrument: { symbol, tick, tickSize, minPrice },
    ...over,
  }
}

const SEEN: SeenCandidates = {
  position: POSITION,
  now: MIDNIGHT,
  begun: [],
  lacking: 'refuse',
  rates: [
    ['SOLUSDT', 0.001],
    ['ADAUSDT', -0.001],
    ['DOTUSDT', -0.0001],
    ['XRPUSDT', 0],
    ['LINKUSDT', null],
  ],
  settling: [],
  held: [{ symbol: 'SOLUSDT', side: 'long' }],
  markets: [market('ADAUSDT'), market('DOTUSDT')],
}
const found = (over: Partial<SeenCandidates> = {}, settings: Settings = SETTINGS): string =>
  asking(settings)(CANDIDATES, { ...SEEN, ...over }).join(' ')

test('what receives funding can be held instead, on the other side what pays', () => {
  assert.is(found(), 'ADAUSDT DOTUSDT')
  const short = { ...POSITION, strategy: 'mean-reversion', side: 'short' } as const
  assert.equal(inQuestion({ ...SEEN, position: short, held: [] }, SETTINGS), ['SOLUSDT'])
})

test('one that is held or entered is not, on the other side in hedge mode it is', () => {
  assert.is(found({ held: [{ symbol: 'ADAUSDT', side: 'long' }] }), 'DOTUSDT')
  const held = [{ symbol: 'ADAUSDT', side: 'short' }] as const
  assert.is(found({ held }), 'DOTUSDT')
  assert.is(found({ held }, { ...SETTINGS, positionMode: 'hedge' }), 'ADAUSDT DOTUSDT')
})

test('one that took part in an exchange rests, for as long as the settings say', () => {
  const begun = [{ at: MIDNIGHT - 23 * HOUR, from: 'ADAUSDT', to: 'XUSDT' }]
  assert.is(found({ begun }), 'DOTUSDT')
  const shorter = overlay({ ...SETTINGS }, { strategies: { 'funding-rotation': { coinRestHours: 23 } } })
  assert.is(found({ begun }, shorter), 'ADAUSDT DOTUSDT')
})

test('one that is being settled is not, where on which side of it an order will be is not known', () => {
  assert.is(found({ settling: ['ADAUSDT'] }), 'DOTUSDT')
  assert.is(found({ settling: ['ADAUSDT'], lacking: 'skip' }), 'ADAUSDT DOTUSDT')
})

test('one with too few candles is not, nor one whose stop would not lie below its price', () => {
  for (const key of ['lower', 'middle', 'upper', 'width', 'rsi'] as const) {
    assert.is(found({ markets: [market('ADAUSDT', { [key]: undefined }), market('DOTUSDT')] }), 'DOTUSDT')
  }
  for (const last of [88, Number.NaN]) {
    assert.is(found({ markets: [market('ADAUSDT', { last }), market('DOTUSDT')] }), 'DOTUSDT')
  }
})

test('a strategy that exchanges nothing, or is not known, finds nothing', () => {
  for (const strategy of ['funding-momentum', 'gone']) {
    assert.is(found({ position: { ...POSITION, strategy } }), '')
  }
})

test('stop and target are those of its own strategy under the settings, the quantity that of the position', () => {
  const settings = overlay(
    { ...SETTINGS },
    { strategies: { 'bollinger-grid-long': { stopBelowPercent: 10 } } },
  )
  const seen = { position: POSITION, market: market('ADAUSDT'), qty: 2, mark: 75.0155, step: '0.001' }
  // 150.031 USDT at a last price of 100: no more than the position is worth.
  assert.equal(asking(settings)(INSTEAD, seen), { stop: 855 as Ticks, target: null, steps: 1_500 })
  assert.is.not(INSTEAD.decide(seen, SETTINGS)?.stop, 855)
})

test('what is never sold short is not, and the tier of a coin is that of the settings', () => {
  const position = { ...POSITION, strategy: 'bollinger-grid-short', side: 'short' } as const
  const { universe } = SETTINGS
  const at = (tier: 'A' | 'C', neverShort: readonly string[]): boolean => {
    const tiers = { S: [], A: [], B: [], C: [], D: [], [tier]: ['ADA'] }
    const settings = { ...SETTINGS, universe: { ...universe, tiers, neverShort } } as Settings
    return exchanger(position, settings)(market('ADAUSDT')) !== null
  }
  assert.equal([at('A', []), at('C', []), at('A', ['ADA'])], [true, false, false])
})

test('the rule cannot be asked of a symbol that nobody has looked at', () => {
  assert.throws(() => CANDIDATES.decide({ ...SEEN, markets: [] }, SETTINGS), /was looked at/)
})

test.run()
