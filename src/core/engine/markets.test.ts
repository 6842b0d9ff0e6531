import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { instrument } from './desk.fixture.ts'
import { Markets } from './markets.ts'
import { defaultSettings } from './settings.ts'

const test = suite('markets')
const markets = (): Markets => new Markets(defaultSettings().universe)

test('a symbol that was never introduced is a broken contract, or not found', () => {
  assert.throws(() => markets().of('SOLUSDT'), /SOLUSDT was never introduced/)
  assert.is(markets().find('SOLUSDT'), undefined)
})

test('introduced again, a symbol has the new terms and keeps its prices', () => {
  const all = markets()
  all.introduce(instrument('SOLUSDT'))
  all.of('SOLUSDT').price(MIDNIGHT, 100, 101)
  all.introduce({ ...instrument('SOLUSDT'), maxLeverage: 7 })
  assert.is(all.of('SOLUSDT').instrument.maxLeverage, 7)
  assert.is(all.of('SOLUSDT').mark, 101)
  assert.is([...all.all()].length, 1)
})

test('a candle decided on before the restart is known when its symbol is introduced, and until then', () => {
  const all = markets()
  all.load({
    symbols: [],
    decided: [
      ['SOLUSDT', { '1d': 5, '5m': 7 }],
      ['ADAUSDT', { '1d': 6, '5m': -1 }],
    ],
  })
  all.introduce(instrument('SOLUSDT'))
  assert.equal(all.of('SOLUSDT').decided, { '1d': 5, '5m': 7 })
  assert.equal(all.save().decided, [['ADAUSDT', { '1d': 6, '5m': -1 }]])
  assert.equal(
    new Map(all.decided()),
    new Map([
      ['ADAUSDT', { '1d': 6, '5m': -1 }],
      ['SOLUSDT', { '1d': 5, '5m': 7 }],
    ]),
  )
})

test('what was saved is there again', () => {
  const all = markets()
  all.introduce(instrument('SOLUSDT'))
  all.of('SOLUSDT').price(MIDNIGHT, 100, 101)
  const saved = JSON.parse(JSON.stringify(all.save()))
  const next = markets()
  next.load(saved)
  assert.equal(next.save(), saved)
})

test.run()
