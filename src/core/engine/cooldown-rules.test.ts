import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../base/units.ts'
import { ACCEPTED, COOLDOWN, isStoppedBy, type SeenRest } from './cooldown-rules.ts'
import { asking } from './rules.fixture.ts'
import { defaultSettings, overlay } from './settings.ts'

const test = suite('cooldown rules')
const ask = asking()
const NOW = 100 * DAY

const until = (after: SeenRest['after'], over: Partial<SeenRest> = {}): number | null =>
  ask(COOLDOWN, { strategy: 'bollinger-grid-long', symbol: 'SOLUSDT', after, from: NOW, before: 0, ...over })

const STOPPED = { reasons: ['stop'], cause: 'stop', leg: null } as const

test('what closed a position says how long its strategy rests', () => {
  const afterStop = until(STOPPED)
  assert.ok(afterStop !== null && afterStop > NOW)
  assert.is(
    until({ ...STOPPED, reasons: ['trailing-stop', 'emergency'], cause: 'order', leg: 'close' }),
    afterStop,
  )
  assert.is(until({ ...STOPPED, reasons: ['liquidation'], cause: 'liquidation' }), afterStop)
  const closed = { reasons: ['time-exit'], cause: 'order' } as const
  assert.is(until({ ...closed, leg: 'close' }), null)
  assert.is(until({ reasons: ['closed-outside'], cause: 'order', leg: null }), null)
})

test('the longer of two rests stands, and what is switched off or unknown has none', () => {
  const end = until(STOPPED) ?? 0
  assert.is(until(STOPPED, { before: end }), null)
  assert.is(until(STOPPED, { before: end - 1 }), end)
  assert.is(until(STOPPED, { strategy: 'gone' }), null)
  const off = overlay({ ...defaultSettings() }, { strategies: { 'bollinger-grid-long': { enabled: false } } })
  const seen = { strategy: 'bollinger-grid-long', symbol: 'SOLUSDT', after: STOPPED, from: NOW, before: 0 }
  assert.is(asking(off)(COOLDOWN, seen), null)
})

test('orders of the last 24 h are counted where a strategy may send only so many', () => {
  const seen = { strategy: 'sl-reentry', symbol: 'SOLUSDT', times: [NOW - DAY, NOW - HOUR], now: NOW }
  assert.equal(ask(ACCEPTED, seen), [NOW - HOUR, NOW])
  assert.is(ask(ACCEPTED, { ...seen, strategy: 'bollinger-grid-long' }), null)
})

test('a position is stopped by any of its stops, whatever closed the rest', () => {
  for (const reason of ['stop', 'breakeven-stop', 'trailing-stop'] as const)
    assert.ok(isStoppedBy({ reasons: ['partial-target-1', reason] }))
  assert.not.ok(isStoppedBy({ reasons: ['partial-target-1', 'target', 'liquidation'] }))
})

test.run()
