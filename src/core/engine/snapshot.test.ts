import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../base/units.ts'
import { Desk, gridSignal, PATIENT, placed } from './desk.fixture.ts'
import { overlay } from './settings.ts'
import type { Snapshot } from './snapshot.ts'

const test = suite('snapshot')

function held(): Desk {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  for (const order of placed(desk.open(gridSignal()).effects)) desk.order(order.clientOrderId, 'accepted')
  desk.propose(gridSignal('ADAUSDT'))
  desk.price('SOLUSDT', 98)
  return desk
}

const gate = (snapshot: Snapshot, name: string): Snapshot['gates'][number] | undefined =>
  snapshot.gates.find(one => one.gate === name)

test('a position has its prices, its stop, its targets and what it has made', () => {
  const snapshot = held().engine.snapshot()
  const [position] = snapshot.positions
  assert.is(position.symbol, 'SOLUSDT')
  assert.is(position.entry, 97)
  assert.is(position.mark, 98)
  assert.is(position.stop, '93.0')
  assert.is(position.isProtected, true)
  assert.equal(
    position.targets.map(target => [target.leg, target.price]),
    [
      ['target-1', '100.0'],
      ['target-2', '105.0'],
    ],
  )
  assert.ok(Math.abs((position.unrealisedPercent ?? 0) - 100 / 97) < 1e-9)
  assert.is(snapshot.unrealised, position.unrealised)
  assert.is(snapshot.equity, snapshot.wallet + snapshot.unrealised)
  assert.equal(
    snapshot.pending.map(one => [one.symbol, one.isUnknown]),
    [['ADAUSDT', false]],
  )
})

test('a ladder tells how many of its adds have filled, and which one waits', () => {
  const settings = overlay(
    { ...PATIENT },
    { strategies: { 'dca-ladder': { enabled: true } }, guards: { 'score-threshold': { least: 0 } } },
  )
  const desk = new Desk(settings).introduce('SOLUSDT')
  desk.wait(0)
  for (const order of placed(desk.open(gridSignal()).effects)) desk.order(order.clientOrderId, 'accepted')
  desk.now += 2 * MINUTE
  desk.price('SOLUSDT', 96)
  const add = placed(desk.live(0)).find(order => order.purpose === 'entry')
  assert.ok(add !== undefined)
  if (add === undefined) return
  const before = desk.engine.snapshot()
  assert.equal([before.positions[0].adds, before.pending[0].add], [{ planned: 2, filled: 0 }, 1])
  desk.fill(add)
  assert.equal(desk.engine.snapshot().positions[0].adds, { planned: 2, filled: 1 })
})

test('it survives JSON', () => {
  const snapshot = held().engine.snapshot()
  assert.equal(JSON.parse(JSON.stringify(snapshot)), snapshot)
})

test('the gates say what they see, their limit, and why they are closed', () => {
  const desk = held()
  assert.ok(desk.engine.snapshot().gates.every(one => one.isOpen))
  desk.feed({ type: 'command', id: 'c', command: 'pause', by: 'me', reason: 'lunch' })
  const paused = gate(desk.engine.snapshot(), 'kill-switch')
  assert.is(paused?.value, 'paused')
  assert.is(paused?.reason, 'paused by me: lunch')
  desk.feed({ type: 'command', id: 'd', command: 'resume', by: 'me', reason: '' })
  assert.is(gate(desk.engine.snapshot(), 'kill-switch')?.isOpen, true)
  desk.stopOut(desk.position(), { fee: 200 })
  assert.match(gate(desk.engine.snapshot(), 'daily-loss')?.reason ?? '', /at its limit/)
})

test('what closes one symbol leaves the house open to the others, and is named', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  const [entry] = placed(desk.propose(gridSignal('ADAUSDT')))
  desk.order(entry.clientOrderId, 'unknown', 'time-out')
  const one = gate(desk.engine.snapshot(), 'readiness')
  assert.equal([one?.isOpen, one?.value], [true, 'ready'])
  assert.match(one?.reason ?? '', /^ADAUSDT: order .* is of unknown fate$/)
  assert.is(placed(desk.propose(gridSignal('SOLUSDT'))).length, 1)
  desk.feed({ type: 'store', ok: false, reason: 'the disk is full', code: null })
  const all = gate(desk.engine.snapshot(), 'readiness')
  assert.equal([all?.isOpen, all?.value], [false, 'not ready'])
})

test('the cycles are there with their next turn', () => {
  const desk = held()
  desk.live(30_000)
  const [light] = desk.engine.snapshot().cycles
  assert.is(light.cycle, 'light')
  assert.ok((light.lastAt ?? 0) > 0 && light.runs > 0)
})

test.run()
