import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../base/units.ts'
import { steps, ticks } from '../decision/view.fixture.ts'
import { Desk, events, gates, gridSignal, only, PATIENT, placed, resumed } from './desk.fixture.ts'
import type { Effect, OrderRequest } from './protocol.ts'
import { defaultSettings, overlay, type Settings } from './settings.ts'

const test = suite('ladders')

/** Answers may come late here, and the desk's candle, which closed high in its bands, scores well enough. */
const LADDERED: Settings = overlay(
  { ...PATIENT },
  { strategies: { 'dca-ladder': { enabled: true } }, guards: { 'score-threshold': { least: 0 } } },
)

/** Grid entry at 97 under a ladder: levels 92.1 and 87.3, stop 82.5, of the bands of the desk. */
const signal = gridSignal('SOLUSDT')

/** A desk with the laddered entry filled, and what the next heavy cycle has sent. */
function opened(settings: Settings = LADDERED): { readonly desk: Desk; readonly effects: readonly Effect[] } {
  const desk = new Desk(settings).introduce('SOLUSDT')
  desk.wait(0)
  answered(desk, desk.open(signal).effects)
  return { desk, effects: heavy(desk) }
}

/** Accepts what reduces and is placed, and what is amended. */
function answered(desk: Desk, effects: readonly Effect[]): void {
  for (const { purpose, clientOrderId } of placed(effects)) {
    if (purpose === 'exit') desk.order(clientOrderId, 'accepted')
  }
  for (const { clientOrderId } of only(effects, 'amend')) desk.order(clientOrderId, 'amended')
}

/** The next heavy cycle, with a price of this moment. */
function heavy(desk: Desk, price = 96): readonly Effect[] {
  const before = desk.effects.length
  desk.now = Math.ceil((desk.now + 1) / (2 * MINUTE)) * 2 * MINUTE
  desk.price('SOLUSDT', price)
  desk.live(0)
  const effects = desk.effects.slice(before)
  answered(desk, effects)
  return effects
}

const entries = (effects: readonly Effect[]): readonly OrderRequest[] =>
  placed(effects).filter(order => order.purpose === 'entry')

const cancelled = (effects: readonly Effect[]): readonly string[] =>
  only(effects, 'cancel').map(effect => effect.clientOrderId)

/** So many heavy cycles. */
function nextHeavies(desk: Desk, count: number): readonly Effect[] {
  return Array.from({ length: count }, () => heavy(desk, 95)).flat()
}

/** The one add that was sent. */
function addOf(effects: readonly Effect[]): OrderRequest {
  const [add, other] = entries(effects)
  assert.ok(add !== undefined && other === undefined, 'one add was sent')
  return add
}

test('with the ladder off an entry has its own stop and no plan', () => {
  const { desk, effects } = opened(defaultSettings())
  assert.is(desk.position().stop, 930)
  assert.is(desk.position().ladder, undefined)
  assert.equal(entries(effects), [])
})

test('a grid long is sent under the stop of its ladder, and its plan goes with it into the position', () => {
  const desk = new Desk(LADDERED).introduce('SOLUSDT')
  const effects = desk.propose(signal)
  const [entry] = entries(effects)
  assert.is(entry.stop, 825)
  const [told] = events(effects, 'entered')
  assert.match(String(told.figures.sizing), /for a ladder of 2 adds under one stop 15 % below/)
  const [pending] = desk.engine.portfolio.pending.values()
  assert.equal(
    pending.ladder?.rungs.map(rung => rung.price),
    [921, 873],
  )
  assert.is(desk.engine.counts['planned:ladder'], 1)
  desk.order(entry.clientOrderId, 'accepted')
  desk.fill(entry)
  assert.equal(desk.position().ladder, pending.ladder)
})

test('an entry of little equity drops adds, which are counted', () => {
  const desk = new Desk(LADDERED, { wallet: 700 }).introduce('SOLUSDT')
  const [told] = events(desk.propose(signal), 'entered')
  assert.match(String(told.figures.sizing), /1 of 2 adds dropped/)
  assert.is(desk.engine.counts['dropped:add'], 1)
})

test('an entry that alone is too much for its budget is refused', () => {
  const desk = new Desk(LADDERED, { wallet: 150 }).introduce('SOLUSDT')
  assert.equal(gates(desk.propose(signal)), ['dca-ladder'])
})

test('signals of a fixed value are traded as they are, without a ladder', () => {
  const fixed = overlay({ ...LADDERED }, { guards: { sizing: { fixedNotional: 100 } } })
  const [entry] = entries(new Desk(fixed).introduce('SOLUSDT').propose(signal))
  assert.is(entry.stop, 930)
})

test('the first add rests at its level under the present stop, recorded before it leaves', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  assert.equal([add.type, add.price, add.stop, add.leverage], ['limit', 921, 825, 3])
  const kinds = effects.map(effect => (effect.type === 'event' ? effect.event.kind : effect.type))
  const [persist, place] = [
    effects.findIndex(one => one.type === 'persist' && one.key === add.clientOrderId),
    effects.findIndex(one => one.type === 'place' && one.order === add),
  ]
  assert.ok(persist >= 0 && persist < place)
  assert.ok(kinds.includes('adding'))
  assert.is(desk.engine.portfolio.pending.get(add.clientOrderId)?.rung, 0)
  // Decided once a candle.
  assert.equal(entries(heavy(desk)), [])
})

test('an add that fills averages the entry and sets the parts anew, so that they add up', () => {
  const { desk, effects } = opened()
  const before = desk.position()
  const add = addOf(effects)
  const filled = desk.fill(add)
  const after = desk.position()
  assert.is(after.steps, before.steps + add.steps)
  assert.is(after.enteredSteps, after.steps)
  const average = (before.entry * before.steps + 92.1 * add.steps) / after.steps
  assert.ok(Math.abs(after.entry - average) < 1e-9)
  assert.is(after.stop, before.stop)
  const [first, second] = only(filled, 'amend')
  // 20 % and 30 % of all, in whole steps; the rest rides.
  const share = first.steps / after.steps
  assert.ok(first.steps === Math.floor(after.steps * 0.2) || share > 0.2)
  assert.is(second.steps, Math.floor((after.steps * 30) / 100))
})

test('the second add comes once the first is whole, and no third', () => {
  const { desk, effects } = opened()
  const first = addOf(effects)
  desk.order(first.clientOrderId, 'accepted')
  desk.fill(first, { steps: steps(100), complete: false })
  assert.equal(entries(heavy(desk)), [])
  desk.fill(first, { steps: steps(first.steps - 100) })
  const second = addOf(heavy(desk, 92))
  assert.is(second.price, 873)
  assert.is.not(second.clientOrderId, first.clientOrderId)
  desk.order(second.clientOrderId, 'accepted')
  desk.fill(second)
  assert.equal(entries(heavy(desk, 88)), [])
  assert.equal(entries(nextDay(desk, 88)), [])
})

/** The next daily close, and the heavy cycle after it, with cancellations answered. */
function nextDay(desk: Desk, close: number): readonly Effect[] {
  const before = desk.effects.length
  const start = Math.floor(desk.now / DAY) * DAY
  desk.now = start + DAY
  desk.day('SOLUSDT', start, close)
  desk.price('SOLUSDT', close)
  for (let turn = 0; turn < 3; turn++) {
    const from = desk.effects.length
    desk.live(0)
    for (const id of cancelled(desk.effects.slice(from))) desk.order(id, 'cancelled')
  }
  desk.live(2 * MINUTE)
  return desk.effects.slice(before)
}

test('an add that has lived through a day is decided anew, under a new id', () => {
  const { desk, effects } = opened()
  const first = addOf(effects)
  desk.order(first.clientOrderId, 'accepted')
  const later = nextDay(desk, 96)
  assert.equal(cancelled(later), [first.clientOrderId])
  const again = addOf(later)
  assert.is(again.price, 921)
  assert.is.not(again.clientOrderId, first.clientOrderId)
})

test('what a part has left is what is asked for on the next day', () => {
  const { desk, effects } = opened()
  const first = addOf(effects)
  desk.order(first.clientOrderId, 'accepted')
  desk.fill(first, { steps: steps(100), complete: false })
  assert.is(addOf(nextDay(desk, 96)).steps, first.steps - 100)
})

test('an add is not wanted when BB% of its level is above 25 within the bands of the day', () => {
  const { desk, effects } = opened()
  const first = addOf(effects)
  desk.order(first.clientOrderId, 'accepted')
  // Bands about 60 and 130: the level is near their middle.
  const narrow = nextDay(desk, 30)
  assert.equal(entries(narrow), [])
  assert.equal(cancelled(narrow), [first.clientOrderId])
})

test('once a target has filled, adds are taken back at once, and none comes any more', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  const target = placed(desk.effects).find(order => order.purpose === 'exit')
  assert.ok(target !== undefined)
  if (target === undefined) return
  const told = desk.fill(target)
  assert.equal(cancelled(told), [add.clientOrderId])
  desk.order(add.clientOrderId, 'cancelled')
  assert.equal(entries(heavy(desk, 97)), [])
  assert.equal(entries(nextDay(desk, 96)), [])
})

test('that an add is not wanted any more is taken down', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  desk.feed({ type: 'command', id: 'c', command: 'pause', by: 'me', reason: 'lunch' })
  heavy(desk, 97)
  const decided = desk.decisions.filter(({ kind }) => kind === 'add-stands')
  assert.ok(decided.length > 0)
  for (const { symbol, side, answer } of decided) {
    assert.equal([symbol, side, answer], ['SOLUSDT', 'long', 'false'])
  }
})

test('a position that is reduced by hand is not added to', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  const hand = { clientOrderId: null, cause: 'order', opens: false, steps: steps(10) } as const
  const told = desk.fill(add, { ...hand, price: ticks(960) })
  assert.equal(cancelled(told), [add.clientOrderId])
})

test('a position that is being closed takes its adds back in the same step, and gets no other', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  const account = desk.account()
  const naked = account.positions.map(one => ({ ...one, stop: null }))
  desk.now += MINUTE
  desk.price('SOLUSDT', 95)
  const [asked] = only(desk.wait(0), 'query-account')
  const [request] = only(desk.reply(asked.queryId, { ...account, positions: naked }), 'set-stop')
  const told = desk.feed({
    type: 'stop',
    requestId: request.requestId,
    ok: false,
    reason: 'the price is past it',
    why: 'crossed',
  })
  assert.equal(cancelled(told), [add.clientOrderId])
  const [close] = placed(told)
  assert.is(close.type, 'market')
  desk.order(add.clientOrderId, 'cancelled')
  desk.order(close.clientOrderId, 'accepted')
  assert.equal(entries(nextDay(desk, 96)), [])
})

test('in hedge mode an entry that rests on the other side keeps no add away', () => {
  const desk = new Desk({ ...LADDERED, positionMode: 'hedge' }).introduce('SOLUSDT')
  desk.wait(0)
  answered(desk, desk.open(signal).effects)
  const [short] = placed(
    desk.propose(
      gridSignal('SOLUSDT', {
        strategy: 'bollinger-grid-short',
        side: 'short',
        order: { type: 'limit', price: ticks(1_040) },
        stop: ticks(1_092),
        bbPercent: 96,
        weekBb: 60,
        monthBb: 60,
        tier: 'B',
      }),
    ),
  )
  desk.order(short.clientOrderId, 'accepted')
  assert.is(addOf(heavy(desk)).side, 'long')
})

test('while the rest of its entry rests, nothing is added', () => {
  const desk = new Desk(LADDERED).introduce('SOLUSDT')
  desk.wait(0)
  const part = { steps: steps(100), complete: false }
  const { entry, effects } = desk.open(signal, part)
  answered(desk, effects)
  assert.equal(entries(heavy(desk)), [])
  desk.fill(entry, { steps: steps(entry.steps - 100) })
  assert.is(addOf(heavy(desk)).price, 921)
})

test('a candle that is not the newest there can be decides nothing', () => {
  const desk = new Desk(LADDERED).introduce('SOLUSDT')
  desk.wait(0)
  answered(desk, desk.open(signal).effects)
  desk.feed({ type: 'store', ok: false, reason: 'disk', code: null })
  desk.now += DAY - 4 * MINUTE
  heavy(desk)
  desk.feed({ type: 'store', ok: true, reason: '', code: null })
  const before = desk.effects.length
  desk.now += 3 * MINUTE
  heavy(desk)
  const told = desk.effects.slice(before)
  assert.equal([entries(told), gates(told)], [[], []])
})

test('pause, halt and a drawdown take adds back; after a resume the next day decides', () => {
  for (const command of ['pause', 'halt'] as const) {
    const { desk, effects } = opened()
    const add = addOf(effects)
    desk.order(add.clientOrderId, 'accepted')
    const told = desk.feed({ type: 'command', id: 'c', command, by: 'a person', reason: 'no' })
    assert.equal(cancelled(told), [add.clientOrderId], command)
    desk.order(add.clientOrderId, 'cancelled')
    assert.equal(entries(heavy(desk)), [], command)
    desk.feed({ type: 'command', id: 'd', command: 'resume', by: 'a person', reason: 'yes' })
    assert.is(addOf(nextDay(desk, 96)).price, 921, command)
  }
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  desk.feed({ type: 'funding', symbol: 'SOLUSDT', side: 'long', time: desk.now, amount: -160, rate: 0.01 })
  const before = desk.effects.length
  desk.live(HOUR)
  assert.ok(cancelled(desk.effects.slice(before)).includes(add.clientOrderId))
})

test('a stop that has moved takes back an add that bears the old one', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  const account = desk.account()
  const tighter = account.positions.map(one => ({ ...one, stop: ticks(840) }))
  desk.now += MINUTE
  desk.price('SOLUSDT', 95)
  const asked = only(desk.wait(0), 'query-account')
  assert.is(asked.length, 1)
  const told = desk.reply(asked[0].queryId, { ...account, positions: tighter })
  assert.is(desk.position().stop, 840)
  assert.equal(cancelled(told), [add.clientOrderId])
  // Where that was refused and the add rests on, it is asked for again.
  desk.order(add.clientOrderId, 'rejected', 'too busy')
  assert.ok(cancelled(nextHeavies(desk, 3)).includes(add.clientOrderId))
  desk.order(add.clientOrderId, 'cancelled')
  assert.is(addOf(nextDay(desk, 96)).stop, 840)
})

test('an add is judged by the gates, recorded with the one that refuses it, and asked again the next day', () => {
  const tight = overlay({ ...LADDERED }, { guards: { 'total-margin': { usdt: 10 } } })
  const { desk, effects } = opened(tight)
  assert.equal(entries(effects), [])
  const [told] = events(effects, 'refused')
  assert.equal([told.figures.gate, told.strategy], ['total-margin', 'dca-ladder'])
  assert.is(only(effects, 'verdict')[0].verdict, 'total-margin')
  assert.equal(gates(heavy(desk)), [])
  const again = events(nextDay(desk, 96), 'refused').filter(event => event.strategy === 'dca-ladder')
  assert.equal(
    again.map(event => event.figures.gate),
    ['total-margin'],
  )
})

test('an add needs the score that every entry needs, of the candle it is decided on', () => {
  const strict = overlay({ ...LADDERED }, { guards: { 'score-threshold': { least: 5.5 } } })
  const { desk, effects } = opened(strict)
  assert.equal(gates(effects), ['score-threshold'])
  // The next candle closes at 90, below the bands.
  assert.is(addOf(nextDay(desk, 90)).price, 921)
})

test('bands of weeks and months that disagree do not refuse an add', () => {
  const { effects } = opened(overlay({ ...LADDERED }, { guards: { confluence: { least: 2 } } }))
  // The desk knows no weeks and no months: no entry of its own would pass.
  assert.is(entries(effects).length, 1)
})

test('while the house is not ready the decision waits, unrecorded, and is made then', () => {
  const desk = new Desk(LADDERED).introduce('SOLUSDT')
  desk.wait(0)
  answered(desk, desk.open(signal).effects)
  desk.feed({ type: 'store', ok: false, reason: 'disk', code: null })
  const waiting = heavy(desk)
  assert.equal(entries(waiting), [])
  assert.equal(gates(waiting), [])
  desk.feed({ type: 'store', ok: true, reason: '', code: null })
  assert.is(addOf(heavy(desk)).price, 921)
})

test('the ladder switched off takes resting adds back, and keeps the position and its stop', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  desk.restart()
  assert.equal(cancelled(heavy(desk)), [add.clientOrderId])
  assert.is(desk.position().stop, 825)
})

test('the grid switched off adds nothing to what it has opened', () => {
  const off = overlay({ ...LADDERED }, { strategies: { 'bollinger-grid-long': { enabled: false } } })
  const desk = new Desk(LADDERED).introduce('SOLUSDT')
  desk.wait(0)
  answered(desk, desk.open(signal).effects)
  desk.restart(off)
  assert.equal(entries(heavy(desk)), [])
  const { desk: other, effects } = opened()
  const add = addOf(effects)
  other.order(add.clientOrderId, 'accepted')
  other.restart(off)
  assert.equal(cancelled(heavy(other)), [add.clientOrderId])
})

// --- what survives ----------------------------------------------------------------------------------------------

test('plan, filled rungs and a resting add survive save and load, and the way through the store', () => {
  const { desk, effects } = opened()
  const first = addOf(effects)
  desk.order(first.clientOrderId, 'accepted')
  desk.fill(first, { steps: steps(100), complete: false })
  const { ladder } = desk.position()
  for (const next of [resumed(desk, LADDERED), desk]) {
    if (next === desk) desk.restart(LADDERED)
    assert.equal(next.position().ladder, ladder)
    const pending = next.engine.portfolio.pending.get(first.clientOrderId)
    assert.equal([pending?.rung, pending?.steps], [0, first.steps - 100])
    next.fill(first, { steps: steps(first.steps - 100), execId: 'the-rest' })
    assert.is(next.position().ladder?.rungs[0].filled, first.steps)
  }
})

test('an add of unknown fate is looked up, not sent again beside', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'unknown', 'time-out')
  const asked = desk.live(MINUTE)
  assert.ok(only(asked, 'query-order').some(one => one.clientOrderId === add.clientOrderId))
  assert.equal(entries(asked), [])
  assert.ok(desk.engine.portfolio.pending.has(add.clientOrderId))
})

test('a refused row drops the add; it is asked for on the next day', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.feed({ type: 'persist-refused', key: add.clientOrderId, reason: 'full', code: 'E109' })
  assert.is(desk.engine.portfolio.pending.size, 0)
  assert.equal(entries(heavy(desk)), [])
  assert.is.not(addOf(nextDay(desk, 96)).clientOrderId, add.clientOrderId)
})

// --- fills at the wrong time ------------------------------------------------------------------------------------

test('a fill of an add that is told twice counts once', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  const before = desk.position().steps
  desk.fill(add, { execId: 'one' })
  desk.fill(add, { execId: 'one' })
  assert.is(desk.position().steps, before + add.steps)
})

test('a fill of an add that is told after its cancellation counts towards its rung', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  desk.order(add.clientOrderId, 'cancelled')
  assert.is(desk.engine.portfolio.pending.size, 0)
  const before = desk.position().steps
  desk.fill(add, { steps: steps(100), complete: false })
  assert.is(desk.position().steps, before + 100)
  assert.is(desk.position().ladder?.rungs[0].filled, 100)
  assert.is(desk.engine.portfolio.pending.size, 0)
})

test('an add that fills after its position has closed is closed at once', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  const told = desk.stopOut(desk.position())
  assert.equal(cancelled(told), [add.clientOrderId])
  desk.order(add.clientOrderId, 'rejected', 'it has filled')
  const late = desk.fill(add)
  const [close] = placed(late)
  assert.equal([close.purpose, close.type, close.steps], ['exit', 'market', add.steps])
  assert.is(events(late, 'exiting')[0].code, 'W219')
  assert.ok(desk.decisions.some(({ kind }) => kind === 'orphan'))
  assert.is(desk.position().ladder, undefined)
  desk.order(close.clientOrderId, 'accepted')
  desk.fill(close, { price: ticks(900) })
  assert.is(desk.engine.portfolio.positions.size, 0)
  assert.equal(entries(heavy(desk, 90)), [])
})

test('a stop that was told before the fill of an add has closed the add too, at its price', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  const position = desk.position()
  const all = steps(position.steps + add.steps)
  const stopped = desk.stopOut(position, { steps: all, fee: 0.03, execId: 'stop' })
  assert.is(only(stopped, 'trade').length, 1)
  const half = steps(Math.floor(add.steps / 2))
  assert.equal(placed(desk.fill(add, { steps: half, complete: false, fee: 0.001 })), [])
  assert.is(desk.engine.portfolio.positions.size, 0)
  const late = desk.fill(add, { steps: steps(add.steps - half), fee: 0.001 })
  assert.equal(placed(late), [])
  assert.is(desk.engine.portfolio.positions.size, 0)
  const trades = only(desk.effects, 'trade').map(effect => effect.trade)
  assert.is(trades.length, 3)
  const qty = trades.reduce((sum, trade) => sum + trade.qty, 0)
  assert.ok(Math.abs(qty - all / 1_000) < 1e-9)
  // 82.5 is where the stop was, for all of it; the fee of the stop is shared out.
  assert.ok(trades.every(trade => trade.exit === 82.5))
  const fees = trades.reduce((sum, trade) => sum + trade.fees, 0)
  assert.ok(Math.abs(fees - (0.01 + 0.03 + 0.002)) < 1e-9)
})

test('what an add has filled beyond what the stop took is closed at the market', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  const position = desk.position()
  // Of 100 parts of the add the stop took 60; the fill is told in two halves.
  const [half, ahead] = [Math.floor(add.steps / 2), Math.floor(add.steps * 0.6)]
  desk.stopOut(position, { steps: steps(position.steps + ahead), execId: 'stop' })
  assert.equal(placed(desk.fill(add, { steps: steps(half), complete: false })), [])
  const [close] = placed(desk.fill(add, { steps: steps(add.steps - half) }))
  assert.equal([close.type, close.steps], ['market', add.steps - ahead])
})

test('a stop that was told first has closed, too, an add that was told to have ended before it had filled', () => {
  const { desk, effects } = opened()
  const add = addOf(effects)
  desk.order(add.clientOrderId, 'accepted')
  desk.order(add.clientOrderId, 'cancelled')
  const position = desk.position()
  desk.stopOut(position, { steps: steps(position.steps + 100), execId: 'stop' })
  desk.restart(LADDERED)
  assert.equal(placed(desk.fill(add, { steps: steps(100), complete: false, execId: 'late' })), [])
  assert.is(desk.engine.portfolio.positions.size + desk.engine.portfolio.pending.size, 0)
  const trades = only(desk.effects, 'trade').map(effect => effect.trade)
  assert.equal(
    trades.map(({ qty, exit }) => [qty, exit]),
    [
      [position.steps / 1_000, 82.5],
      [0.1, 82.5],
    ],
  )
})

test.run()
