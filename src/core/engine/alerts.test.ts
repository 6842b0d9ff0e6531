import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { Desk, instrument } from './desk.fixture.ts'
import type { Effect } from './protocol.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('alerts')
const QUARTER = 15 * MINUTE

const alertsOf = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap(effect =>
    effect.type === 'event' && effect.event.kind === 'alert' ? [String(effect.event.signalId)] : [],
  )

/** Only these strategies' doings would be in the way. */
function quiet(alerts: Settings['alerts'] = defaultSettings().alerts): Settings {
  const settings = defaultSettings()
  const strategies = Object.fromEntries(
    Object.entries(settings.strategies).map(([id, params]) => [id, { ...params, enabled: false }]),
  )
  return { ...settings, strategies, alerts }
}

/** A symbol whose last daily close is far up in its bands. */
function risen(desk: Desk, symbol: string): void {
  desk.feed({ type: 'instrument', instrument: instrument(symbol) })
  for (let day = 30; day > 0; day--)
    desk.day(symbol, MIDNIGHT - day * DAY, day === 1 ? 110 : 97.5 + 5 * (day % 2))
}

test('an overbought market is told of once a day, whatever cycles come', () => {
  const desk = new Desk(quiet())
  risen(desk, 'SOLUSDT')
  assert.equal(alertsOf(desk.live(3 * HOUR)), [`overbought:SOLUSDT:${MIDNIGHT - DAY}`])
  desk.price('SOLUSDT', 120)
  assert.equal(alertsOf(desk.live(3 * HOUR)), [])
  desk.now = MIDNIGHT + DAY
  desk.day('SOLUSDT', MIDNIGHT, 112)
  assert.equal(alertsOf(desk.live(HOUR)), [`overbought:SOLUSDT:${MIDNIGHT}`])
})

test('within its window an alert is not repeated, on a new candle neither; after it, it is', () => {
  const alerts = defaultSettings().alerts
  const desk = new Desk(quiet({ ...alerts, overbought: { ...alerts.overbought, windowHours: 30 } }))
  risen(desk, 'SOLUSDT')
  assert.is(alertsOf(desk.live(HOUR)).length, 1)
  for (const [days, told] of [
    [1, 0],
    [2, 1],
  ] as const) {
    desk.now = MIDNIGHT + days * DAY
    desk.day('SOLUSDT', MIDNIGHT + (days - 1) * DAY, 112 + 3 * days)
    assert.is(alertsOf(desk.live(HOUR)).length, told)
  }
})

test('after a restart nothing is told a second time', () => {
  const desk = new Desk(quiet())
  risen(desk, 'SOLUSDT')
  assert.is(alertsOf(desk.live(HOUR)).length, 1)
  const books = JSON.parse(JSON.stringify(desk.engine.books()))
  assert.equal(books.ledger.alerted, [['overbought:SOLUSDT', MIDNIGHT + DAY]])
  const state = JSON.parse(JSON.stringify(desk.engine.save()))
  assert.equal(state.alerted, books.ledger.alerted)
})

test('a pump of 15-minute candles is told within the next heavy cycle', () => {
  const desk = new Desk(quiet()).introduce('SOLUSDT')
  const told: string[] = []
  for (let i = 1; i <= 97; i++) {
    desk.now = MIDNIGHT + i * QUARTER
    // The whole rise within the last candle.
    const close = i === 97 ? 190 : 102
    const { now } = desk
    desk.feed({
      type: 'candle',
      symbol: 'SOLUSDT',
      interval: '15m',
      start: now - QUARTER,
      open: close,
      high: close,
      low: close,
      close,
      volume: 1,
      turnover: Number.NaN,
    })
    if (i === 96) desk.day('SOLUSDT', MIDNIGHT, 102)
    told.push(...alertsOf(desk.live(120 * SECOND)))
  }
  assert.equal(told, [`pump:SOLUSDT:${MIDNIGHT + 96 * QUARTER}`])
})

test('an old candle is no news, what is switched off is silent, and without a journal nothing is looked at', () => {
  const late = new Desk(quiet())
  late.now = MIDNIGHT + DAY
  risen(late, 'SOLUSDT')
  assert.equal(alertsOf(late.live(HOUR)), [])
  const { alerts } = defaultSettings()
  const off = new Desk(quiet({ ...alerts, overbought: { ...alerts.overbought, enabled: false } }))
  risen(off, 'SOLUSDT')
  assert.equal(alertsOf(off.live(HOUR)), [])
  const mute = new Desk(quiet(), { journal: false })
  risen(mute, 'SOLUSDT')
  assert.equal(alertsOf(mute.live(HOUR)), [])
  assert.is(mute.engine.lookForAlerts().length, 1)
})

test.run()
