import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { EngineCore } from './core.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import { defaultSettings } from './settings.ts'

const test = suite('engine core')

test('effects leave in the order they were made in, once', () => {
  const { core } = new Parts()
  core.note('store', 'one', null, 'E109')
  core.emit({ type: 'query-account', queryId: 'q' })
  core.outcome('key', 'filled', '')
  assert.equal(
    core.takeEffects().map(({ type }) => type),
    ['event', 'query-account', 'outcome'],
  )
  assert.is(core.takeEffects().length, 0)
})

test('without a journal nothing is told but what must be', () => {
  const { core } = new Parts({ journal: false })
  core.note('store', 'one', null, 'E109')
  core.outcome('key', 'filled', '')
  assert.is(core.takeEffects().length, 0)
  core.record('digest', {
    symbol: null,
    side: null,
    strategy: null,
    signalId: null,
    clientOrderId: null,
    code: null,
    reason: '',
    figures: {},
  })
  assert.is(core.takeEffects().length, 1)
})

test('a symbol is held for as long as one of its positions is', () => {
  const { core } = new Parts()
  assert.is(core.held.size, 0)
  core.replace({ ...core.portfolio, positions: new Map([['SOLUSDT:long', HELD]]) })
  assert.equal([...core.held], ['SOLUSDT'])
  core.replace({ ...core.portfolio, positions: new Map() })
  assert.is(core.held.size, 0)
})

test('the longer of two rests stands, and a strategy that is switched off has none', () => {
  const { core } = new Parts()
  const rest = core.terms('bollinger-grid-long')?.cooldownAfterStop ?? 0
  assert.ok(rest > 0)
  const stopped = { reasons: ['stop'], cause: 'stop', leg: null } as const
  core.rest('bollinger-grid-long', 'SOLUSDT', stopped, MIDNIGHT)
  core.rest('bollinger-grid-long', 'SOLUSDT', stopped, MIDNIGHT - 1)
  core.rest('nothing', 'SOLUSDT', stopped, MIDNIGHT)
  assert.equal([...core.cooldowns], [['bollinger-grid-long:SOLUSDT', MIDNIGHT + rest]])
})

test('an id of a request is never used twice, over restarts neither', () => {
  const { core } = new Parts({ incarnation: 3 })
  assert.is(core.requestId('stop'), 'stop-3-1')
  assert.is(core.requestId('order'), 'order-3-2')
  const next = new EngineCore(defaultSettings(), { wallet: 1, incarnation: 3 })
  next.load(JSON.parse(JSON.stringify(core.save())))
  assert.is(next.requestId('stop'), 'stop-3-3')
})

test('what was saved is there again', () => {
  const parts = new Parts().book([HELD], [RESTING])
  parts.core.count('one')
  parts.core.isDoubted = true
  parts.core.recovery = { cause: 'gap', since: MIDNIGHT, found: 2 }
  const saved = JSON.parse(JSON.stringify(parts.core.save()))
  const next = new EngineCore(defaultSettings(), { wallet: 1 })
  next.load(saved)
  assert.equal(next.save(), saved)
  assert.equal([...next.held], ['SOLUSDT'])
})

test.run()
