import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Gatekeeper } from './gatekeeper.ts'
import { Parts } from './parts.fixture.ts'

const test = suite('gatekeeper')
const order = { type: 'command', at: 0, id: 'a', by: 'somebody', reason: 'why not' } as const

test('a halt is told once, and only a person lifts it', () => {
  const parts = new Parts()
  parts.gatekeeper.halt('bbw', 'first', 'C310')
  parts.gatekeeper.halt('bbw', 'second', 'C305')
  assert.equal(parts.told(), ['halted C310'])
  assert.is(parts.gatekeeper.isHalted, true)
  assert.is(parts.gatekeeper.standing.halted?.reason, 'first')
  parts.gatekeeper.command({ ...order, command: 'resume' })
  assert.equal(parts.told(), ['resumed I131', 'answer'])
  assert.is(parts.gatekeeper.isHalted, false)
})

test('a pause keeps the halt that is there, and a drawdown beyond the limit pauses by itself', () => {
  const parts = new Parts()
  parts.gatekeeper.command({ ...order, command: 'halt' })
  parts.gatekeeper.command({ ...order, command: 'pause' })
  assert.equal(parts.told(), ['halted C132', 'answer', 'paused I130', 'answer'])
  assert.ok(parts.gatekeeper.standing.halted !== null)
  parts.core.fold({ type: 'wallet-set', wallet: 850 })
  parts.gatekeeper.health()
  assert.equal(parts.told(), ['paused W133'])
  assert.ok(parts.gatekeeper.gates.pausedUntil > parts.core.now)
})

test('trouble of the store is told when it begins and when it ends', () => {
  const parts = new Parts()
  parts.gatekeeper.store(true, '', null)
  assert.equal(parts.told(), [])
  parts.gatekeeper.store(false, 'disk full', null)
  parts.gatekeeper.store(false, 'still full', null)
  assert.equal(parts.told(), ['store E109'])
  assert.is(parts.gatekeeper.storeTrouble, 'still full')
  parts.gatekeeper.store(true, '', null)
  assert.equal(parts.told(), ['store'])
  assert.is(parts.gatekeeper.storeTrouble, null)
})

test('what was saved is there again', () => {
  const parts = new Parts()
  parts.gatekeeper.halt('bbw', 'first', 'C310')
  parts.gatekeeper.store(false, 'disk full', null)
  const next = new Gatekeeper(parts.core)
  next.load(parts.gatekeeper.save())
  assert.equal(next.save(), parts.gatekeeper.save())
})

test.run()
