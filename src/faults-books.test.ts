import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { HOUR, MINUTE, SECOND, type Steps, type Ticks } from './core/base/units.ts'
import { ticks } from './core/decision/view.fixture.ts'
import { gridSignal, reversionSignal } from './core/engine/desk.fixture.ts'
import type { FillInput, Input } from './core/engine/protocol.ts'
import { A_WHILE, FaultRig, OTHER, type RigOptions, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('faults of books')
const folder = new StoreFolder()
test.after(() => folder.remove())

const open = (options: RigOptions = {}): Promise<FaultRig> => FaultRig.open(folder.fresh(), options)

const grid = gridSignal(SYMBOL, { order: { type: 'market' } })
const reversion = reversionSignal(SYMBOL, { order: { type: 'market' }, stop: ticks(960) })

const isFill = (input: Input): input is FillInput => input.type === 'fill'

const held = (options: RigOptions = {}, signal = grid): Promise<FaultRig> =>
  FaultRig.held(folder.fresh(), signal, options)

/** The price falls through the stop in the fifth minute. */
const FALL = {
  path: [
    [4, 102],
    [60, 92],
  ],
} as const

// --- C1, C2: what is told ---------------------------------------------------------------------------------------

test('C1: a fill that was never told is found and booked, of an entry, of a target and of a stop', async () => {
  const cases = [
    { path: [[60, 102]], positions: 1 },
    {
      path: [
        [4, 102],
        [60, 104],
      ],
      positions: 1,
    },
    { path: FALL.path, positions: 0 },
  ] as const
  for (const [k, { path, positions }] of cases.entries()) {
    const rig = k === 0 ? await open({ path }) : await held({ path })
    rig.exchange.inject({ kind: 'lose-input', when: isFill, times: 1 })
    if (k === 0) await rig.propose(grid)
    await rig.run(4 * MINUTE)
    assert.is(rig.exchange.fired['lose-input'], 1)
    assert.is(rig.count('I301'), 1)
    assert.is(rig.counter('fill-missed'), 1)
    assert.not.ok(rig.has('W303'), 'a fill of its own is nothing foreign')
    assert.is(rig.engine.portfolio.positions.size, positions)
    assert.is(rig.trades.length, 1 - positions)
    assert.is(rig.nakedMs, 0)
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test('C1: a bbw that asks for no executions is found out', async () => {
  const rig = await open({ mistake: broker => ({ ...broker, executions: () => Promise.resolve([]) }) })
  rig.exchange.inject({ kind: 'lose-input', when: isFill, times: 1 })
  await rig.propose(grid)
  await rig.run(4 * MINUTE)
  assert.ok(rig.differences().length > 0)
  rig.close()
})

test('C2: executions that are told twice are booked once', async () => {
  const rig = await open(FALL)
  rig.exchange.inject({ kind: 'double-input', when: isFill })
  await rig.propose(grid)
  await rig.run(8 * MINUTE)
  assert.is(rig.exchange.fired['double-input'], 2)
  assert.is(rig.counter('fill-repeated'), 2)
  assert.is(rig.trades.length, 1)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('C2: an execution that is told after the end of its order is still of that order', async () => {
  const rig = await open()
  await rig.act({ kind: 'thin', symbol: SYMBOL, steps: 400 as Steps })
  await rig.propose(grid)
  rig.exchange.inject({ kind: 'reverse-inputs', when: isFill, times: 1 })
  await rig.run(3 * MINUTE)
  assert.is(rig.exchange.fired['reverse-inputs'], 1)
  assert.equal([rig.position()?.steps, rig.position()?.strategy], [400, grid.strategy])
  assert.ok(rig.has('W111'))
  assert.not.ok(rig.has('W303'), 'it is not taken for somebody else’s')
  assert.ok(rig.account().orders.length > 0, 'its targets are set')
  assert.is(rig.nakedMs, 0)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('C2: an execution of an order that was given up is its own after a restart, too', async () => {
  const rig = await open()
  await rig.act({ kind: 'thin', symbol: SYMBOL, steps: 400 as Steps })
  await rig.propose(grid)
  rig.exchange.inject({ kind: 'lose-input', when: isFill, times: 1 })
  rig.killAt({
    at: 'commit',
    phase: 'after',
    when: ([batch]) =>
      (batch as Parameters<FaultRig['store']['commit']>[0]).outcomes.some(one => one.state === 'cancelled'),
  })
  await rig.run(3 * MINUTE)
  assert.equal([rig.exchange.fired['lose-input'], rig.fired.kill], [1, 1])
  await rig.restart()
  await rig.run(A_WHILE)
  assert.is(rig.position()?.steps, 400)
  assert.ok(rig.has('I301'))
  assert.not.ok(rig.has('W303'))
  assert.equal(rig.differences(), [])
  rig.close()
})

test('C2: a close that fills in part and is told in the wrong order is nobody else’s', async () => {
  const rig = await held(FALL)
  await rig.act({ kind: 'thin', symbol: SYMBOL, steps: 300 as Steps })
  rig.exchange.inject({
    kind: 'reverse-inputs',
    when: input => isFill(input) && input.cause === 'order' && !input.complete,
  })
  await rig.run(12 * MINUTE)
  assert.is(rig.exchange.fired['reverse-inputs'], 1)
  assert.not.ok(rig.has('I304'))
  assert.equal(
    rig.trades.map(trade => new Set(trade.exits.map(exit => exit.reason))),
    [new Set(['stop', 'emergency'])],
  )
  assert.equal(rig.differences(), [])
  rig.close()
})

// --- C3 to C7: what others do -------------------------------------------------------------------------------------

test('C3: a position that somebody opens by hand is left alone, and its symbol is blocked while it is there', async () => {
  const steps = 500 as Steps
  for (const isHeard of [true, false]) {
    const rig = await held()
    if (!isHeard) rig.exchange.inject({ kind: 'lose-input', when: isFill })
    await rig.act({ kind: 'open', symbol: OTHER, side: 'long', steps })
    await rig.run(MINUTE)
    assert.is(rig.fired.act, 1)
    assert.is(rig.count('W303'), 1)
    await rig.propose(gridSignal(OTHER))
    assert.is(rig.entriesAccepted(OTHER), 0)
    assert.is(rig.sent.filter(({ args }) => args.includes(OTHER)).length, 0, 'it is not touched')
    await rig.restart()
    await rig.run(MINUTE)
    await rig.propose(gridSignal(OTHER, { candleStart: grid.candleStart, strategy: 'mean-reversion' }))
    assert.is(rig.entriesAccepted(OTHER), 0)
    assert.is(rig.count('W303'), 1, 'told once, over restarts too')
    assert.is(rig.engine.portfolio.positions.size, 1)
    rig.exchange.heal()
    await rig.act({ kind: 'reduce', symbol: OTHER, side: 'long', steps })
    await rig.run(MINUTE)
    assert.is(rig.engine.halted, false)
    assert.equal(rig.differences(), [])
    await rig.propose(reversionSignal(OTHER))
    assert.is(rig.entriesAccepted(OTHER), 1, 'the symbol is free again')
    rig.close()
  }
})

test('C4: a part that somebody closes or adds by hand changes the position and its targets', async () => {
  for (const kind of ['reduce', 'open'] as const) {
    for (const isHeard of [true, false]) {
      for (const signal of [grid, reversion]) {
        const rig = await held({}, signal)
        const before = rig.position()?.steps ?? 0
        if (!isHeard) rig.exchange.inject({ kind: 'lose-input', when: isFill, times: 1 })
        await rig.act({ kind, symbol: SYMBOL, side: 'long', steps: 200 as Steps })
        await rig.run(3 * MINUTE)
        assert.is(rig.fired.act, 1)
        assert.is(rig.count('I304'), 1)
        assert.is(rig.position()?.steps, kind === 'open' ? before + 200 : before - 200)
        const targets = rig.account().orders.reduce((sum, order) => sum + order.steps, 0)
        assert.ok(targets <= (rig.position()?.steps ?? 0))
        if (signal === reversion) assert.is(targets, rig.position()?.steps)
        assert.is(rig.engine.halted, false)
        assert.equal(rig.differences(), [])
        rig.close()
      }
    }
  }
})

test('C4: a position that somebody closes by hand is closed in the books', async () => {
  for (const isHeard of [true, false]) {
    const rig = await held()
    if (!isHeard) rig.exchange.inject({ kind: 'lose-input' })
    await rig.act({ kind: 'reduce', symbol: SYMBOL, side: 'long', steps: 1e9 as Steps })
    rig.exchange.heal()
    await rig.run(2 * MINUTE)
    assert.is(rig.fired.act, 1)
    assert.ok(rig.has('I304'))
    assert.equal(
      rig.trades.map(trade => trade.exitReason),
      ['closed-outside'],
    )
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test('C5: orders of another bbw stop entries at the first sight and halt them at the second', async () => {
  const rig = await held()
  await rig.act({
    kind: 'rest',
    order: {
      clientOrderId: 'bbw-ffff-1',
      symbol: OTHER,
      side: 'long',
      purpose: 'entry',
      type: 'limit',
      price: 970 as Ticks,
      steps: 100 as Steps,
      stop: null,
      leverage: 3,
      postOnly: false,
    },
  })
  await rig.run(30 * SECOND)
  assert.is(rig.fired.act, 1)
  assert.is(rig.count('C305'), 1)
  await rig.propose(gridSignal(OTHER))
  assert.is(rig.counter('refused:readiness'), 1)
  await rig.run(30 * SECOND)
  assert.is(rig.count('C305'), 2)
  assert.is(rig.engine.halted, true)
  assert.ok(
    rig.account().orders.some(order => order.clientOrderId === 'bbw-ffff-1'),
    'it is not ours to cancel',
  )
  await rig.restart()
  await rig.run(MINUTE)
  assert.is(rig.engine.halted, true, 'a halt outlives the process')
  rig.close()
})

test('C6: a liquidation is booked as the loss it is, and the strategy rests on the symbol', async () => {
  for (const isHeard of [true, false]) {
    const rig = await held()
    if (!isHeard) rig.exchange.inject({ kind: 'lose-input' })
    await rig.act({ kind: 'liquidate', symbol: SYMBOL, side: 'long' })
    rig.exchange.heal()
    await rig.run(2 * MINUTE)
    assert.is(rig.fired.act, 1)
    assert.is(rig.count('C306'), 1)
    const [trade] = rig.trades
    assert.is(trade.exitReason, 'liquidation')
    assert.ok(trade.net < -trade.notional / trade.leverage, 'the whole margin and the fees')
    assert.ok(rig.engine.books().cooldowns.some(([key]) => key === `${grid.strategy}:${SYMBOL}`))
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test('C7: a settlement without an order is booked, also where it was never told', async () => {
  for (const isHeard of [true, false]) {
    const rig = await held()
    if (!isHeard) rig.exchange.inject({ kind: 'lose-input' })
    await rig.act({ kind: 'settle', symbol: SYMBOL })
    rig.exchange.heal()
    await rig.run(2 * MINUTE)
    assert.is(rig.fired.act, 1)
    assert.is(rig.count('W307'), 1)
    assert.equal(
      rig.trades.map(trade => trade.exitReason),
      ['end-of-data'],
    )
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

// --- C8, C11: what cannot be read ---------------------------------------------------------------------------------

test('C8: an account that cannot be read is not an empty one', async () => {
  for (const operation of ['account', 'executions'] as const) {
    const rig = await held()
    const before = rig.engine.portfolio
    rig.exchange.inject({ kind: 'unreadable', operation, times: 20 })
    await rig.hear({ type: 'feed-gap', at: 0, reason: 'for a test' })
    await rig.run(A_WHILE)
    const fired = rig.exchange.fired.unreadable ?? 0
    assert.ok(fired >= 3 && fired < 20, `asked ${fired} times`)
    assert.is(rig.count('W308'), 1)
    assert.equal([...rig.engine.portfolio.positions.keys()], [...before.positions.keys()])
    assert.equal(rig.differences(), [])
    await rig.propose(gridSignal(OTHER))
    assert.is(rig.entriesAccepted(OTHER), 0)
    rig.exchange.heal()
    await rig.run(A_WHILE)
    await rig.propose(reversionSignal(OTHER))
    assert.is(rig.entriesAccepted(OTHER), 1, 'it goes on once the account can be read')
    rig.close()
  }
})

test('C8: an order that cannot be looked up stays unknown', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-reply', operation: 'place', times: 1 })
  rig.exchange.inject({ kind: 'lose-input', when: input => input.type === 'order', times: 1 })
  rig.exchange.inject({ kind: 'unreadable', operation: 'lookUp', times: 3 })
  await rig.propose(gridSignal())
  await rig.run(4 * SECOND)
  assert.is(rig.engine.portfolio.pending.size, 1)
  assert.not.ok(rig.has('E101'))
  await rig.run(A_WHILE)
  assert.is(rig.exchange.fired.unreadable, 3)
  assert.not.ok(rig.has('W308'), 'the account itself was read')
  assert.ok(rig.has('E101'))
  assert.is(rig.entriesAccepted(), 1)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('C11: a position older than what the exchange remembers is known from the books', async () => {
  const rig = await held({
    historyDays: 1 / 48,
    path: [
      [4 * 60, 102],
      [60, 92],
    ],
    minutes: 320,
  })
  await rig.run(2 * HOUR)
  assert.equal(await rig.exchange.executions(0), [], 'the exchange has forgotten the entry')
  const before = rig.position()
  await rig.restart()
  await rig.run(A_WHILE)
  assert.equal(rig.position(), before)
  assert.equal(rig.differences(), [])
  for (const code of ['W303', 'W309', 'I301', 'C310'] as const) assert.not.ok(rig.has(code), code)
  await rig.run(2.5 * HOUR)
  const [trade] = rig.trades
  assert.equal([rig.trades.length, trade.exitReason], [1, 'stop'])
  assert.ok(Math.abs(rig.account().wallet - 1_000 - trade.net) < 0.01)
  assert.equal(rig.differences(), [])
  rig.close()
})

// --- incidents ----------------------------------------------------------------------------------------------------

test('incident 28: a cancellation, a part and a whole fill are told apart by what was executed', async () => {
  const kinds = (rig: FaultRig): readonly string[] =>
    rig.events.flatMap(({ kind }) => (kind === 'filled' || kind === 'expired' ? [kind] : []))
  const cancelled = await open()
  await cancelled.propose(gridSignal())
  await cancelled.act({ kind: 'cancel-all', symbol: SYMBOL })
  await cancelled.run(2 * MINUTE)
  assert.equal([kinds(cancelled), cancelled.position()], [['expired'], null])
  const part = await open()
  await part.act({ kind: 'thin', symbol: SYMBOL, steps: 400 as Steps })
  await part.propose(grid)
  await part.run(2 * MINUTE)
  assert.equal([kinds(part), part.position()?.steps], [['filled', 'expired'], 400])
  const whole = await held()
  assert.equal(kinds(whole), ['filled'])
  for (const rig of [cancelled, part, whole]) {
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test('incident 29: a restart with a position and open orders tells of nothing that has not happened', async () => {
  for (const signal of [grid, reversion]) {
    const rig = await held({}, signal)
    await rig.propose(gridSignal(OTHER))
    const told = rig.events.length
    const account = rig.account()
    assert.ok(account.orders.length >= 2)
    for (let k = 0; k < 3; k++) {
      await rig.restart()
      await rig.run(5 * MINUTE)
    }
    const after = rig.events.slice(told).map(({ kind, code }) => `${kind} ${code}`)
    assert.equal(
      after.filter(one => one !== 'digest null'),
      ['recovered I705', 'recovered I705', 'recovered I705'],
    )
    assert.equal(rig.account(), account)
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test.run()
