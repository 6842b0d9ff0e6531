import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import { instrumentOf, MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { Desk, events, gates, gridSignal, instrument, only, placed, reversionSignal } from './desk.fixture.ts'
import { scoreSignal } from './pipeline.ts'
import type { Input } from './protocol.ts'
import { defaultSettings, overlay } from './settings.ts'

const test = suite('engine')

const coins = (count: number): string[] =>
  ['SOL', 'ADA', 'DOT', 'LINK', 'UNI', 'NEAR', 'LTC', 'ARB', 'OP', 'AAVE', 'INJ', 'ATOM', 'FET']
    .slice(0, count)
    .map(coin => `${coin}USDT`)

const short = (symbol = 'SOLUSDT') =>
  reversionSignal(symbol, {
    side: 'short',
    order: { type: 'limit', price: ticks(1_050) },
    stop: ticks(1_100),
    target: ticks(1_000),
    bbPercent: 97,
    weekBb: 60,
    monthBb: 60,
  })

// --- intents ----------------------------------------------------------------------------------------------------

test('an entry is recorded before it leaves, told in between, and carries its stop', () => {
  const effects = new Desk().introduce('SOLUSDT').propose(gridSignal())
  assert.equal(
    effects.map(effect => (effect.type === 'event' ? effect.event.kind : effect.type)),
    ['persist', 'verdict', 'entered', 'place'],
  )
  const [persist] = only(effects, 'persist')
  const [order] = placed(effects)
  assert.is(persist.key, order.clientOrderId)
  assert.equal(persist.order, order)
  assert.is(persist.signalId, gridSignal().id)
  assert.is(order.stop, 930)
  assert.is(order.purpose, 'entry')
  assert.is(order.price, 970)
})

test('a signal proposed twice trades once, also when both come together, or after a restart', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const effects = desk.propose(gridSignal(), gridSignal())
  assert.is(placed(effects).length, 1)
  assert.equal(gates(effects), ['once'])
  assert.equal(gates(desk.propose(gridSignal())), ['once'])
  desk.restart()
  assert.equal(gates(desk.propose(gridSignal())), ['once'])
})

test('where targets follow the bands, a target that a signal brings along is left aside', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const [entered] = events(desk.propose(gridSignal('SOLUSDT', { target: ticks(2_000) })), 'entered')
  assert.is(entered.figures.target, null)
})

test('a signal whose entry was rejected is not tried again', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const [order] = placed(desk.propose(gridSignal()))
  const [told] = events(desk.order(order.clientOrderId, 'rejected', 'not enough margin'), 'rejected')
  assert.is(told.reason, 'not enough margin')
  assert.is(desk.engine.portfolio.pending.size, 0)
  assert.equal(gates(desk.propose(gridSignal())), ['once'])
})

test('a refused persist drops the entry and frees its slot; the signal is spent', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const [order] = placed(desk.propose(gridSignal()))
  const told = events(
    desk.feed({
      type: 'persist-refused',
      key: order.clientOrderId,
      reason: 'the disk is full',
      code: 'E109',
    }),
    'refused',
  )
  assert.equal(
    told.map(event => [event.figures.gate, event.reason]),
    [['store', 'store: the disk is full']],
  )
  assert.is(desk.engine.portfolio.pending.size, 0)
  assert.equal(gates(desk.propose(gridSignal())), ['once'])
  // Another strategy's entry on the symbol finds the slot free.
  assert.is(placed(desk.propose(reversionSignal())).length, 1)
})

test('a refused persist of a reducing order leaves the order alone', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const { effects } = desk.open(gridSignal())
  const [first] = placed(effects)
  desk.feed({ type: 'persist-refused', key: first.clientOrderId, reason: 'busy', code: 'E109' })
  desk.order(first.clientOrderId, 'accepted')
  const [reduced] = events(desk.fill(first), 'reduced')
  assert.is(reduced.reason, 'partial-target-1')
})

test('a signal of a symbol that is not traded here, or counted in other ticks, is refused and nothing breaks', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const strange = gridSignal('SOLUSDT', { instrument: instrumentOf({ symbol: 'SOLUSDT', tick: '0.01' }) })
  const coarse = gridSignal('SOLUSDT', { instrument: instrumentOf({ symbol: 'SOLUSDT', step: '1' }) })
  assert.equal(gates(desk.propose(gridSignal('NEWUSDT'), strange, coarse)), [
    'instrument',
    'instrument',
    'instrument',
  ])
  assert.is(desk.engine.equity(), 1_000)
})

test('a strategy that is switched off enters nothing, whoever proposes', () => {
  const settings = overlay(
    { ...defaultSettings() },
    { strategies: { 'bollinger-grid-long': { enabled: false } } },
  )
  const desk = new Desk(settings).introduce('SOLUSDT')
  assert.equal(gates(desk.propose(gridSignal(), gridSignal('SOLUSDT', { strategy: 'no-such' }))), [
    'strategy',
    'strategy',
  ])
})

// --- what occupies what -----------------------------------------------------------------------------------------

test('one position or pending entry per symbol, over all strategies and both sides', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.open(gridSignal())
  assert.equal(gates(desk.propose(reversionSignal(), short())), ['one-position', 'one-position'])
  const other = new Desk().introduce('SOLUSDT')
  assert.is(placed(other.propose(gridSignal())).length, 1)
  assert.equal(gates(other.propose(reversionSignal(), short())), ['one-position', 'one-position'])
})

test('pending entries occupy their slot, their margin and the long share', () => {
  const limited = overlay(
    { ...defaultSettings() },
    { strategies: { 'bollinger-grid-long': { maxPositions: 2 } } },
  )
  const slots = new Desk(limited).introduce(...coins(3))
  assert.equal(gates(slots.propose(...coins(3).map(symbol => gridSignal(symbol)))), ['position-limits'])

  const tight = overlay({ ...defaultSettings() }, { guards: { 'total-margin': { percent: 15 } } })
  const margin = new Desk(tight).introduce(...coins(3))
  // Each takes 69 USDT of a thousand; the third would be more than 15 %.
  assert.equal(gates(margin.propose(...coins(3).map(symbol => gridSignal(symbol)))), ['total-margin'])

  const share = new Desk().introduce(...coins(6))
  assert.equal(gates(share.propose(...coins(6).map(symbol => gridSignal(symbol)))), ['long-share'])
})

test('a slot is free again at once when its entry is gone', () => {
  const settings = overlay(
    { ...defaultSettings() },
    { strategies: { 'bollinger-grid-long': { maxPositions: 1 } } },
  )
  const desk = new Desk(settings).introduce('SOLUSDT', 'ADAUSDT')
  const [order] = placed(desk.propose(gridSignal()))
  desk.order(order.clientOrderId, 'rejected', 'no')
  assert.is(placed(desk.propose(gridSignal('ADAUSDT'))).length, 1)
})

test('every refusal is told with its gate and figures', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const [told] = events(desk.propose(gridSignal('SOLUSDT', { last: 93.5 })), 'refused')
  assert.is(told.symbol, 'SOLUSDT')
  assert.is(told.strategy, 'bollinger-grid-long')
  assert.is(told.signalId, gridSignal().id)
  assert.is(told.figures.gate, 'distance-to-stop')
  assert.is(told.figures.score, 7.7)
  assert.is(told.figures.least, 1)
  assert.ok(Math.abs(Number(told.figures.distancePercent) - (100 * 0.5) / 93.5) < 1e-9)
  assert.equal(desk.engine.counts, { 'signals:bollinger-grid-long': 1, 'refused:distance-to-stop': 1 })
})

test('a strategy rests on a symbol from the order on, and after a stop, to the end of its time and not through it', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  desk.open(reversionSignal())
  desk.stopOut(desk.position())
  desk.restart()
  desk.now += 2 * HOUR - 1
  desk.price('SOLUSDT', 102)
  const later = { candleStart: MIDNIGHT - DAY + 1, lastAt: desk.now }
  assert.equal(gates(desk.propose(reversionSignal('SOLUSDT', later))), ['cooldown'])
  desk.now += 1
  assert.is(placed(desk.propose(reversionSignal('SOLUSDT', later))).length, 1)

  const grid = new Desk().introduce('SOLUSDT')
  grid.open(gridSignal())
  grid.stopOut(grid.position())
  grid.now += 4 * HOUR - 1
  const again = { candleStart: MIDNIGHT - DAY + 1, lastAt: grid.now }
  assert.equal(gates(grid.propose(gridSignal('SOLUSDT', again))), ['cooldown'])
  grid.now += 1
  assert.is(placed(grid.propose(gridSignal('SOLUSDT', again))).length, 1)
})

test('what a strategy was only refused does not make it rest', () => {
  const desk = new Desk().introduce('SOLUSDT')
  assert.equal(gates(desk.propose(reversionSignal('SOLUSDT', { weekBb: 60, monthBb: 60 }))), ['confluence'])
  assert.is(placed(desk.propose(reversionSignal())).length, 1)
})

// --- ranking and universe ---------------------------------------------------------------------------------------

test('signals of one moment are served by score, then turnover, then the narrower rule, then symbol', () => {
  const desk = new Desk().introduce(...coins(4), 'ZECUSDT')
  const poor = gridSignal('ADAUSDT', { rsi: 60 })
  const rich = gridSignal('DOTUSDT', { turnover: 90e6 })
  const same = [gridSignal('SOLUSDT'), gridSignal('LINKUSDT')]
  const effects = desk.propose(poor, ...same, rich)
  assert.equal(
    placed(effects).map(order => order.symbol),
    ['DOTUSDT', 'LINKUSDT', 'SOLUSDT', 'ADAUSDT'],
  )
  const narrow = new Desk().introduce('SOLUSDT')
  const grid = scoreSignal(gridSignal())
  const reversion = { ...scoreSignal(reversionSignal()), score: grid.score }
  const [entered] = events(narrow.proposeScored([grid, reversion]), 'entered')
  assert.is(entered.strategy, 'mean-reversion')
})

test('daily decisions look at the symbols of highest turnover of the day, however late a candle comes', () => {
  const settings = overlay({ ...defaultSettings() }, { universe: { top: 2 } })
  const desk = new Desk(settings)
  for (const symbol of ['AUSDT', 'BUSDT', 'CUSDT'])
    desk.feed({ type: 'instrument', instrument: instrument(symbol) })
  desk.day('AUSDT', MIDNIGHT - DAY, 100, 3e6)
  desk.day('BUSDT', MIDNIGHT - DAY, 100, 9e6)
  desk.wait(0)
  assert.is(desk.engine.counts.decisions, 2)
  // A third symbol's candle comes late: it is below the two, and not looked at.
  desk.day('CUSDT', MIDNIGHT - DAY, 100, 2e6)
  desk.wait(2 * MINUTE)
  assert.is(desk.engine.counts.decisions, 2)
  desk.now = MIDNIGHT + DAY
  desk.day('AUSDT', MIDNIGHT, 100, 1e6)
  desk.day('BUSDT', MIDNIGHT, 100, 9e6)
  desk.day('CUSDT', MIDNIGHT, 100, 2e6)
  desk.wait(0)
  assert.is(desk.engine.counts.decisions, 4)
})

test('each daily candle is decided on once, while it is the newest', () => {
  const desk = new Desk()
  desk.feed({ type: 'instrument', instrument: instrument('SOLUSDT') })
  desk.day('SOLUSDT', MIDNIGHT - DAY, 100)
  desk.wait(DAY - 2 * MINUTE)
  assert.is(desk.engine.counts.decisions, 1, 'late, and still the newest')
  desk.wait(MINUTE)
  assert.is(desk.engine.counts.decisions, 1)
  const late = new Desk()
  late.feed({ type: 'instrument', instrument: instrument('SOLUSDT') })
  late.day('SOLUSDT', MIDNIGHT - DAY, 100)
  late.wait(DAY)
  assert.is(late.engine.counts.decisions, undefined, 'a newer one must have closed by now')
})

// --- entries expire ---------------------------------------------------------------------------------------------

test('an entry rests through one bar, is cancelled at its end, and then its slot is free', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const [order] = placed(desk.propose(gridSignal()))
  desk.order(order.clientOrderId, 'accepted')
  assert.equal(only(desk.live(DAY - SECOND), 'cancel'), [])
  // No price and no candle comes: time alone brings it about.
  const [cancel] = only(desk.live(SECOND), 'cancel')
  assert.is(cancel.clientOrderId, order.clientOrderId)
  assert.is(desk.engine.portfolio.pending.size, 1, 'a request is not its answer')
  const [expired] = events(desk.order(order.clientOrderId, 'cancelled', 'cancelled on request'), 'expired')
  assert.is(expired.clientOrderId, order.clientOrderId)
  assert.is(desk.engine.portfolio.pending.size, 0)
})

test('a refused cancellation settles nothing: the fill behind it is booked', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const [order] = placed(desk.propose(gridSignal()))
  desk.order(order.clientOrderId, 'accepted')
  desk.live(0)
  desk.live(DAY)
  desk.order(order.clientOrderId, 'rejected', 'too late to cancel')
  assert.is(desk.engine.portfolio.pending.size, 1)
  desk.fill(order)
  assert.is(desk.position().steps, order.steps)
  assert.is(desk.engine.portfolio.pending.size, 0)
})

test('after a refused cancellation the account tells whether the entry still rests', () => {
  const refused = (): { readonly desk: Desk; readonly id: string } => {
    const desk = new Desk().introduce('SOLUSDT')
    const [order] = placed(desk.propose(gridSignal()))
    desk.order(order.clientOrderId, 'accepted')
    desk.live(0)
    desk.live(DAY)
    desk.order(order.clientOrderId, 'rejected', 'not now')
    return { desk, id: order.clientOrderId }
  }
  const gone = refused()
  const [asked] = only(gone.desk.wait(30 * SECOND), 'query-account')
  assert.is(gone.desk.engine.portfolio.pending.size, 1)
  assert.is(events(gone.desk.reply(asked.queryId, gone.desk.account([])), 'expired').length, 1)
  assert.is(gone.desk.engine.portfolio.pending.size, 0)

  const rests = refused()
  const [again] = only(rests.desk.wait(30 * SECOND), 'query-account')
  rests.desk.reply(again.queryId, rests.desk.account([rests.id]))
  assert.is(rests.desk.engine.portfolio.pending.size, 1)
  rests.desk.restart()
  const [cancel] = only(rests.desk.answer(rests.desk.wait(2 * MINUTE)), 'cancel')
  assert.is(cancel.clientOrderId, rests.id, 'it is asked for again')

  const filled = refused()
  const [third] = only(filled.desk.wait(30 * SECOND), 'query-account')
  const held = {
    symbol: 'SOLUSDT',
    side: 'long',
    steps: steps(2_134),
    entry: 97,
    leverage: 3,
    stop: ticks(930),
  } as const
  filled.desk.reply(third.queryId, { ...filled.desk.account([]), positions: [held] })
  assert.is(filled.desk.engine.portfolio.pending.size, 1, 'it has filled; the fill is on its way')
})

test('what a partly filled entry has left is cancelled when its position closes', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const [order] = placed(desk.propose(gridSignal()))
  desk.order(order.clientOrderId, 'accepted')
  desk.fill(order, { steps: steps(1_000), complete: false })
  const [cancel] = only(desk.stopOut(desk.position()), 'cancel')
  assert.is(cancel.clientOrderId, order.clientOrderId)
})

// --- broken invariants ------------------------------------------------------------------------------------------

test('time that goes back breaks the engine', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.wait(HOUR)
  desk.now -= 1
  assert.throws(() => desk.feed({ type: 'time' }), /broken invariant: time goes back/)
})

test("a fill of what is not held is somebody else's and changes no book", () => {
  const other = new Desk().introduce('SOLUSDT')
  const order = placed(new Desk().introduce('SOLUSDT').propose(gridSignal()))[0]
  other.fill(order)
  assert.is(other.engine.portfolio.positions.size, 0)
  assert.is(other.engine.portfolio.wallet, 1_000)
  assert.is(other.engine.counts['fill-outside'], 1)
})

test('a fill of more than was ordered breaks the engine', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const [order] = placed(desk.propose(gridSignal()))
  assert.throws(() => desk.fill(order, { steps: steps(order.steps + 1) }), /broken invariant: fill of more/)
})

test("of a stop that closes more than is held the rest, with its fee, is somebody else's", () => {
  const [exact, beyond] = [0, 1].map(more => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.open(gridSignal())
    const { steps: held } = desk.position()
    desk.stopOut(desk.position(), { steps: steps(held * (1 + more)), fee: 0.1 * (1 + more) })
    return desk.engine
  })
  assert.is(beyond.portfolio.positions.size, 0)
  assert.is(beyond.portfolio.wallet, exact.portfolio.wallet)
  assert.is(beyond.counts['fill-outside'], 1)
  assert.is(exact.counts['fill-outside'], undefined)
})

test('a price or a candle of a symbol that was never introduced, or out of order, breaks the engine', () => {
  const desk = new Desk().introduce('SOLUSDT')
  assert.throws(() => desk.price('ADAUSDT', 1), /broken invariant: ADAUSDT was never introduced/)
  assert.throws(() => desk.day('SOLUSDT', MIDNIGHT - DAY, 100), /broken invariant: SOLUSDT: daily candle/)
  const unknown = { type: 'nonsense', at: MIDNIGHT } as unknown as Input
  assert.throws(() => desk.engine.step(unknown), /broken invariant/)
})

// --- late and repeated reports ----------------------------------------------------------------------------------

test('an execution told twice is booked once, after a restart too', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const { entry } = desk.open(gridSignal())
  const held = desk.position()
  desk.fill(entry, { execId: 'execution-1' })
  desk.restart()
  desk.fill(entry, { execId: 'execution-1' })
  assert.equal(desk.position(), held)
  assert.is(desk.engine.counts['fill-repeated'], 2)
})

test('reports of orders and stops that nobody knows any more change nothing', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const { entry } = desk.open(gridSignal())
  const before = JSON.stringify(desk.engine.save())
  for (const status of ['accepted', 'amended', 'rejected', 'cancelled'] as const) {
    assert.equal(desk.order(entry.clientOrderId, status), [])
    assert.equal(desk.order('bbw-unknown', status), [])
  }
  assert.equal(desk.feed({ type: 'stop', requestId: 'stop-99', ok: true, reason: '' }), [])
  assert.equal(desk.feed({ type: 'query-failed', queryId: 'account-99', reason: '' }), [])
  assert.is(JSON.stringify(desk.engine.save()), before)
})

test('funding moves the books of the position; that of nothing held is told and moves nothing', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.open(gridSignal())
  const { wallet } = desk.engine.portfolio
  const paid = {
    type: 'funding',
    symbol: 'SOLUSDT',
    side: 'long',
    time: MIDNIGHT,
    amount: -0.5,
    rate: 0.0001,
  } as const
  desk.feed(paid)
  assert.is(desk.position().funding, -0.5)
  assert.is(desk.engine.portfolio.wallet, wallet - 0.5)
  const [drift] = events(desk.feed({ ...paid, side: 'short' }), 'drift')
  assert.match(drift.reason, /which is not held/)
  assert.is(desk.engine.portfolio.wallet, wallet - 0.5)
})

test('a candle or a price of a symbol with nothing at stake asks for nothing', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  desk.now += MINUTE
  const before = desk.engine.wakeAt
  const effects = [desk.price('ADAUSDT', 50), desk.price('SOLUSDT', 51)]
  // The shared empty list: nothing was allocated to say nothing.
  assert.is(effects[0], effects[1])
  assert.is(desk.engine.wakeAt, before)
})

test('equity counts what is open at the mark', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.open(gridSignal())
  desk.price('SOLUSDT', 100, 98)
  assert.ok(Math.abs(desk.engine.equity() - (1_000 - 0.01 + 2.134)) < 1e-9)
})

test('a closed position is a trade with its fees and funding, and frees the symbol', () => {
  const desk = new Desk().introduce('SOLUSDT')
  const { entry } = desk.open(reversionSignal())
  desk.now += HOUR
  const effects = desk.stopOut(desk.position())
  const [{ trade }] = only(effects, 'trade')
  assert.is(trade.exitReason, 'stop')
  assert.is(trade.id, reversionSignal().id)
  assert.is(trade.closedAt - trade.openedAt, HOUR)
  assert.ok(Math.abs(trade.net - (-5 * (entry.steps / 1_000) - 0.03)) < 1e-9)
  assert.is(desk.engine.portfolio.positions.size, 0)
})

test('E10: a funding interval that becomes shorter is told for what is held, once, and not where nothing is', () => {
  const desk = new Desk().introduce('SOLUSDT', 'XRPUSDT')
  const rate = (symbol: string, hours: number | null): readonly (string | null)[] => {
    const interval = hours === null ? null : hours * HOUR
    const told = { type: 'funding-rate', symbol, per8h: 0.004, interval, next: desk.now + HOUR } as const
    return events(desk.feed(told), 'alert').map(event => event.code)
  }
  assert.equal(rate('SOLUSDT', 8), [])
  assert.equal(rate('SOLUSDT', 4), [])
  desk.open(gridSignal())
  assert.equal(rate('SOLUSDT', 4), [])
  assert.equal(rate('SOLUSDT', 1), ['W510'])
  assert.equal(rate('SOLUSDT', 1), [])
  assert.equal(rate('SOLUSDT', 8), [])
  assert.equal(rate('SOLUSDT', null), [])
  assert.equal(rate('XRPUSDT', 8), [])
  assert.equal(rate('XRPUSDT', 1), [])
  assert.is(desk.engine.counts['funding-interval-shorter'], 1)
})

test.run()
