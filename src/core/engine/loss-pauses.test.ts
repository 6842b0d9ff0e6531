import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { DAY, HOUR, MINUTE } from '../base/units.ts'
import { CORRELATED_HOURS } from '../guards/correlation.ts'
import type { EngineOptions } from './core.ts'
import { Desk, events, gates, gridSignal, placed, resumed, reversionSignal } from './desk.fixture.ts'
import { defaultSettings, overlay } from './settings.ts'
import type { GateSnapshot } from './snapshot.ts'

const test = suite('pauses after losses, and gates that look at the house')

const SYMBOLS = ['SOLUSDT', 'ADAUSDT', 'XRPUSDT', 'LTCUSDT', 'DOTUSDT', 'LINKUSDT'] as const

/** The house has room for many losses: only streaks pause it. */
const SETTINGS = overlay(
  { ...defaultSettings() },
  { guards: { 'daily-loss': { percent: 90 }, 'long-share': { freePositions: 50 } } },
)

function desk(options: Partial<EngineOptions> = {}): Desk {
  const made = new Desk(SETTINGS, options).introduce(...SYMBOLS)
  made.wait(0)
  return made
}

/** Opens a position and has its stop close it. */
function lose(of: Desk, symbol: string, make = gridSignal): ReturnType<Desk['stopOut']> {
  of.open(make(symbol, { lastAt: of.now }), { execId: `in ${symbol} ${of.now}` })
  return of.stopOut(of.position(symbol), { execId: `out ${symbol} ${of.now}` })
}

function refusedBy(of: Desk, symbol: string, make = gridSignal): readonly unknown[] {
  return gates(of.propose(make(symbol, { lastAt: of.now })))
}

function gate(of: Desk, name: string): GateSnapshot | undefined {
  return of.engine.snapshot().gates.find(one => one.gate === name)
}

test('the third loss within an hour pauses entries, is told once, and ends after half an hour by itself', () => {
  const house = desk()
  lose(house, 'SOLUSDT')
  assert.equal(events(lose(house, 'ADAUSDT'), 'paused'), [])
  house.wait(MINUTE)
  const [told] = events(lose(house, 'XRPUSDT'), 'paused')
  assert.is(told.code, 'W135')
  assert.match(told.reason, /3 losses within 1 h: no entries for 30 min/)
  assert.is(told.figures.until, house.now + 30 * MINUTE)
  assert.equal(refusedBy(house, 'LTCUSDT'), ['losing-streak'])
  assert.is(gate(house, 'losing-streak')?.isOpen, false)
  const quiet = house.live(30 * MINUTE - 1)
  assert.equal(events(quiet, 'paused'), [])
  assert.equal(refusedBy(house, 'LTCUSDT'), ['losing-streak'])
  const ended = house.live(MINUTE)
  assert.equal(
    events(ended, 'resumed').map(one => one.figures.gate),
    ['losing-streak'],
  )
  for (const symbol of SYMBOLS) house.price(symbol, 102)
  assert.equal(refusedBy(house, 'LTCUSDT'), [])
  assert.is(gate(house, 'losing-streak')?.isOpen, true)
})

test('a trade that has won counts for nothing', () => {
  const house = desk()
  lose(house, 'SOLUSDT')
  lose(house, 'ADAUSDT')
  const { entry } = house.open(gridSignal('XRPUSDT'))
  const position = house.position('XRPUSDT')
  house.stopOut(position, { price: ((entry.price ?? 0) + 100) as typeof position.stop })
  assert.equal(refusedBy(house, 'LTCUSDT'), [])
})

for (const [how, again] of [
  ['the end of the process', (house: Desk): Desk => withPrices(resumed(house, SETTINGS))],
  [
    'saving and loading',
    (house: Desk): Desk => {
      house.restart(SETTINGS)
      return house
    },
  ],
] as const) {
  test(`a pause after losses survives ${how}, is not told anew, and still has its end`, () => {
    const house = desk()
    for (const symbol of ['SOLUSDT', 'ADAUSDT', 'XRPUSDT']) lose(house, symbol)
    const next = again(house)
    const since = next.effects.length
    next.live(MINUTE)
    assert.equal(refusedBy(next, 'LTCUSDT'), ['losing-streak'])
    assert.equal(events(next.effects.slice(since), 'paused'), [])
    const ended = next.live(30 * MINUTE)
    assert.is(events(ended, 'resumed').length, 1)
    for (const symbol of SYMBOLS) next.price(symbol, 102)
    assert.equal(refusedBy(next, 'LTCUSDT'), [])
  })

  test(`two losses before ${how} and one after it make three`, () => {
    const house = desk()
    for (const symbol of ['SOLUSDT', 'ADAUSDT']) lose(house, symbol)
    const next = again(house)
    next.live(MINUTE)
    for (const symbol of SYMBOLS) next.price(symbol, 102)
    assert.equal(
      events(lose(next, 'XRPUSDT'), 'paused').map(one => one.code),
      ['W135'],
    )
  })
}

function withPrices(of: Desk): Desk {
  of.introduce(...SYMBOLS)
  of.wait(0)
  return of
}

test('three losses at leverage 10 pause entries at leverage 10 for a day, and grids go on', () => {
  const house = desk()
  for (const symbol of ['SOLUSDT', 'ADAUSDT', 'XRPUSDT']) lose(house, symbol, reversionSignal)
  const codes = events(house.effects, 'paused').map(one => one.code)
  assert.equal(codes, ['W135', 'W136'])
  house.live(30 * MINUTE)
  for (const symbol of SYMBOLS) house.price(symbol, 102)
  assert.equal(refusedBy(house, 'LTCUSDT', reversionSignal), ['x10-losses'])
  assert.equal(refusedBy(house, 'LTCUSDT'), [])
  assert.match(gate(house, 'x10-losses')?.reason ?? '', /at leverage 10 and more for another 1410 min/)
  const resume = house.feed({ type: 'command', id: 'r', command: 'resume', by: 'me', reason: 'go' })
  assert.ok(resume.length > 0)
  assert.equal(refusedBy(house, 'DOTUSDT', reversionSignal), ['x10-losses'])
})

test('losses of one daily candle are no streak on candles of the past, and what they would have paused is counted', () => {
  const house = desk()
  for (const symbol of ['SOLUSDT', 'ADAUSDT', 'XRPUSDT']) {
    house.open(gridSignal(symbol))
    house.stopOut(house.position(symbol), { earliest: house.now - DAY })
  }
  assert.equal(refusedBy(house, 'LTCUSDT'), [])
  assert.is(house.engine.counts['skipped:losing-streak'], 1)
  const strict = desk({ lacking: 'refuse' })
  for (const symbol of ['SOLUSDT', 'ADAUSDT', 'XRPUSDT']) {
    strict.open(gridSignal(symbol))
    strict.stopOut(strict.position(symbol), { earliest: strict.now - DAY })
  }
  assert.equal(refusedBy(strict, 'LTCUSDT'), ['losing-streak'])
})

test('without portfolio gates no loss pauses anything', () => {
  const house = new Desk({ ...SETTINGS, portfolioGates: false }).introduce(...SYMBOLS)
  house.wait(0)
  for (const symbol of ['SOLUSDT', 'ADAUSDT', 'XRPUSDT']) lose(house, symbol)
  assert.equal(events(house.effects, 'paused'), [])
  assert.equal(refusedBy(house, 'LTCUSDT'), [])
})

// --- correlation ----------------------------------------------------------------------------------------------

/** Tells hourly candles up to the present moment; what is drawn from one seed moves alike. */
function hours(of: Desk, symbol: string, seed: number, count: number = CORRELATED_HOURS): void {
  const draw = random(seed)
  for (let ago = count; ago > 0; ago--) {
    const close = 100 + 5 * draw.next()
    const start = of.now - ago * HOUR
    const candle = { symbol, interval: '1h', start, open: close, high: close, low: close, close } as const
    of.feed({ type: 'candle', ...candle, volume: 1, turnover: 1 })
  }
}

test('what moves with a held position is not entered, and what moves by itself is', () => {
  const house = desk({ lacking: 'refuse' })
  hours(house, 'SOLUSDT', 1)
  hours(house, 'ADAUSDT', 1)
  hours(house, 'XRPUSDT', 2)
  house.open(gridSignal('SOLUSDT'))
  assert.equal(refusedBy(house, 'ADAUSDT'), ['correlation'])
  assert.equal(refusedBy(house, 'XRPUSDT'), [])
  assert.equal(refusedBy(house, 'LTCUSDT'), ['correlation'], 'of it nothing is known')
  assert.match(gate(house, 'correlation')?.value ?? '', /known of 2 of 2 held/)
})

test('hours survive saving and loading, and a hole in them makes the correlation unknown', () => {
  const house = desk()
  hours(house, 'SOLUSDT', 1)
  hours(house, 'ADAUSDT', 1)
  house.open(gridSignal('SOLUSDT'))
  house.restart(SETTINGS)
  assert.equal(refusedBy(house, 'ADAUSDT'), ['correlation'])
  const hole = desk()
  hours(hole, 'SOLUSDT', 1)
  hours(hole, 'ADAUSDT', 1, CORRELATED_HOURS - 1)
  hole.open(gridSignal('SOLUSDT'))
  assert.equal(refusedBy(hole, 'ADAUSDT'), [])
  assert.is(hole.engine.counts['skipped:correlation'], 1)
})

// --- real orders ----------------------------------------------------------------------------------------------

test('where orders are real ones a strategy sends none before its switch is on', () => {
  const off = desk({ sendsRealOrders: true })
  assert.equal(refusedBy(off, 'SOLUSDT'), ['live-switch'])
  assert.match(gate(off, 'live-switch')?.reason ?? '', /no strategy may/)
  const settings = overlay({ ...SETTINGS }, { strategies: { 'bollinger-grid-long': { live: true } } })
  const on = new Desk(settings, { sendsRealOrders: true }).introduce(...SYMBOLS)
  assert.is(placed(on.propose(gridSignal())).length, 1)
  assert.equal(refusedBy(on, 'ADAUSDT', reversionSignal), ['live-switch'])
  assert.is(gate(on, 'live-switch')?.value, 'bollinger-grid-long')
})

test('an entry that would become a ladder stays plain while the ladder may send no real orders', () => {
  const written = { 'bollinger-grid-long': { live: true }, 'dca-ladder': { enabled: true } }
  const of = (live: boolean): Desk => {
    const strategies = { ...written, 'dca-ladder': { enabled: true, live } }
    return new Desk(overlay({ ...SETTINGS }, { strategies }), { sendsRealOrders: true }).introduce('SOLUSDT')
  }
  const [plain] = placed(of(false).propose(gridSignal()))
  assert.is(plain.stop, gridSignal().stop)
  const [laddered] = placed(of(true).propose(gridSignal()))
  assert.not.equal(laddered.stop, gridSignal().stop)
})

test.run()
