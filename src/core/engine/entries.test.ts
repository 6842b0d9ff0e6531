import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { ticks } from '../decision/view.fixture.ts'
import { reversionSignal } from './desk.fixture.ts'
import { Entries } from './entries.ts'
import { Parts, RESTING } from './parts.fixture.ts'
import { scoreSignal } from './pipeline.ts'

const test = suite('entries')

test('a signal is entered once, and what is refused is told with its gate', () => {
  const parts = new Parts()
  const scored = scoreSignal(reversionSignal())
  parts.entries.propose([scored], 'a')
  assert.equal(parts.told(), ['persist', 'verdict', 'entered', 'place', 'answer'])
  assert.is(parts.core.portfolio.pending.size, 1)
  parts.entries.propose([scored], undefined)
  assert.equal(parts.told(), ['verdict', 'refused I113'])
})

test('what is refused before the guards is told as they tell it, with what was seen', () => {
  const parts = new Parts()
  const signal = reversionSignal()
  parts.entries.propose([scoreSignal(signal)], undefined)
  parts.core.takeEffects()
  const strange = { ...signal, instrument: { ...signal.instrument, tick: '0.5' } }
  const loose = { ...reversionSignal('ADAUSDT'), stop: ticks(1_000) }
  parts.entries.propose([signal, strange, loose].map(scoreSignal), undefined)
  const refused = parts.core
    .takeEffects()
    .flatMap(effect => (effect.type === 'event' && effect.event.kind === 'refused' ? [effect.event] : []))
  const { score } = scoreSignal(signal)
  assert.equal(
    refused.map(({ symbol, side, strategy, figures }) => [symbol, side, strategy, figures]),
    [
      ['ADAUSDT', { gate: 'stop-price', score: score.value, stop: '100.0', from: 1_000 }] as const,
      ['SOLUSDT', { gate: 'once', score: score.value, signal: signal.id }] as const,
      ['SOLUSDT', { gate: 'instrument', score: score.value, tick: '0.5', step: '0.001' }] as const,
    ].map(([symbol, figures]) => [symbol, 'long', 'mean-reversion', figures]),
  )
})

test('a signal whose stop protects nothing is refused before a guard is asked', () => {
  const parts = new Parts()
  const signal = reversionSignal()
  parts.entries.propose(
    [scoreSignal({ ...signal, stop: signal.instrument.minPrice - 1 } as typeof signal)],
    'a',
  )
  assert.equal(parts.told(), ['verdict', 'refused E206', 'answer'])
})

test('an entry that has lived through its bar is taken back, and waited for', () => {
  const parts = new Parts().book([], [RESTING])
  assert.equal(parts.entries.expire(), [])
  parts.wait(DAY)
  assert.equal(parts.entries.expire(), [RESTING.clientOrderId])
  assert.equal(parts.told(), ['cancel'])
  parts.orders.refuseCancel(RESTING.clientOrderId)
  assert.equal(parts.entries.expire(), [], 'the account tells first')
})

test('after a halt every entry is taken back, whoever has halted', () => {
  const parts = new Parts().book([], [RESTING])
  parts.gatekeeper.command({ type: 'command', at: 0, id: 'c', command: 'pause', by: 'cli', reason: 'lunch' })
  assert.equal(parts.entries.expire(), [], 'a pause leaves it to its bar')
  parts.gatekeeper.halt('bbw', 'books and exchange differ', 'C310')
  assert.equal(parts.entries.expire(), [RESTING.clientOrderId])
})

test('what was scanned is scored and entered once; without candles nothing is found', () => {
  const parts = new Parts()
  parts.entries.dayClosed()
  parts.entries.scan()
  parts.entries.score()
  parts.entries.enter()
  assert.equal(parts.entries.look(), [])
  assert.equal(parts.told(), [])
})

test('what was saved is there again', () => {
  const parts = new Parts()
  parts.entries.propose([scoreSignal(reversionSignal())], undefined)
  const { core, orders, leverages, gatekeeper } = parts
  const next = new Entries(
    core,
    orders,
    leverages,
    gatekeeper,
    () => parts.house(),
    () => [],
  )
  next.load(parts.entries.save())
  assert.equal(next.save(), parts.entries.save())
  assert.is(next.save().used.length, 1)
})

test.run()
