import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND, type Steps, type Ticks } from './core/base/units.ts'
import { instrumentOf, MIDNIGHT, signalOf, ticks } from './core/decision/view.fixture.ts'
import { Desk, events, gridSignal, placed, reversionSignal } from './core/engine/desk.fixture.ts'
import type { BrokerPort } from './core/engine/ports.ts'
import type { Input, OrderRequest } from './core/engine/protocol.ts'
import { FaultRig, type KillPoint, type Path, type RigOptions, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('faults of stops')
const folder = new StoreFolder()
test.after(() => folder.remove())

const open = (options: RigOptions = {}): Promise<FaultRig> => FaultRig.open(folder.fresh(), options)

/** Leverage 10, stop 95, one target at 110. */
const reversion = reversionSignal(SYMBOL, { order: { type: 'market' }, stop: ticks(960) })
const grid = gridSignal(SYMBOL, { order: { type: 'market' } })

const isStopAnswer = (input: Input): boolean => input.type === 'stop'

/** The stop at the exchange, in ticks. */
const stopThere = (rig: FaultRig): number | null | undefined => rig.account().positions[0]?.stop

const held = (options: RigOptions = {}, signal = grid): Promise<FaultRig> =>
  FaultRig.held(folder.fresh(), signal, options)

// --- B1 ---------------------------------------------------------------------------------------------------------

async function stopDropped(options: RigOptions = {}): Promise<FaultRig> {
  const rig = await open(options)
  await rig.act({ kind: 'drop-stop', symbol: SYMBOL })
  await rig.propose(grid)
  return rig
}

test('B1: a stop that the exchange has lost is set again within two seconds of the fill', async () => {
  const rig = await stopDropped()
  await rig.run(2 * MINUTE)
  assert.is(rig.fired.act, 1)
  assert.is(rig.count('C201'), 1)
  assert.ok(rig.nakedMs <= 2 * SECOND, `${rig.nakedMs} ms without a stop`)
  const [restored] = rig.events.filter(event => event.kind === 'stop-restored')
  assert.match(restored.reason, /^set again after [0-2]\.\d s$/)
  assert.is(stopThere(rig), grid.stop)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('B1: two requests for it that vanish leave the position without a stop for half a second', async () => {
  const rig = await stopDropped()
  rig.exchange.inject({ kind: 'lose-request', operation: 'setStop', times: 2 })
  await rig.run(2 * MINUTE)
  assert.is(rig.exchange.fired['lose-request'], 2)
  assert.is(rig.nakedMs, SECOND / 2)
  const restored = rig.events.filter(event => event.code === 'C201').map(event => event.reason)
  assert.equal(restored, ['set again after 0.5 s'])
  assert.is(stopThere(rig), grid.stop)
  rig.close()
})

test('B1: a bbw that never asks for the stop again is found out', async () => {
  const rig = await stopDropped({
    mistake: broker => ({ ...broker, setStop: () => Promise.resolve() }) satisfies BrokerPort,
  })
  await rig.run(2 * MINUTE)
  assert.ok(rig.nakedMs > 2 * SECOND)
  rig.close()
})

test('B1: a position whose stop cannot be set after three tries is closed', async () => {
  for (const kind of ['lose-request', 'no-clear-answer'] as const) {
    const rig = await stopDropped()
    rig.exchange.inject({ kind, operation: 'setStop', isCarriedOut: false })
    await rig.run(4 * MINUTE)
    // It is asked for on, until the position is closed by the next price.
    assert.ok((rig.exchange.fired[kind] ?? 0) >= 3)
    assert.ok(rig.requests('setStop') < 10)
    assert.ok(rig.has('C201'))
    assert.equal(rig.account().positions, [])
    assert.equal(rig.differences(), [])
    assert.is(rig.trades.length, 1)
    rig.close()
  }
})

// --- B2 ---------------------------------------------------------------------------------------------------------

test('B2: a position whose price is past its stop is closed at the market', async () => {
  const rig = await held({
    path: [
      [2, 102],
      [9, 92],
    ],
  })
  // The stop goes, nobody can look, and the price falls through where it was.
  await rig.act({ kind: 'remove-stop', symbol: SYMBOL, side: 'long' })
  rig.exchange.inject({ kind: 'lose-reply', operation: 'account', times: 6 })
  await rig.run(5 * MINUTE)
  assert.equal([rig.fired.act, rig.exchange.fired['lose-reply']], [1, 6])
  assert.ok(rig.has('C202'))
  assert.equal(rig.account().positions, [])
  assert.is(rig.trades.length, 1)
  assert.equal(rig.differences(), [])
  const closes = rig.sent.filter(
    ({ operation, args: [order] }) => operation === 'place' && (order as OrderRequest).type === 'market',
  )
  assert.equal(
    closes.map(({ args: [order] }) => (order as OrderRequest).purpose),
    ['entry', 'exit'],
  )
  rig.close()
})

// --- B3, B4, B5: a stop that is being moved -----------------------------------------------------------------------

/** The price goes up by 2 % after the fill: the trailing rule moves the stop to breakeven. */
const RISE: Path = [
  [3, 102],
  [60, 104.2],
]

const moves = (rig: FaultRig): number => rig.events.filter(event => event.kind === 'stop-moved').length

/** Whether the stop was ever gone or looser than it had been. */
function loosened(rig: FaultRig): boolean {
  const stops = rig.sent.flatMap(({ operation, args }) => (operation === 'setStop' ? [Number(args[3])] : []))
  return rig.nakedMs > 0 || stops.some((stop, k) => stop < Math.max(reversion.stop, ...stops.slice(0, k)))
}

test('B3: an answer to moving a stop that was lost is replaced by reading the stop back', async () => {
  const rig = await held({ path: RISE }, reversion)
  rig.exchange.inject({ kind: 'lose-reply', operation: 'setStop', times: 1 })
  rig.exchange.inject({ kind: 'lose-input', when: isStopAnswer, times: 1 })
  await rig.run(8 * MINUTE)
  assert.equal(rig.exchange.fired, { 'lose-reply': 1, 'lose-input': 1 })
  assert.is(rig.count('I203'), 1)
  assert.is(rig.requests('setStop'), 1, 'what is in force is not asked for again')
  assert.ok(Number(stopThere(rig)) > reversion.stop)
  assert.equal(rig.differences(), [])
  assert.not.ok(loosened(rig))
  rig.close()
})

test('B3: a request to move a stop that never arrived is made again with the same value', async () => {
  const rig = await held({ path: RISE }, reversion)
  rig.exchange.inject({ kind: 'lose-request', operation: 'setStop', times: 1 })
  await rig.run(8 * MINUTE)
  assert.is(rig.exchange.fired['lose-request'], 1)
  const asked = rig.sent.flatMap(({ operation, args }) => (operation === 'setStop' ? [args[3]] : []))
  assert.is(asked.length, 2)
  assert.is(asked[0], asked[1])
  assert.is(stopThere(rig), asked[0])
  assert.equal(rig.differences(), [])
  assert.not.ok(loosened(rig))
  rig.close()
})

test('B4: an answer that nothing was modified counts once the stop is read back where it was wanted', async () => {
  const rig = await held({ path: RISE }, reversion)
  rig.exchange.inject({ kind: 'double-request', operation: 'setStop', times: 1 })
  rig.exchange.inject({ kind: 'lose-input', when: isStopAnswer, times: 1 })
  await rig.run(8 * MINUTE)
  assert.equal(rig.exchange.fired, { 'double-request': 1, 'lose-input': 1 })
  assert.is(rig.count('I204'), 1)
  assert.is(moves(rig), 1)
  assert.ok(Number(stopThere(rig)) > reversion.stop)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('B4: an answer that nothing was modified does not count where the stop stands elsewhere', async () => {
  const rig = await held({ path: RISE }, reversion)
  rig.exchange.inject({ kind: 'lose-request', operation: 'setStop', times: 1 })
  const [asked] = await firstStopAsked(rig)
  await rig.hear({
    type: 'stop',
    at: 0,
    requestId: asked,
    ok: false,
    reason: 'not modified',
    why: 'not-modified',
  })
  await rig.run(MINUTE)
  assert.is(rig.exchange.fired['lose-request'], 1)
  assert.not.ok(rig.has('I204'))
  assert.is(rig.requests('setStop'), 2)
  assert.ok(Number(stopThere(rig)) > reversion.stop)
  assert.equal(rig.differences(), [])
  rig.close()
})

async function firstStopAsked(rig: FaultRig): Promise<readonly string[]> {
  for (let k = 0; k < 16 && rig.requests('setStop') === 0; k++) await rig.run(30 * SECOND)
  return rig.sent.flatMap(({ operation, args }) => (operation === 'setStop' ? [String(args[0])] : []))
}

const TRAIL_KILLS: readonly (readonly [what: string, point: KillPoint, code: boolean])[] = [
  ['before it is written', { at: 'commit', phase: 'before', when: isMove }, false],
  ['once it is written', { at: 'commit', phase: 'after', when: isMove }, true],
  ['before it leaves', { at: 'setStop', phase: 'before' }, true],
  ['once it has left', { at: 'setStop', phase: 'after' }, true],
  ['before its answer is written', { at: 'commit', phase: 'before', when: isMoved }, true],
  ['once its answer is written', { at: 'commit', phase: 'after', when: isMoved }, false],
]

function isMove([batch]: readonly unknown[]): boolean {
  const { isAhead, intents, rows } = batch as Parameters<FaultRig['store']['commit']>[0]
  return (
    isAhead && intents.length === 0 && rows.some(row => JSON.stringify(row.value).includes('"inFlight":{'))
  )
}

function isMoved([batch]: readonly unknown[]): boolean {
  const { events } = batch as Parameters<FaultRig['store']['commit']>[0]
  return events.some(event => event.kind === 'stop-moved')
}

test('B5: wherever bbw ends while it moves a stop, there is the old one or the new one', async () => {
  for (const [what, point, isVerified] of TRAIL_KILLS) {
    const rig = await held({ path: RISE }, reversion)
    rig.killAt(point)
    await rig.run(8 * MINUTE)
    assert.is(rig.fired.kill, 1, what)
    await rig.dark(3 * SECOND)
    assert.ok(Number(stopThere(rig)) >= reversion.stop, what)
    await rig.restart()
    await rig.run(9 * MINUTE)
    assert.is(rig.has('I205'), isVerified, what)
    assert.ok(Number(stopThere(rig)) > reversion.stop, what)
    assert.equal(rig.differences(), [], what)
    assert.not.ok(loosened(rig), what)
    rig.close()
  }
})

// --- B6 ---------------------------------------------------------------------------------------------------------

test('B6: a stop that rounds to nothing or lies on the wrong side is refused, whatever tick and price', () => {
  let refused = 0
  let entered = 0
  fc.assert(
    fc.property(
      fc.integer({ min: -6, max: 1 }),
      fc.integer({ min: 1, max: 5_000 }),
      fc.oneof(
        fc.double({ min: -1.5, max: 0.5, noNaN: true }),
        fc.double({ min: -0.2, max: -0.02, noNaN: true }),
      ),
      fc.constantFrom('limit' as const, 'market' as const),
      (exponent, price, distance, type) => {
        const tick = exponent < 0 ? (10 ** exponent).toFixed(-exponent) : String(10 ** exponent)
        const instrument = instrumentOf({ tick, minPrice: 1 as Ticks, minNotional: 0 })
        const last = price * instrument.tickSize
        const stop = Math.floor(price * (1 + distance)) as Ticks
        const desk = new Desk()
        desk.feed({ type: 'instrument', instrument })
        desk.price('SOLUSDT', last)
        const from = price as Ticks
        const signal = signalOf({
          instrument,
          last,
          price: last,
          stop,
          order: type === 'limit' ? { type, price: from } : { type },
        })
        const effects = desk.propose(signal)
        const isSound = stop >= 1 && stop < from
        const [refusal] = events(effects, 'refused')
        if (isSound) {
          assert.is.not(refusal?.code, 'E206')
          entered += placed(effects).length
          return
        }
        refused++
        assert.equal([refusal.code, refusal.figures.gate], ['E206', 'stop-price'])
        assert.equal(placed(effects), [])
      },
    ),
    { seed: 20260401, numRuns: 400 },
  )
  assert.ok(refused > 50 && entered > 10, `${refused} refused, ${entered} entered`)
})

test('B6: an entry whose stop would be nothing is refused by the whole of bbw, and nothing is sent', async () => {
  const rig = await open()
  for (const stop of [0, -5, 1_020, 1_100] as Ticks[]) {
    await rig.propose(
      gridSignal(SYMBOL, { order: { type: 'market' }, stop, candleStart: MIDNIGHT - 86_400_000 }),
    )
  }
  assert.is(rig.counter('refused:stop-price'), 4)
  assert.is(rig.count('E206'), 4)
  assert.is(rig.requests('place'), 0)
  rig.close()
})

// --- B7, B8: somebody else's hand ---------------------------------------------------------------------------------

test('B7: a stop that somebody removes or loosens is restored within a cycle', async () => {
  for (const act of [
    { kind: 'remove-stop', symbol: SYMBOL, side: 'long' },
    { kind: 'move-stop', symbol: SYMBOL, side: 'long', stop: 800 as Ticks },
  ] as const) {
    const rig = await held()
    await rig.run(5 * SECOND)
    await rig.act(act)
    await rig.run(30 * SECOND)
    assert.is(rig.fired.act, 1)
    assert.is(rig.count('W207'), 1)
    assert.is(stopThere(rig), grid.stop)
    assert.ok(rig.nakedMs <= 30 * SECOND)
    assert.equal(rig.differences(), [])
    await rig.run(5 * MINUTE)
    assert.is(rig.count('W207'), 1, 'told once')
    rig.close()
  }
})

test('B7: a stop that somebody tightens is kept', async () => {
  const rig = await held()
  await rig.act({ kind: 'move-stop', symbol: SYMBOL, side: 'long', stop: 980 as Ticks })
  await rig.run(MINUTE)
  assert.is(rig.count('W207'), 1)
  assert.is(stopThere(rig), 980)
  assert.is(rig.requests('setStop'), 0)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('B8: orders that somebody cancels are let go or set again, and the stop stays', async () => {
  for (const signal of [grid, reversion]) {
    const rig = await held({}, signal)
    await rig.propose(gridSignal('ADAUSDT'))
    const before = rig.account().orders.length
    await rig.act({ kind: 'cancel-all', symbol: null })
    await rig.run(3 * MINUTE)
    assert.is(rig.fired.act, 1)
    assert.ok(rig.has('W208'))
    assert.is(rig.engine.portfolio.pending.size, 0)
    assert.is(rig.account().orders.length, before - 1, 'the targets are there again')
    assert.is(rig.nakedMs, 0)
    assert.is(stopThere(rig), signal.stop)
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

test('B8: a cancellation that was never told is found, and a stop is none of the orders', async () => {
  const rig = await held({}, reversion)
  await rig.propose(gridSignal('ADAUSDT'))
  rig.exchange.inject({ kind: 'lose-input', when: input => input.type === 'order' })
  await rig.act({ kind: 'cancel-all', symbol: null })
  rig.exchange.heal()
  await rig.run(3 * MINUTE)
  assert.is(rig.exchange.fired['lose-input'], 2)
  assert.is(rig.count('W208'), 2)
  assert.is(rig.engine.portfolio.pending.size, 0)
  assert.is(rig.account().orders.length, 1)
  assert.is(stopThere(rig), reversion.stop)
  assert.equal(rig.differences(), [])
  rig.close()
})

// --- B10, B11, B12 ------------------------------------------------------------------------------------------------

test('B10: what a stop could not sell in a thin market is closed until nothing is left', async () => {
  const rig = await held({
    path: [
      [4, 102],
      [60, 92],
    ],
  })
  await rig.act({ kind: 'thin', symbol: SYMBOL, steps: 300 as Steps })
  await rig.run(30 * MINUTE)
  assert.is(rig.fired.act, 1)
  assert.ok(rig.has('C210'))
  const fills = rig.told.flatMap(input => (input.type === 'fill' ? [input] : []))
  assert.ok(fills.filter(fill => fill.cause === 'order').length > 2, 'more than one close was needed')
  assert.not.ok(rig.has('W207'), 'nobody has removed the stop: it has fired')
  assert.equal(rig.account().positions, [])
  assert.is(rig.trades.length, 1)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('B11: an order of bbw that no position needs is removed', async () => {
  const rig = await held()
  const id = `bbw-${rig.store.instance}-left`
  const order = {
    clientOrderId: id,
    symbol: SYMBOL,
    side: 'long',
    purpose: 'exit',
    type: 'limit',
    price: 1_200 as Ticks,
    steps: 5 as Steps,
    stop: null,
    leverage: 3,
    postOnly: false,
  } as const
  await rig.act({ kind: 'rest', order })
  await rig.run(MINUTE)
  assert.is(rig.fired.act, 1)
  assert.is(rig.count('I211'), 1)
  assert.not.ok(rig.account().orders.some(one => one.clientOrderId === id))
  assert.equal(rig.differences(), [])
  rig.close()
})

test('B11: no order of a position outlives it', async () => {
  const rig = await held({
    path: [
      [4, 102],
      [60, 92],
    ],
  })
  rig.exchange.inject({ kind: 'lose-input', when: input => input.type === 'order' })
  await rig.run(5 * MINUTE)
  assert.ok((rig.exchange.fired['lose-input'] ?? 0) > 0)
  assert.equal([rig.account().positions, rig.account().orders], [[], []])
  assert.equal(rig.differences(), [])
  rig.close()
})

test('B12: a target and the stop that fire together, each told twice and in the wrong order, are counted once', async () => {
  const rig = await held({
    path: [
      [3, 102],
      [1, 106],
      [60, 92],
    ],
  })
  const before = rig.account().wallet
  const isFill = (input: Input): boolean => input.type === 'fill'
  rig.exchange.inject({ kind: 'double-input', when: isFill })
  await rig.run(10 * MINUTE)
  assert.ok((rig.exchange.fired['double-input'] ?? 0) >= 3)
  assert.ok(rig.has('I212'))
  assert.ok(rig.counter('fill-repeated') >= 3)
  assert.is.not(rig.account().wallet, before)
  assert.equal(rig.account().positions, [])
  assert.is(rig.trades.length, 1)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('incident 27: ten more rounds of every cycle leave the same stop and the same targets', async () => {
  for (const signal of [grid, reversion]) {
    const rig = await held({}, signal)
    const before = rig.account()
    assert.ok(before.orders.length > 0)
    const sent = rig.sent.length
    await rig.run(80 * MINUTE)
    assert.equal(rig.account(), before)
    assert.is(rig.sent.length, sent, 'nothing was asked for again')
    await rig.restart()
    await rig.run(80 * MINUTE)
    assert.equal(rig.account(), before)
    assert.is(rig.sent.length, sent, 'nor after a restart')
    rig.close()
  }
})

test.run()
