import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inDatabase } from './commands/started.fixture.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND, type Steps, type Ticks } from './core/base/units.ts'
import { ticks } from './core/decision/view.fixture.ts'
import { gridSignal, reversionSignal } from './core/engine/desk.fixture.ts'
import type { Handover } from './core/engine/protocol.ts'
import { MANUAL, type Position, positionKey } from './core/portfolio/position.ts'
import { FaultRig, OTHER, type RigOptions, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('positions that change hands')
const folder = new StoreFolder()
test.after(() => folder.remove())

const STEPS = 500 as Steps
let requests = 0

/** One on which a person has opened a long of half a coin at 102, which bbw has seen. */
async function manual(options: RigOptions = {}, path = folder.fresh()): Promise<FaultRig> {
  const rig = await FaultRig.open(path, options)
  await rig.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: STEPS })
  await rig.run(MINUTE)
  assert.is(rig.count('W303'), 1)
  return rig
}

function asked(rig: FaultRig, kind: Handover['kind'], over: Partial<Handover> = {}): Promise<void> {
  const id = `${kind}-${++requests}`
  const none = { side: null, stop: null, target: null, isOwn: false }
  return rig.hear({ type: 'handover', at: 0, id, kind, symbol: SYMBOL, ...none, by: 'me', ...over })
}

const held = (rig: FaultRig): Position => {
  const position = rig.position()
  if (position === null) throw new Error('nothing is held')
  return position
}

const refusals = (rig: FaultRig): readonly string[] =>
  rig.events.filter(({ kind }) => kind === 'refused').map(({ reason }) => reason)

test('an adopted position is protected at once, sold at its target, and is one of bbw in every way', async () => {
  const rig = await manual({
    path: [
      [20, 102],
      [5, 108],
    ],
  })
  assert.is(rig.sent.length, 0, 'it is not touched before')
  await asked(rig, 'adopt', { stop: 95.04, target: 107.01 })
  const [there] = rig.account().positions
  assert.is(there.stop, 951, 'towards the tighter side, and in force')
  assert.is(rig.nakedMs <= MINUTE, true)
  const position = held(rig)
  assert.equal(
    [position.strategy, position.entry, position.steps, position.leverage, position.stop, position.target],
    [MANUAL, there.entry, STEPS, there.leverage, 951, 1071],
  )
  assert.equal(
    rig.account().orders.map(order => [order.purpose, order.price, order.steps]),
    [['exit', 1071, 500]],
  )
  assert.ok(rig.has('I311'))
  assert.not.ok(rig.has('C201'), 'a first stop is no missing one')
  assert.equal(rig.differences(), [])
  await rig.propose(gridSignal(SYMBOL))
  assert.is(rig.entriesAccepted(), 0, 'one position a symbol')
  await rig.run(30 * MINUTE)
  assert.equal(
    rig.trades.map(({ strategy, exitReason, exit }) => [strategy, exitReason, exit]),
    [[MANUAL, 'target', 107.1]],
  )
  assert.equal(rig.differences(), [])
  rig.close()
})

test('incident 38: the trade of a position opened by hand is stored as manual, that of bbw is not', async () => {
  const path = folder.fresh()
  const rig = await manual(
    {
      path: [
        [20, 102],
        [5, 90],
      ],
    },
    path,
  )
  await asked(rig, 'adopt', { stop: 95 })
  await rig.propose(reversionSignal(OTHER, { order: { type: 'market' }, stop: ticks(960) }))
  await rig.run(10 * MINUTE)
  await rig.act({ kind: 'reduce', symbol: OTHER, side: 'long', steps: 1e9 as Steps })
  await rig.run(20 * MINUTE)
  assert.is(rig.trades.length, 2)
  rig.close()
  assert.equal(
    inDatabase(path, db => db.prepare('SELECT strategy, origin FROM trades ORDER BY strategy').all()).map(
      row => ({ ...row }),
    ),
    [
      { strategy: MANUAL, origin: 'manual' },
      { strategy: 'mean-reversion', origin: 'sim' },
    ],
  )
})

test('B7: the stop of an adopted position that somebody removes or loosens is restored', async () => {
  for (const kind of ['remove-stop', 'move-stop'] as const) {
    const rig = await manual()
    await asked(rig, 'adopt', { stop: 95 })
    await rig.run(MINUTE)
    const act = { symbol: SYMBOL, side: 'long' } as const
    await rig.act(kind === 'remove-stop' ? { kind, ...act } : { kind, ...act, stop: 900 as Ticks })
    await rig.run(MINUTE)
    assert.is(rig.account().positions[0].stop, 950)
    assert.ok(rig.has('W207'))
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test('C4: what a person closes or adds by hand is followed, with the target', async () => {
  for (const [kind, steps] of [
    ['reduce', 300],
    ['open', 700],
  ] as const) {
    const rig = await manual()
    await asked(rig, 'adopt', { stop: 95, target: 110 })
    await rig.act({ kind, symbol: SYMBOL, side: 'long', steps: 200 as Steps })
    await rig.run(2 * MINUTE)
    assert.equal([held(rig).steps, rig.account().orders[0].steps], [steps, steps])
    assert.ok(rig.has('I304'))
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test('what bbw cannot take over as it was said is refused in words, and nothing is touched', async () => {
  const rig = await manual()
  const cases: readonly (readonly [Partial<Handover>, string])[] = [
    [{}, `adopt: it has no stop at the exchange: say --stop PRICE`],
    [{ stop: 103 }, `adopt: the mark price 102 is past a stop at 103`],
    [{ stop: 102 }, `adopt: the mark price 102 is past a stop at 102`],
    [{ stop: 1e-9 }, `adopt: 1e-9 is no price of ${SYMBOL}`],
    [{ stop: 95, target: 102 }, `adopt: a target at 102 is not beyond the mark price 102`],
    [{ stop: 95, side: 'short' }, `adopt: it is not held at the exchange`],
    [{ stop: 95, symbol: OTHER }, `adopt: it is not held at the exchange`],
  ]
  for (const [over] of cases) await asked(rig, 'adopt', over)
  assert.equal(
    refusals(rig),
    cases.map(([, words]) => words),
  )
  await rig.act({ kind: 'move-stop', symbol: SYMBOL, side: 'long', stop: 980 as Ticks })
  await asked(rig, 'adopt', { stop: 95 })
  assert.match(refusals(rig).at(-1) ?? '', 'the stop at the exchange, 98, is tighter than 95')
  assert.is(rig.sent.length, 0)
  await asked(rig, 'adopt')
  assert.equal([held(rig).stop, rig.sent.length], [980, 0], 'its own stop is kept')
  await asked(rig, 'adopt')
  assert.match(refusals(rig).at(-1) ?? '', 'is a position of bbw already')
  rig.close()
})

test('a process that ends between the adoption and its stop sets the stop when it starts again', async () => {
  for (const at of ['commit', 'setStop'] as const) {
    for (const phase of ['before', 'after'] as const) {
      const rig = await manual()
      rig.killAt({ at, phase })
      await asked(rig, 'adopt', { stop: 95, target: 110 })
      assert.ok(rig.isDead, `${at} ${phase}`)
      await rig.restart()
      // Before the first write nothing was taken over: the queue has the request still, and hands it over again.
      if (at === 'commit' && phase === 'before') await asked(rig, 'adopt', { stop: 95, target: 110 })
      await rig.run(2 * SECOND)
      assert.is(rig.account().positions[0].stop, 950, `${at} ${phase}`)
      await rig.run(2 * MINUTE)
      assert.equal(rig.differences(), [], `${at} ${phase}`)
      assert.is(rig.account().orders.length, 1)
      rig.close()
    }
  }
})

test('incident 35: a position opened by hand whose stop cannot be set is told of and not closed', async () => {
  const rig = await manual()
  rig.exchange.inject({ kind: 'no-clear-answer', operation: 'setStop', isCarriedOut: false })
  await asked(rig, 'adopt', { stop: 95 })
  await rig.run(5 * MINUTE)
  assert.ok(rig.has('C220'))
  assert.is(rig.count('C220'), 1, 'told once')
  assert.is(rig.requests('place'), 0)
  assert.is(rig.account().positions.length, 1)
  rig.exchange.heal()
  await rig.run(MINUTE)
  assert.is(rig.account().positions[0].stop, 950, 'asked for until it is there')
  assert.equal(rig.differences(), [])
  rig.close()
})

test('a released position keeps its stop and is a stranger to bbw again, over a restart too', async () => {
  const rig = await manual()
  await asked(rig, 'adopt', { stop: 95, target: 110 })
  await rig.run(MINUTE)
  await asked(rig, 'release')
  await rig.run(MINUTE)
  assert.ok(rig.has('I312'))
  assert.is(rig.position(), null)
  assert.equal(rig.trades, [])
  const [there] = rig.account().positions
  assert.equal([there.stop, rig.account().orders.length], [950, 0])
  assert.is(rig.count('W303'), 1, 'told when it was first seen')
  const before = rig.sent.length
  await rig.act({ kind: 'remove-stop', symbol: SYMBOL, side: 'long' })
  for (const again of [false, true]) {
    if (again) await rig.restart()
    await rig.propose(gridSignal(SYMBOL))
    await rig.run(2 * MINUTE)
    assert.is(rig.sent.length, before)
    assert.equal(
      rig.engine.snapshot().foreign?.map(one => [one.symbol, one.qty, one.stop]),
      [[SYMBOL, '0.500', null]],
    )
  }
  await asked(rig, 'adopt', { stop: 96, target: 111 })
  await rig.run(MINUTE)
  assert.equal([held(rig).stop, rig.account().orders.length], [960, 1])
  assert.equal(rig.differences(), [])
  rig.close()
})

test('a position that bbw opened is released when that is said, with its targets, and not otherwise', async () => {
  const rig = await FaultRig.held(folder.fresh(), gridSignal(SYMBOL, { order: { type: 'market' } }))
  assert.is(rig.account().orders.length, 2)
  const { stop } = held(rig)
  await asked(rig, 'release')
  assert.match(refusals(rig)[0], 'was opened by bollinger-grid-long: say --own')
  await asked(rig, 'release', { symbol: OTHER })
  assert.match(refusals(rig)[1], 'is no position of bbw')
  await asked(rig, 'release', { isOwn: true })
  await rig.run(5 * MINUTE)
  assert.is(rig.position(), null)
  assert.equal([rig.account().orders.length, rig.account().positions[0].stop], [0, stop])
  assert.is(rig.engine.halted, false)
  rig.close()
})

test('a release whose cancellations get lost comes to its end all the same', async () => {
  const rig = await FaultRig.held(folder.fresh(), gridSignal(SYMBOL, { order: { type: 'market' } }))
  rig.exchange.inject({ kind: 'lose-request', operation: 'cancel' })
  await asked(rig, 'release', { isOwn: true })
  await rig.run(2 * MINUTE)
  assert.is.not(rig.position(), null, 'nothing is forgotten before its targets are gone')
  rig.exchange.heal()
  await rig.run(5 * MINUTE)
  assert.equal([rig.position(), rig.account().orders.length], [null, 0])
  rig.close()
})

test('what only a lost part of the state knew is adopted, and its old target makes room for the new one', async () => {
  const rig = await manual()
  const lost = `bbw-${rig.store.instance}-lost`
  await rig.act({
    kind: 'rest',
    order: {
      clientOrderId: lost,
      symbol: SYMBOL,
      side: 'long',
      purpose: 'exit',
      type: 'limit',
      price: 1_200 as Ticks,
      steps: STEPS,
      stop: null,
      leverage: 10,
      postOnly: false,
    },
  })
  await rig.run(2 * MINUTE)
  assert.equal(
    rig.account().orders.map(order => order.clientOrderId),
    [lost],
    'it serves a position that is there',
  )
  await asked(rig, 'adopt', { stop: 95, target: 110 })
  await rig.run(2 * MINUTE)
  assert.equal(
    rig.account().orders.map(order => order.price),
    [1_100],
  )
  assert.ok(rig.has('I211'))
  assert.equal(rig.differences(), [])
  rig.close()
})

test('an entry that waits where somebody opens a position by hand is taken back', async () => {
  const rig = await FaultRig.open(folder.fresh())
  await rig.propose(reversionSignal(SYMBOL))
  assert.is(rig.account().orders.length, 1)
  await rig.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: STEPS })
  await rig.run(MINUTE)
  assert.equal([rig.account().orders.length, rig.count('W303')], [0, 1])
  assert.is(rig.engine.halted, false)
  rig.close()
})

test('an adopted position outlives the longest hold, and no part of it is sold', async () => {
  const rig = await manual({
    path: [
      [10, 102],
      [10, 104],
    ],
  })
  await asked(rig, 'adopt', { stop: 95 })
  const books = rig.engine.books()
  assert.is(books.positions[0].position.timeframe, '1d')
  await rig.run(60 * MINUTE)
  assert.equal(rig.account().orders, [])
  assert.is(rig.position()?.steps, STEPS)
  assert.is(rig.engine.portfolio.positions.has(positionKey(SYMBOL, 'long')), true)
  rig.close()
})

test.run()
