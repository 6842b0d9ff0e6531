import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE } from './core/base/units.ts'
import { gridSignal } from './core/engine/desk.fixture.ts'
import type { BrokerPort } from './core/engine/ports.ts'
import { FaultRig, type RigOptions, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('faults of leverages')
const folder = new StoreFolder()
test.after(() => folder.remove())

const open = (options: RigOptions = {}): Promise<FaultRig> => FaultRig.open(folder.fresh(), options)

const grid = gridSignal(SYMBOL, { order: { type: 'market' } })

/** The operations that left, in their order. */
const left = (rig: FaultRig): readonly string[] =>
  rig.sent.map(one => one.operation).filter(one => one === 'setLeverage' || one === 'place')

/** One position of one entry, under its stop, books and account the same. */
function wrong(rig: FaultRig): readonly string[] {
  const found = [...rig.differences()]
  if (rig.entriesAccepted() !== 1) found.push(`${rig.entriesAccepted()} entries were accepted`)
  if (rig.account().positions.length !== 1) found.push('no position')
  return found
}

/** Nothing at the exchange, nothing in the books, and both the same. */
function left0(rig: FaultRig): readonly string[] {
  const found = [...rig.differences()]
  if (rig.requests('place') > 0) found.push('something was placed')
  if (rig.engine.portfolio.pending.size > 0) found.push('an entry is pending')
  return found
}

test('F8: the leverage is set and confirmed before the first order of a symbol', async () => {
  const rig = await open()
  await rig.propose(grid)
  assert.equal(left(rig).slice(0, 2), ['setLeverage', 'place'])
  await rig.run(2 * MINUTE)
  assert.is(rig.account().positions[0].leverage, grid.leverage)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('F8: a lost reply to it is looked up, and the entry goes', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-reply', operation: 'setLeverage', times: 1 })
  rig.exchange.inject({ kind: 'lose-input', when: input => input.type === 'leverage', times: 1 })
  await rig.propose(grid)
  await rig.run(2 * MINUTE)
  assert.equal([rig.exchange.fired['lose-reply'], rig.exchange.fired['lose-input']], [1, 1])
  assert.is(rig.requests('setLeverage'), 1)
  assert.is(rig.counter('leverage-looked-up'), 1)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('F8: a confirmation that is never told is looked up when it is overdue', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-input', when: input => input.type === 'leverage', times: 1 })
  await rig.propose(grid)
  await rig.run(2 * MINUTE)
  assert.is(rig.exchange.fired['lose-input'], 1)
  assert.is(rig.requests('setLeverage'), 1)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('F8: a request that never arrives is made again once the look-up says so', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-request', operation: 'setLeverage', times: 1 })
  await rig.propose(grid)
  await rig.run(2 * MINUTE)
  assert.is(rig.exchange.fired['lose-request'], 1)
  assert.is(rig.requests('setLeverage'), 2)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('F8: where nothing is ever answered the entry is denied, and nothing is placed', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-request', operation: 'setLeverage' })
  rig.exchange.inject({ kind: 'lose-request', operation: 'leverage' })
  await rig.propose(grid)
  await rig.run(2 * MINUTE)
  assert.is(rig.count('W608'), 1)
  assert.equal(left0(rig), [])
  rig.close()
})

test('F8: another leverage than the planned one denies the entry, and nothing is placed', async () => {
  const capped = (broker: BrokerPort): BrokerPort => ({
    ...broker,
    setLeverage: (requestId, symbol) => broker.setLeverage(requestId, symbol, 2),
  })
  const rig = await open({ mistake: capped })
  await rig.propose(grid)
  await rig.run(2 * MINUTE)
  const told = rig.events.find(event => event.code === 'W608')
  assert.is(told?.reason, 'leverage: Leverage 2, plan 3; entry denied')
  assert.equal(left0(rig), [])
  rig.close()
})

test('F8: a driver that sends entries at whatever leverage is found out', async () => {
  const careless = (broker: BrokerPort): BrokerPort => ({
    ...broker,
    place: order => broker.place({ ...order, leverage: 7 }),
  })
  const rig = await open({ mistake: careless })
  await rig.propose(grid)
  await rig.run(MINUTE)
  assert.not.equal(wrong(rig), [])
  rig.close()
})

for (const phase of ['before', 'after'] as const) {
  test(`F8: the process ends ${phase} the request leaves: the entry is given up, and its symbol is free`, async () => {
    const rig = await open()
    rig.killAt({ at: 'setLeverage', phase })
    await rig.propose(grid)
    assert.is(rig.isDead, true)
    await rig.restart()
    await rig.run(2 * MINUTE)
    assert.is(rig.count('I107'), 1)
    assert.equal(left0(rig), [])
    rig.close()
  })
}

test.run()
