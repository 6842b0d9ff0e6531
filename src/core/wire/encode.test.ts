import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MIDNIGHT, ticks } from '../decision/view.fixture.ts'
import { Desk, events, gridSignal, only, reversionSignal } from '../engine/desk.fixture.ts'
import { scoreSignal } from '../engine/pipeline.ts'
import { eventRecord, scoreFields, signalRecord, tradeRecord } from './encode.ts'

const test = suite('encode')

test('every record has version, type, id and time', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.open(reversionSignal())
  const [{ trade }] = only(desk.stopOut(desk.position()), 'trade')
  const [event] = events(desk.effects, 'filled')
  const records = [signalRecord(gridSignal()), eventRecord(event, false), tradeRecord(trade)]
  assert.equal(
    records.map(({ v, type, ts }) => [v, type, ts]),
    [
      [1, 'signal', MIDNIGHT],
      [1, 'event', MIDNIGHT],
      [1, 'trade', MIDNIGHT],
    ],
  )
  for (const { id } of records) assert.type(id, 'string')
  assert.is(records[0].id, gridSignal().id)
  assert.is(records[2].id, reversionSignal().id)
})

test('prices and quantities for an exchange are decimal texts, figures are numbers', () => {
  const record = signalRecord(gridSignal('SOLUSDT', { target: ticks(1_100) }))
  assert.equal(record.order, { type: 'limit', price: '97.0' })
  assert.is(record.stop, '93.0')
  assert.is(record.target, '110.0')
  assert.is(record.lower, 100)
  assert.equal(record.instrument, {
    baseCoin: 'SOL',
    quoteCoin: 'USDT',
    tick: '0.1',
    step: '0.001',
    minQty: '0.001',
    maxQty: null,
    minPrice: '0.1',
    minNotional: 5,
    maxLeverage: 50,
    maintenanceMarginRate: 0.01,
    source: 'recorded 2026-01-01',
  })
  assert.equal(signalRecord(gridSignal('SOLUSDT', { order: { type: 'market' } })).order, { type: 'market' })
})

test('what scoring adds says whether it is enough, and that no model was asked', () => {
  const scored = scoreSignal(gridSignal())
  const { value, tenths } = scored.score
  assert.equal(scoreFields(scored, value), {
    type: 'scored',
    score: value,
    parts: scored.score.parts,
    adjustment: scored.score.adjustmentTenths / 10,
    rejectedBy: null,
    fundingAssumed: false,
    probability: null,
    verdict: 'pass',
  })
  assert.is(scoreFields(scored, (tenths + 1) / 10).verdict, 'fail')
})

test('a signal that a metric rejects fails, whatever is asked of it', () => {
  const scored = scoreSignal(gridSignal('SOLUSDT', { turnover: 1 }))
  assert.is(scored.score.rejectedBy, 'turnover')
  assert.is(scoreFields(scored, 0).verdict, 'fail')
})

test('the id of an event follows from all of its content, and dry from how it was meant', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  const [one] = events(desk.propose(gridSignal()), 'entered')
  const [other] = events(desk.propose(gridSignal('ADAUSDT')), 'entered')
  assert.is(eventRecord(one, true).id, eventRecord(one, false).id)
  assert.is.not(eventRecord(one, true).id, eventRecord(other, true).id)
  assert.is.not(eventRecord(one, true).id, eventRecord({ ...one, ts: one.ts + 1 }, true).id)
  assert.is(eventRecord(one, true).dry, true)
  assert.is(eventRecord(one, false).dry, false)
})

test.run()
