import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND, type Steps } from '../base/units.ts'
import { MIDNIGHT, ticks } from '../decision/view.fixture.ts'
import type { Side } from '../market/side.ts'
import { fromText } from './decision-record.ts'
import { Desk, events, gates, gridSignal, instrument, only, placed, resumed } from './desk.fixture.ts'
import type { Effect, EngineEvent, OrderRequest } from './protocol.ts'
import { defaultSettings, overlay, type Settings } from './settings.ts'

const test = suite('rotations')

/**
 * Weekly and monthly bands take longer than a month of candles, and closes at which nothing is entered on its own do not
 * score high: neither is what is tested here.
 */
const SETTINGS: Settings = overlay(
  { ...defaultSettings() },
  {
    guards: { confluence: { least: 1 }, 'score-threshold': { least: 3 } },
    // Stops of entries at the market lie further away than those of limits under the bands.
    strategies: { 'atr-risk-sizing': { riskPercent: 5 } },
  },
)

/** An hour in which nothing is settled. */
const QUIET_FREE = HOUR

/** A symbol whose last close lies low in its bands, or high in them. */
function introduce(desk: Desk, symbol: string, side: Side): void {
  desk.feed({ type: 'instrument', instrument: instrument(symbol) })
  for (let day = 30; day > 0; day--) {
    const usual = 97.5 + 5 * (day % 2)
    desk.day(symbol, MIDNIGHT - day * DAY, day > 1 ? usual : side === 'long' ? 97.7 : 103.4)
  }
}

function rate(desk: Desk, symbol: string, per8h: number | null, hours = 8): readonly Effect[] {
  const interval = hours * HOUR
  const next = MIDNIGHT + (Math.floor((desk.now - MIDNIGHT) / interval) + 1) * interval
  return desk.feed({ type: 'funding-rate', symbol, per8h, interval, next })
}

interface Told {
  readonly side?: Side
  readonly settings?: Settings
  readonly alternatives?: readonly string[]
}

/** A position in SOL that pays 0.1 % per 8 h, and others that receive as much; an hour after midnight. */
function begun({ side = 'long', settings = SETTINGS, alternatives = ['ADAUSDT'] }: Told = {}): Desk {
  const desk = new Desk(settings)
  introduce(desk, 'SOLUSDT', side)
  for (const symbol of alternatives) introduce(desk, symbol, side)
  desk.wait(0)
  desk.price('SOLUSDT', 102)
  const signal =
    side === 'long'
      ? gridSignal()
      : gridSignal('SOLUSDT', {
          strategy: 'bollinger-grid-short',
          side,
          order: { type: 'limit', price: ticks(1_020) },
          stop: ticks(1_071),
          bbPercent: 96,
          weekBb: 60,
          monthBb: 60,
        })
  desk.open(signal)
  desk.live(QUIET_FREE - 10 * SECOND)
  for (const symbol of ['SOLUSDT', ...alternatives]) {
    const pays = symbol === 'SOLUSDT' ? 0.001 : -0.001
    rate(desk, symbol, side === 'long' ? pays : -pays)
  }
  return desk
}

/** Fresh prices, and then the next heavy cycle. */
function cycle(desk: Desk, prices: { readonly [symbol: string]: number } = {}): readonly Effect[] {
  const period = 2 * MINUTE
  const turn = Math.ceil((desk.now + SECOND) / period) * period
  desk.live(turn - desk.now - SECOND)
  const given = { SOLUSDT: 100, ADAUSDT: 97.7, ...prices }
  const known = new Set(desk.engine.save().symbols.map(one => one.instrument.symbol))
  for (const [symbol, price] of Object.entries(given)) if (known.has(symbol)) desk.price(symbol, price)
  return desk.live(SECOND)
}

const entries = (effects: readonly Effect[]): readonly OrderRequest[] =>
  placed(effects).filter(order => order.purpose === 'entry')
const closes = (effects: readonly Effect[]): readonly OrderRequest[] =>
  placed(effects).filter(order => order.purpose === 'exit' && order.type === 'market')
const codes = (effects: readonly Effect[]): readonly EngineEvent['code'][] =>
  events(effects, 'alert').map(event => event.code)
const held = (desk: Desk): readonly string[] => [...desk.engine.portfolio.positions.keys()].sort()

/** The order that opens the better position. */
function opening(desk: Desk): OrderRequest {
  const [order] = entries(cycle(desk))
  assert.ok(order !== undefined, 'an exchange begins')
  return order
}

/** It is opened whole, and the account shows its stop; returns what follows. */
function opened(desk: Desk, order: OrderRequest, price = 977): readonly Effect[] {
  desk.order(order.clientOrderId, 'accepted')
  const filled = desk.answer(desk.fill(order, { price: ticks(price) }))
  return [...filled, ...desk.live(5 * SECOND)]
}

for (const side of ['long', 'short'] as const) {
  test(`a ${side} that pays is exchanged: the better one is opened, its stop seen, then the other is closed`, () => {
    const desk = begun({ side })
    const price = side === 'long' ? 97.7 : 103.4
    const effects = cycle(desk, { ADAUSDT: price })
    assert.equal(codes(effects), ['I512'])
    const [order] = entries(effects)
    // 1,000 USDT of equity and a score of 6.5 or more: what SOL is worth at its mark of 100, at the price of ADA.
    const sol = desk.position('SOLUSDT', side)
    assert.is(order.steps, Math.floor((sol.steps * 100) / price + 1e-9))
    assert.equal([order.symbol, order.side, order.type, order.leverage], ['ADAUSDT', side, 'market', 3])
    // 7 % under the new lower band, 5 % over the price of the short.
    assert.ok(side === 'long' ? Number(order.stop) > 850 && Number(order.stop) < 900 : order.stop === 1_085)
    assert.equal(closes(effects), [])
    desk.order(order.clientOrderId, 'accepted')
    assert.equal(closes(desk.fill(order, { price: ticks(10 * price) })), [], 'not before the stop is seen')
    const then = desk.live(5 * SECOND)
    const [close] = closes(then)
    assert.equal([close.symbol, close.side, close.steps], ['SOLUSDT', side, sol.steps])
    const after = desk.fill(close)
    assert.equal(codes(after), ['I214'])
    assert.equal(
      only(after, 'trade').map(({ trade }) => [trade.symbol, trade.exitReason]),
      [['SOLUSDT', 'rotated']],
    )
    assert.equal(held(desk), [`ADAUSDT:${side}`])
    const ada = desk.position('ADAUSDT', side)
    assert.is(ada.strategy, sol.strategy)
    assert.ok(ada.openedAt > sol.openedAt, 'with an age of its own')
    assert.equal([desk.engine.counts.rotations, desk.engine.counts.rotated], [1, 1])
    // The desk has made each again.
    const steps = desk.decisions.filter(({ kind }) => kind === 'rotation').map(({ answer }) => answer)
    assert.match(steps.at(0) ?? '', '"kind":"close"')
    assert.match(steps.at(-1) ?? '', '"code":"I214"')
  })
}

const answersOf = (desk: Desk, kind: string): readonly unknown[] =>
  desk.decisions.filter(one => one.kind === kind).map(({ answer }) => fromText(answer))

test('that a position may be exchanged is taken down, once for each while nothing better is found', () => {
  const desk = begun()
  opening(desk)
  assert.equal(answersOf(desk, 'exchange'), [{ may: true }])
  const tireless = overlay(
    { ...SETTINGS },
    { strategies: { 'bollinger-grid-long': { cooldownAfterStopHours: 0 } } },
  )
  const alone = begun({ alternatives: [], settings: tireless })
  for (let k = 0; k < 5; k++) assert.equal(entries(cycle(alone)), [])
  assert.equal(answersOf(alone, 'exchange'), [{ may: true }])
  alone.feed({ type: 'command', id: 'p', command: 'pause', by: 'me', reason: 'lunch' })
  for (let k = 0; k < 2; k++) cycle(alone)
  assert.equal(answersOf(alone, 'exchange').slice(1), [{ may: false, why: 'entries are closed' }])
  alone.feed({ type: 'command', id: 'r', command: 'resume', by: 'me', reason: 'back' })
  // Another position of the same strategy, symbol and side is another question.
  cycle(alone)
  alone.stopOut(alone.position())
  alone.open(gridSignal('SOLUSDT', { candleStart: gridSignal().candleStart - DAY, lastAt: alone.now }))
  cycle(alone)
  assert.equal(answersOf(alone, 'exchange').slice(2), [{ may: true }, { may: true }])
})

test('what could be held instead is taken down when others are found, and what is entered each time', () => {
  const alternatives = Array.from({ length: 40 }, (_, k) => `X${String(k).padStart(2, '0')}USDT`)
  for (const side of ['long', 'short'] as const) {
    const settings = overlay(
      { ...SETTINGS },
      { universe: { tiers: { A: alternatives.map(one => one.slice(0, 3)) } } },
    )
    const desk = begun({ side, settings, alternatives })
    const sign = side === 'long' ? 1 : -1
    // It pays, and others receive, but so little that nothing is worth it.
    rate(desk, 'SOLUSDT', 0.0002 * sign)
    for (const symbol of alternatives) rate(desk, symbol, -0.00001 * sign)
    const kept = (): readonly string[] =>
      desk.decisions.filter(one => one.step === 'funding-rotation').map(({ kind }) => kind)
    const turn = (k: number): readonly Effect[] =>
      cycle(desk, Object.fromEntries(alternatives.map(symbol => [symbol, 100 + (k % 3) / 10])))
    turn(0)
    const first = ['manage', 'exchange', 'candidates']
    assert.equal(kept(), first, 'one decision, however many symbols')
    for (let k = 1; k < 6; k++) assert.equal(entries(turn(k)), [])
    assert.equal(kept(), first, 'that stays, wherever prices go')
    assert.equal(answersOf(desk, 'candidates'), [alternatives])
    // One receives nothing any more.
    rate(desk, 'X00USDT', 0)
    for (let k = 0; k < 3; k++) turn(k)
    assert.equal(kept(), [...first, 'candidates'])
    assert.equal(answersOf(desk, 'candidates').at(-1), alternatives.slice(1))
    // One receives so much that it is taken.
    rate(desk, 'X07USDT', -0.001 * sign)
    const [order] = entries(turn(1))
    assert.is(order.symbol, 'X07USDT')
    assert.equal(kept().slice(4), ['manage', 'instead', 'guards', 'leverage-first', 'score'])
    assert.equal(answersOf(desk, 'instead'), [{ stop: order.stop, target: null, steps: order.steps }])
    const ranked = answersOf(desk, 'score').at(-1)
    assert.is(Array.isArray(ranked) && ranked.length, alternatives.length - 1)
  }
})

test('an exchange that the same gate refuses again and again is taken down once, by another gate once more', () => {
  const alternatives = ['ADAUSDT', 'DOTUSDT', 'LINKUSDT']
  // There is margin for the position, and none for another beside it.
  const bound = overlay({ ...SETTINGS }, { guards: { 'total-margin': { usdt: 100 } } })
  const desk = begun({ settings: bound, alternatives })
  const prices = { DOTUSDT: 97.7, LINKUSDT: 97.7 }
  const kept = (): readonly string[] =>
    desk.decisions.filter(one => one.step === 'funding-rotation').map(({ kind }) => kind)
  assert.equal(
    gates(cycle(desk, prices)),
    alternatives.map(() => 'total-margin'),
  )
  const attempt = ['manage', 'instead', 'guards']
  const first = ['manage', 'exchange', 'candidates', ...attempt, ...attempt, ...attempt, 'manage']
  assert.equal(kept(), first)
  for (let k = 0; k < 4; k++) {
    const next = Object.fromEntries(alternatives.map(symbol => [symbol, 97.7 + k / 10]))
    assert.equal(entries(cycle(desk, next)), [])
  }
  assert.equal(kept(), first)
  // The price of one of them becomes old: another gate refuses that one.
  assert.equal(gates(cycle(desk, { DOTUSDT: 97.7 })), ['stale-data'])
  assert.equal(kept().slice(first.length), [...attempt, 'manage'])
})

test('a position that pays is told of once, and again only as another position', () => {
  const desk = begun({ alternatives: [] })
  assert.equal(codes(cycle(desk)), ['I512'])
  assert.equal(codes(cycle(desk)), [])
  rate(desk, 'SOLUSDT', 0.0001)
  assert.equal(codes(cycle(desk)), [])
  rate(desk, 'SOLUSDT', 0.001)
  assert.equal(codes(cycle(desk)), [])
  const next = resumed(desk, SETTINGS)
  introduce(next, 'SOLUSDT', 'long')
  rate(next, 'SOLUSDT', 0.001)
  next.live(MINUTE)
  assert.equal(codes(cycle(next)), [])
})

test('without a fresh price of the better one, or a score, nothing is exchanged, and each reason is told once', () => {
  const desk = begun()
  const stale = desk.live(4 * MINUTE)
  desk.price('SOLUSDT', 100)
  assert.equal(gates([...stale, ...desk.live(2 * MINUTE)]), ['stale-data'])
  assert.equal(gates(desk.live(4 * MINUTE)), [])
  assert.is(entries(cycle(desk)).length, 1)
  const dear = begun({ settings: overlay({ ...SETTINGS }, { guards: { 'score-threshold': { least: 7 } } }) })
  assert.equal(gates(cycle(dear)), ['score-threshold'])
  assert.equal(gates(cycle(dear)), [])
})

test('a symbol that is held on the other side is taken in exchange in hedge mode alone', () => {
  for (const [positionMode, found] of [
    ['one-way', []],
    ['hedge', ['ADAUSDT long']],
  ] as const) {
    const desk = begun({ settings: { ...SETTINGS, positionMode } })
    desk.price('ADAUSDT', 97.7)
    desk.open(
      gridSignal('ADAUSDT', {
        strategy: 'bollinger-grid-short',
        side: 'short',
        order: { type: 'limit', price: ticks(1_020) },
        stop: ticks(1_071),
        bbPercent: 96,
        weekBb: 60,
        monthBb: 60,
        tier: 'B',
        lastAt: desk.now,
      }),
    )
    assert.equal(
      entries(cycle(desk)).map(({ symbol, side }) => `${symbol} ${side}`),
      found,
    )
  }
})

test('where the best is refused the next one is taken', () => {
  const desk = begun({ alternatives: ['ADAUSDT', 'DOTUSDT'] })
  // The price of one is old.
  const [order] = entries(cycle(desk, { DOTUSDT: 97.7 }))
  assert.is(order.symbol, 'ADAUSDT')
  const other = begun({ alternatives: ['ADAUSDT', 'DOTUSDT'] })
  other.live(9 * SECOND)
  other.price('DOTUSDT', 97.7)
  const effects = other.live(SECOND)
  assert.equal(
    events(effects, 'refused').map(event => [event.symbol, event.figures.gate]),
    [['ADAUSDT', 'stale-data']],
  )
  assert.is(entries(effects)[0].symbol, 'DOTUSDT')
})

test('slots count without the position that is to be closed, margin with both', () => {
  const slots = overlay({ ...SETTINGS }, { strategies: { 'bollinger-grid-long': { maxPositions: 1 } } })
  assert.is(entries(cycle(begun({ settings: slots }))).length, 1)
  const used = 1_000
  const margin = (usdt: number): Settings =>
    overlay({ ...SETTINGS }, { guards: { 'total-margin': { usdt } } })
  const bound = begun()
  const sol = bound.position()
  const own = (sol.steps * 0.001 * sol.entry) / 3
  const both = own + (sol.steps * 0.001 * 100) / 3
  assert.ok(both < used)
  assert.equal(gates(cycle(begun({ settings: margin(both - 0.5) }))), ['total-margin'])
  assert.is(entries(cycle(begun({ settings: margin(both + 0.5) }))).length, 1)
})

test('an equal value that the risk layer would cut is refused, not made smaller', () => {
  // 2,184 coins of 0.001 lose 9.7 % of their value at the stop, both fees included: 2.1 % of equity.
  const of = (riskPercent: number): Desk =>
    begun({ settings: overlay({ ...SETTINGS }, { strategies: { 'atr-risk-sizing': { riskPercent } } }) })
  assert.equal(gates(cycle(of(2))), ['sizing'])
  assert.is(entries(cycle(of(2.2))).length, 1)
})

test('three begin in any 24 h, and a coin rests for 24 h after one that it took part in', () => {
  const desk = begun({ alternatives: ['ADAUSDT', 'DOTUSDT', 'LINKUSDT', 'NEARUSDT'] })
  const chain = ['ADAUSDT', 'DOTUSDT', 'LINKUSDT', 'NEARUSDT']
  const turn = (): string | undefined => {
    const prices = Object.fromEntries(chain.map(symbol => [symbol, 97.7]))
    const [order] = entries(cycle(desk, prices))
    if (order === undefined) return undefined
    const [close] = closes(opened(desk, order))
    desk.fill(close, { price: ticks(977) })
    // What was better pays from now on.
    rate(desk, order.symbol, 0.001)
    return order.symbol
  }
  assert.is(turn(), 'ADAUSDT')
  // SOL receives by now; it rests.
  rate(desk, 'SOLUSDT', -0.004)
  assert.is(turn(), undefined, 'ADA rests as well')
})

test('an opening that is refused, or never arrives, leaves the position as it is, and nothing is sent again', () => {
  const desk = begun()
  const order = opening(desk)
  const effects = desk.answer(desk.order(order.clientOrderId, 'rejected', 'no'))
  assert.equal(codes(effects), ['W213'])
  assert.equal(placed([...effects, ...desk.live(HOUR)]), [])
  assert.equal(held(desk), ['SOLUSDT:long'])
  assert.is(desk.engine.counts['rotation-stopped'], 1)
})

test('of an opening that fills in part what was opened is closed again', () => {
  const desk = begun()
  const order = opening(desk)
  desk.order(order.clientOrderId, 'accepted')
  const part = 10 as Steps
  desk.fill(order, { steps: part, complete: false, price: ticks(977) })
  const effects = desk.order(order.clientOrderId, 'cancelled', 'the market has no more')
  assert.ok(codes(effects).includes('W213'))
  const [close] = closes(effects)
  assert.equal([close.symbol, close.steps], ['ADAUSDT', part])
  desk.fill(close, { price: ticks(977) })
  assert.equal(held(desk), ['SOLUSDT:long'])
})

test('where the stop of the better one cannot be kept that one is closed, and the other stays', () => {
  const desk = begun()
  const order = opening(desk)
  desk.order(order.clientOrderId, 'accepted')
  desk.fill(order, { price: ticks(977) })
  const seen: Effect[] = []
  for (let i = 0; i < 40 && desk.engine.counts['rotation-stopped'] === undefined; i++) {
    desk.now = Math.max(desk.now, desk.engine.wakeAt ?? desk.now)
    let effects = desk.feed({ type: 'time' })
    for (let k = 0; k < 10 && effects.length > 0; k++) {
      seen.push(...effects)
      effects = effects.flatMap(effect => {
        if (effect.type === 'query-account') {
          const account = desk.account()
          const bare = account.positions.map(one => (one.symbol === 'ADAUSDT' ? { ...one, stop: null } : one))
          return desk.reply(effect.queryId, { ...account, positions: bare })
        }
        if (effect.type === 'query-executions') return desk.executions(effect.queryId)
        if (effect.type !== 'set-stop') return []
        return desk.feed({ type: 'stop', requestId: effect.requestId, ok: false, reason: 'no stops today' })
      })
    }
  }
  assert.ok(codes(seen).includes('W213'))
  assert.equal(
    closes(seen).map(({ symbol }) => symbol),
    ['ADAUSDT'],
  )
})

test('a close that is refused leaves both, with their stops, and that is told', () => {
  const desk = begun()
  const [close] = closes(opened(desk, opening(desk)))
  const effects = desk.answer(desk.order(close.clientOrderId, 'rejected', 'no'))
  assert.equal(codes(effects), ['W213'])
  assert.equal(closes([...effects, ...desk.live(30 * MINUTE)]), [])
  assert.equal(held(desk), ['ADAUSDT:long', 'SOLUSDT:long'])
})

test('the position that was to be closed has gone by its stop: the better one stays', () => {
  const desk = begun()
  const order = opening(desk)
  desk.stopOut(desk.position())
  const effects = opened(desk, order)
  assert.ok(codes(effects).includes('I214'))
  assert.equal(closes(effects), [])
  assert.equal(held(desk), ['ADAUSDT:long'])
})

test('nothing is closed within 2 min of a settlement, but right after', () => {
  const desk = begun()
  const order = opening(desk)
  desk.order(order.clientOrderId, 'accepted')
  // It has taken long to be told of its fill: by now there are 90 s to the settlement of midnight plus 8 h.
  desk.live(MIDNIGHT + 8 * HOUR - 90 * SECOND - desk.now)
  const effects = [...desk.fill(order, { price: ticks(977) }), ...desk.live(3 * MINUTE)]
  assert.equal(closes(effects), [])
  const after = desk.live(MINUTE)
  assert.is(closes(after).length, 1)
})

test('wherever it stands, an exchange goes on after the engine was saved and loaded, or resumed on its books', () => {
  const restarts = {
    loaded: (desk: Desk): Desk => {
      desk.restart(SETTINGS)
      return desk
    },
    resumed: (desk: Desk): Desk => {
      const next = resumed(desk, SETTINGS)
      for (const symbol of ['SOLUSDT', 'ADAUSDT']) introduce(next, symbol, 'long')
      rate(next, 'SOLUSDT', 0.001)
      rate(next, 'ADAUSDT', -0.001)
      next.price('SOLUSDT', 100)
      next.price('ADAUSDT', 97.7)
      return next
    },
  }
  for (const [how, again] of Object.entries(restarts)) {
    let desk = begun()
    const order = opening(desk)
    desk = again(desk)
    desk.live(0)
    desk.order(order.clientOrderId, 'accepted')
    desk.fill(order, { price: ticks(977), execId: 'of the opening' })
    desk = again(desk)
    const [close] = closes(desk.live(10 * SECOND))
    assert.is(close?.symbol, 'SOLUSDT', how)
    desk = again(desk)
    desk.live(0)
    const effects = desk.fill(close, { execId: 'of the close' })
    assert.ok(codes([...effects, ...desk.live(10 * SECOND)]).includes('I214'), how)
    assert.equal(held(desk), ['ADAUSDT:long'], how)
    // The coins rest after the restart, too.
    rate(desk, 'ADAUSDT', 0.001)
    rate(desk, 'SOLUSDT', -0.001)
    assert.equal(entries(cycle(desk)), [], how)
  }
})

test('a close that never arrived is sent again, a few times at most', () => {
  let desk = begun()
  const before = closes(opened(desk, opening(desk)))
  assert.is(before.length, 1)
  desk = resumed(desk, SETTINGS)
  for (const symbol of ['SOLUSDT', 'ADAUSDT']) introduce(desk, symbol, 'long')
  rate(desk, 'SOLUSDT', 0.001)
  rate(desk, 'ADAUSDT', -0.001)
  desk.price('SOLUSDT', 100)
  desk.price('ADAUSDT', 97.7)
  const seen: Effect[] = []
  const answer = (effects: readonly Effect[]): void => {
    seen.push(...effects)
    for (const effect of effects) {
      if (effect.type === 'query-account') {
        const isClose = (id: string): boolean =>
          closes([...desk.effects]).some(one => one.clientOrderId === id)
        const account = desk.account()
        answer(
          desk.reply(effect.queryId, {
            ...account,
            orders: account.orders.filter(one => !isClose(one.clientOrderId)),
          }),
        )
      } else if (effect.type === 'query-executions') answer(desk.executions(effect.queryId))
      else if (effect.type === 'query-order')
        answer(desk.found(effect.queryId, effect.clientOrderId, 'absent'))
    }
  }
  const end = desk.now + 5 * MINUTE
  while (desk.now < end) {
    desk.now = Math.min(end, Math.max(desk.now + SECOND, desk.engine.wakeAt ?? end))
    answer(desk.feed({ type: 'time' }))
  }
  // Twice again, each under an id of its own, once the one before was known never to have arrived.
  const again = closes(seen)
  assert.is(again.length, 2)
  assert.is(new Set([...before, ...again].map(one => one.clientOrderId)).size, 3)
  assert.ok(codes(seen).includes('W213'))
})

test('while entries are closed, or the exchange is switched off, nothing begins', () => {
  const desk = begun()
  desk.feed({ type: 'command', id: 'one', command: 'pause', by: 'a person', reason: 'no more' })
  assert.equal(entries(cycle(desk)), [])
  desk.feed({ type: 'command', id: 'two', command: 'resume', by: 'a person', reason: 'on' })
  assert.is(entries(cycle(desk)).length, 1)
  const off = overlay({ ...SETTINGS }, { strategies: { 'funding-rotation': { enabled: false } } })
  // With one value for every position each signal is traded alone.
  const alone = overlay({ ...SETTINGS }, { guards: { sizing: { fixedNotional: 100 } } })
  for (const settings of [off, alone]) {
    const effects = cycle(begun({ settings }))
    assert.equal([codes(effects), entries(effects)], [[], []])
  }
})

test.run()
