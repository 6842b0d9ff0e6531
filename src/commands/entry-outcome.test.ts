import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { eventOf } from '../core/adapters/sqlite/store.fixture.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import { codeOf, outcomesOf, type Standing } from './entry-outcome.ts'

const test = suite('entry outcome')

function told(kind: EngineEvent['kind'], signalId: string | null, clientOrderId: string | null): EngineEvent {
  return eventOf({ kind, signalId, clientOrderId, reason: kind, figures: {} })
}

const ENTERED = told('entered', 'a', 'order-a')

/** Kind and outcome of each, and the exit code. */
function of(events: readonly EngineEvent[], standing: Standing = 'rests'): readonly unknown[] {
  const outcomes = outcomesOf(events, new Set(['a', 'b']), () => standing)
  return [...outcomes.map(({ kind, figures }) => `${kind} ${figures.outcome ?? '-'}`), codeOf(outcomes)]
}

test('an entry is what the exchange has made of its order', () => {
  assert.equal(of([ENTERED]), ['entered resting', 0])
  assert.equal(of([ENTERED, told('filled', 'a', 'order-a')]), ['entered filled', 0])
  assert.equal(of([ENTERED, told('rejected', 'a', 'order-a')]), ['rejected -', 6])
  assert.equal(of([ENTERED, told('refused', 'a', 'order-a')]), ['refused -', 6])
  assert.equal(of([ENTERED, told('expired', 'a', 'order-a')]), ['expired -', 6])
  assert.equal(of([ENTERED], { unknown: 'entry is of unknown fate' }), ['unknown -', 5])
})

test('what has filled in part and then ended was entered', () => {
  const events = [ENTERED, told('filled', 'a', 'order-a'), told('expired', 'a', 'order-a')]
  assert.equal(of(events), ['entered filled', 0])
})

test('each signal has one answer, and what is of others is none', () => {
  const refused = told('refused', 'b', null)
  assert.equal(of([refused]), ['refused -', 6])
  assert.equal(of([told('entered', 'c', 'order-c'), refused, ENTERED, refused]), [
    'entered resting',
    'refused -',
    0,
  ])
  assert.equal(of([]), [6])
})

test.run()
