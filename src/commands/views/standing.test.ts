import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { GateSnapshot } from '../../core/engine/snapshot.ts'
import { AT, snapshot } from './model.fixture.ts'
import { standingOf } from './standing.ts'

const test = suite('standing')
const RUNS = {
  isRunning: true,
  isStopping: false,
  snapshot: snapshot(),
  standing: { paused: null, halted: null },
}
const BY = { at: AT, by: 'me', reason: 'news' }

function closed(gate: string): GateSnapshot {
  return { gate, isOpen: false, value: '12 %', limit: '10 %', reason: `${gate} says no` }
}

test('the word is that of what stops the most', () => {
  const word = (change: Partial<Parameters<typeof standingOf>[0]>): string =>
    standingOf({ ...RUNS, ...change }).word
  assert.is(word({}), 'RUNNING')
  assert.is(word({ snapshot: null }), 'STARTING')
  assert.is(word({ standing: { paused: BY, halted: null } }), 'PAUSED')
  assert.is(word({ standing: { paused: BY, halted: BY } }), 'HALTED')
  assert.is(
    word({ snapshot: snapshot({ isRecovering: true }), standing: { paused: BY, halted: null } }),
    'RECOVERING',
  )
  assert.is(word({ isStopping: true, standing: { paused: null, halted: BY } }), 'STOPPING')
  assert.is(word({ isRunning: false, isStopping: true }), 'NOT RUNNING')
})

test('limits on losses pause and halt too, other gates do not', () => {
  const of = (gate: string): readonly string[] => {
    const { word, reason } = standingOf({ ...RUNS, snapshot: snapshot({ gates: [closed(gate)] }) })
    return [word, reason]
  }
  assert.equal(of('drawdown'), ['PAUSED', 'drawdown says no'])
  assert.equal(of('halt'), ['HALTED', 'halt says no'])
  assert.equal(of('pause'), ['PAUSED', 'pause says no'])
  assert.equal(of('long-share'), ['RUNNING', ''])
})

test('who paused or halted is said, with the reason', () => {
  assert.is(standingOf({ ...RUNS, standing: { paused: null, halted: BY } }).reason, 'halted by me: news')
  assert.is(standingOf({ ...RUNS, standing: { paused: BY, halted: null } }).reason, 'paused by me: news')
})

test.run()
