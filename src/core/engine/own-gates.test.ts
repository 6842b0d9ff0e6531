import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { signalOf, ticks } from '../decision/view.fixture.ts'
import { OWN_GATES, ownGates, type SeenSignal } from './own-gates.ts'
import { defaultSettings } from './settings.ts'

const test = suite('own gates')

const SIGNAL = signalOf()
const SEEN: SeenSignal = {
  signal: SIGNAL,
  known: { tick: SIGNAL.instrument.tick, step: SIGNAL.instrument.step },
  isUsed: false,
  mayLadder: true,
  live: null,
}

function laddered() {
  const settings = defaultSettings()
  const ladder = { ...settings.strategies['dca-ladder'], enabled: true }
  return { ...settings, strategies: { ...settings.strategies, 'dca-ladder': ladder } }
}

test('a signal that bbw can act on goes on to the guards', () => {
  assert.is(OWN_GATES.decide(SEEN, defaultSettings()), null)
  assert.ok(ownGates(SEEN, true).every(({ isOpen, reason }) => isOpen === true && reason === ''))
})

test('whatever refuses it does so with its gate, its words and what it saw', () => {
  const { tick, step } = SIGNAL.instrument
  for (const [over, gate, figures] of [
    [{ signal: { ...SIGNAL, strategy: 'junk-short' } }, 'strategy', { strategy: 'junk-short' }],
    [{ signal: { ...SIGNAL, strategy: 'nobody' } }, 'strategy', { strategy: 'nobody' }],
    [{ known: null }, 'instrument', { tick, step }],
    [{ known: { tick: '0.5', step } }, 'instrument', { tick, step }],
    [{ known: { tick, step: '7' } }, 'instrument', { tick, step }],
    [{ isUsed: true }, 'once', { signal: SIGNAL.id }],
    [{ signal: { ...SIGNAL, stop: ticks(970) } }, 'stop-price', { stop: '97.0', from: 970 }],
    [{ signal: { ...SIGNAL, stop: ticks(0) } }, 'stop-price', { stop: '0 ticks', from: 970 }],
  ] as const) {
    const refusal = OWN_GATES.decide({ ...SEEN, ...over } as SeenSignal, defaultSettings())
    assert.equal([refusal?.gate, refusal?.figures], [gate, figures])
    assert.is.not(refusal?.reason, '')
  }
})

test('an entry whose ladder has no stop that can be written is refused, unless it becomes none', () => {
  // 15 % under a limit of 0.1 is less than a tick.
  const low = { ...SIGNAL, order: { type: 'limit' as const, price: ticks(2) }, stop: ticks(1) }
  const seen = { ...SEEN, signal: low }
  const settings = laddered()
  assert.is(OWN_GATES.decide(seen, defaultSettings()), null)
  const { params } = { params: { ...settings.strategies['dca-ladder'], stopBelowPercent: 99 } }
  const steep = { ...settings, strategies: { ...settings.strategies, 'dca-ladder': params } }
  assert.is(OWN_GATES.decide(seen, steep)?.gate, 'stop-price')
  assert.is(OWN_GATES.decide({ ...seen, mayLadder: false }, steep), null)
  assert.is(OWN_GATES.decide({ ...seen, live: [] }, steep), null, 'ladders may not send real orders')
})

test.run()
