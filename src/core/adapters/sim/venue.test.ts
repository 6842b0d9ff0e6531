import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, type Steps, type Ticks } from '../../base/units.ts'
import type { Input } from '../../engine/protocol.ts'
import { CandleSeries, type Candles } from '../../market/candles.ts'
import { instrumentFrom } from '../../market/instruments.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import { DEFAULT_COSTS } from './exchange.ts'
import { Venue, type VenueOptions } from './venue.ts'

const test = suite('venue')

function series(symbol: string, interval: Interval, from: number, count: number): CandleSeries {
  const candles = new CandleSeries(symbol, interval, count)
  for (let i = 0; i < count; i++) candles.push(from + i * INTERVAL_MS[interval], 100, 102, 98, 101, 10, 1_000)
  return candles
}

function market(symbol: string, ...candles: readonly Candles[]): SymbolMarket {
  const instrument = instrumentFrom({
    symbol,
    baseCoin: null,
    quoteCoin: 'USDT',
    tick: '0.1',
    step: '0.001',
    minQty: '0.001',
    maxQty: null,
    minPrice: null,
    maxLeverage: '50',
    date: '2025-01-01',
  })
  return {
    instrument,
    candles: new Map(candles.map(one => [one.interval, one])),
    mark: new Map(),
    funding: null,
  }
}

const OPTIONS: VenueOptions = {
  from: 2 * DAY,
  to: null,
  costs: DEFAULT_COSTS,
  wallet: 1000,
  checkMargin: true,
  detail: true,
}

const text = (input: Input): string =>
  input.type === 'candle' ? `${input.symbol} ${input.interval} ${input.start / HOUR}` : input.type

/** All that the venue tells a trader who does nothing, with the hour of each instant. */
function tellings(venue: Venue): string[] {
  const lines = venue.history().map(input => `history ${text(input)}`)
  for (let at = venue.nextAt; at !== null; at = venue.nextAt) {
    for (const _ of venue.advance(at))
      for (const input of venue.take()) lines.push(`${at / HOUR} ${text(input)}`)
  }
  return lines
}

test('candles that closed until trading begins are history, later ones come as they close', () => {
  assert.equal(tellings(new Venue([market('AUSDT', series('AUSDT', '1d', 0, 4))], OPTIONS)), [
    'history instrument',
    'history AUSDT 1d 0',
    'history AUSDT 1d 24',
    '72 AUSDT 1d 48',
    '96 AUSDT 1d 72',
  ])
})

test('trading ends where it is told to, with the candles that have closed by then', () => {
  const venue = new Venue([market('AUSDT', series('AUSDT', '1d', 0, 9))], { ...OPTIONS, to: 4 * DAY })
  assert.equal(tellings(venue).slice(3), ['72 AUSDT 1d 48', '96 AUSDT 1d 72'])
})

test('the order in which symbols are given changes nothing', () => {
  const a = market('AUSDT', series('AUSDT', '1d', 0, 5))
  const b = market('BUSDT', series('BUSDT', '1d', DAY, 4), series('BUSDT', '15m', 2 * DAY, 96))
  assert.equal(tellings(new Venue([b, a], OPTIONS)), tellings(new Venue([a, b], OPTIONS)))
})

test('without recorded daily candles they are summed up from finer ones, and so are those of 15 minutes', () => {
  const lines = tellings(new Venue([market('AUSDT', series('AUSDT', '5m', 2 * DAY, 288))], OPTIONS))
  assert.is(lines.filter(line => line.includes('15m')).length, 96)
  assert.is(lines[lines.length - 1], '72 AUSDT 1d 48')
})

test('a position is settled when the candles of its symbol end, while the others go on', () => {
  const venue = new Venue(
    [market('AUSDT', series('AUSDT', '1d', 0, 4)), market('BUSDT', series('BUSDT', '1d', 0, 6))],
    OPTIONS,
  )
  venue.history()
  venue.place({
    clientOrderId: 'one',
    symbol: 'AUSDT',
    side: 'long',
    purpose: 'entry',
    type: 'limit',
    price: 990 as Ticks,
    steps: 1000 as Steps,
    stop: 900 as Ticks,
    leverage: 3,
    postOnly: false,
  })
  const heard: string[] = []
  for (let at = venue.nextAt; at !== null; at = venue.nextAt) {
    for (const _ of venue.advance(at)) {
      for (const input of venue.take())
        heard.push(input.type === 'fill' ? `${at / DAY} ${input.cause}` : `${at / DAY} ${input.type}`)
    }
  }
  assert.ok(heard.includes('3 order'), heard.join())
  assert.ok(heard.includes('4 settlement'), heard.join())
  assert.is(heard[heard.length - 1], '6 candle')
  assert.equal(venue.exchange.account().positions, [])
})

test('what the data lacked is counted', () => {
  const venue = new Venue([market('AUSDT', series('AUSDT', '1d', 0, 4))], OPTIONS)
  tellings(venue)
  const { withoutMark, withoutMinutes15, inferredFilters, bars } = venue.replaced()
  assert.equal([withoutMark, withoutMinutes15, inferredFilters], [['AUSDT'], ['AUSDT'], []])
  assert.equal([...bars], [['1d', 2]])
})

test('a market without candles has no next instant', () => {
  assert.is(new Venue([], OPTIONS).nextAt, null)
})

test.run()
