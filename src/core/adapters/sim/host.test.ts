import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { DAY, MINUTE, type Ticks } from '../../base/units.ts'
import type { OrderRequest } from '../../engine/protocol.ts'
import type { Candles } from '../../market/candles.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import { DEFAULT_COSTS } from './exchange.ts'
import { MemoryJournal, type Move, move, moves } from './host.fixture.ts'
import { beganAt, SimHost } from './host.ts'
import { entryOf, marketsOf, tradingFrom, venueOf, WALLET } from './market.fixture.ts'
import { Venue } from './venue.ts'

const test = suite('simulated host')
const SEED = 20260501
console.log(`seed ${SEED}`)

const MARKETS = marketsOf(5, 6, { symbols: 2, minutes15Days: 3 })
const FROM = tradingFrom(MARKETS)
const SYMBOL = MARKETS[0].instrument.symbol

const opened = (journal: MemoryJournal | null, isEager = false): SimHost =>
  new SimHost(venueOf(MARKETS), journal, { isEager })

const order = (over: Partial<OrderRequest> = {}): OrderRequest => entryOf(SYMBOL, over)

/** Everything about a host that a trader can see. */
function seen(host: SimHost): unknown {
  const { now, next, turn, told, isMidway, lastStep, market } = host
  return {
    standing: [now, next, turn, told, isMidway, market],
    lastStep,
    account: host.account(),
    executions: host.executions(0),
    feed: host.feed(Math.max(0, told - 20)),
    history: host.history(),
  }
}

test(`a host opened on a journal, cut anywhere, is the one that was never closed (seed ${SEED})`, () => {
  const kinds = new Map<string, number>()
  let midway = 0
  let executions = 0
  fc.assert(
    fc.property(moves, fc.nat(119), fc.boolean(), (plan, cut, isCrash) => {
      const whole = opened(null)
      const journal = new MemoryJournal()
      // What is written at once survives a crash, what is written late a clean end.
      let parted = opened(journal, isCrash)
      plan.forEach((one: Move, k) => {
        if (k === cut % plan.length) {
          if (parted.isMidway) midway++
          if (!isCrash) parted.close()
          parted = opened(journal.copy(), isCrash)
          assert.equal(seen(parted), seen(whole))
        }
        assert.equal(move(parted, MARKETS, one, k), move(whole, MARKETS, one, k))
        kinds.set(one.kind, (kinds.get(one.kind) ?? 0) + 1)
      })
      assert.equal(seen(parted), seen(whole))
      executions += whole.executions(0).length
    }),
    { seed: SEED, numRuns: 150 },
  )
  assert.ok(executions > 500, `${executions} executions`)
  assert.ok(kinds.size === 7 && midway >= 5, `${[...kinds].join(' ')}, ${midway} cuts within an instant`)
})

test('without a clean end only steps in which nothing was told are walked again', () => {
  const journal = new MemoryJournal()
  const host = opened(journal)
  host.place(order({ type: 'limit', price: 1 as Ticks, stop: null }))
  const rows = journal.rows().length
  for (let minute = 1; minute <= 10; minute++) host.advance(FROM + minute * MINUTE)
  assert.is(host.now, FROM + 10 * MINUTE)
  assert.is(journal.rows().length, rows, 'nothing is written for them yet')
  assert.is(opened(journal.copy()).now, FROM)
  host.cancel(SYMBOL, 'a')
  assert.is(journal.rows().length, rows + 2, 'they are one row, before the request')
  const again = opened(journal.copy())
  assert.equal([again.now, again.turn], [FROM + 10 * MINUTE, 10])
})

test('each row is in the journal before the outcome is told', () => {
  class Watching extends MemoryJournal {
    written = 0
    override write(number: number, row: string): void {
      super.write(number, row)
      this.written = number
    }
  }
  const journal = new Watching()
  const host = opened(journal)
  for (const [k, ask] of [
    () => host.place(order()),
    () => host.setStop('s', SYMBOL, 'long', 5 as Ticks),
    () => host.setLeverage('l', SYMBOL, 3),
    () => host.act({ kind: 'deposit', usdt: 5 }),
  ].entries()) {
    ask()
    assert.is(journal.written, k + 1)
  }
})

test('an exchange whose journal cannot be written does nothing more', () => {
  class Full extends MemoryJournal {
    isFull = false
    override write(number: number, row: string): void {
      if (this.isFull) throw new StoreError('the disk is full', { retryable: false, trouble: 'full' })
      super.write(number, row)
    }
  }
  const journal = new Full()
  const host = opened(journal)
  host.place(order())
  journal.isFull = true
  assert.throws(() => host.place(order({ clientOrderId: 'b' })), /disk is full/)
  journal.isFull = false
  assert.throws(() => host.place(order({ clientOrderId: 'c' })), /disk is full/)
  assert.throws(() => host.advance(FROM + DAY), /disk is full/)
  host.close()
  const again = opened(journal.copy())
  assert.equal(
    again.account().orders.map(one => one.clientOrderId),
    ['a'],
  )
})

/** The candles of a market without those that start at or after a moment. */
function until(markets: readonly SymbolMarket[], end: number): readonly SymbolMarket[] {
  return markets.map(market => ({
    ...market,
    candles: new Map(
      [...market.candles].map(([interval, candles]): [typeof interval, Candles] => {
        const length = candles.start.subarray(0, candles.length).filter(start => start < end).length
        return [interval, { ...candles, length }]
      }),
    ),
  }))
}

function venue(markets: readonly SymbolMarket[], wallet = WALLET): Venue {
  return new Venue(markets, {
    from: FROM,
    to: null,
    costs: DEFAULT_COSTS,
    wallet,
    checkMargin: true,
    detail: true,
  })
}

test('candles that were only appended are accepted, and the market goes on with them', () => {
  const journal = new MemoryJournal()
  const short = new SimHost(venue(until(MARKETS, FROM + 2 * DAY)), journal)
  const { market } = short
  short.place(order())
  while (short.now < FROM + DAY) short.advance(FROM + DAY)
  short.close()
  const long = new SimHost(venue(MARKETS), journal.copy())
  assert.is(long.market, market)
  assert.is(long.account().positions.length, 1)
  while (long.next !== null) long.advance(long.next)
  assert.ok(long.now > FROM + 5 * DAY)
})

test('another market, other settings and a trading that had ended are refused with what differs', () => {
  const journal = new MemoryJournal()
  const host = new SimHost(venue(until(MARKETS, FROM + 2 * DAY)), journal)
  while (host.next !== null) host.advance(host.next)
  host.close()
  const refusal = (made: Venue): string => {
    try {
      new SimHost(made, journal.copy())
      return 'accepted'
    } catch (error) {
      return error instanceof StoreError ? `${error.message}; ${error.remedy}` : String(error)
    }
  }
  assert.match(refusal(venue(MARKETS)), new RegExp(`trading of ${SYMBOL} ended at .*another folder`))
  assert.match(refusal(venue(until(MARKETS, FROM + 2 * DAY), 77)), /starting balance was 1000 and is 77/)
  assert.match(refusal(venue(until(MARKETS, FROM + DAY))), /has only \d+ rows of candles of 1d, and had \d+/)
  assert.match(refusal(venue(marketsOf(6, 2, { symbols: 2, minutes15Days: 3 }))), /other/)
  assert.match(refusal(venue(until(MARKETS, FROM + 2 * DAY).slice(0, 1))), /is missing/)
  assert.is(refusal(venue(until(MARKETS, FROM + 2 * DAY))), 'accepted')
  assert.is(beganAt(journal), FROM)
  assert.is(beganAt(new MemoryJournal()), null)
})

test('a journal that does not lead where it led, or cannot be read, is refused', () => {
  const journal = new MemoryJournal()
  const host = opened(journal)
  host.place(order())
  host.place(order({ clientOrderId: 'b' }))
  const [first, second] = journal.rows()
  const changed = journal.copy()
  changed.write(1, first.replace('"clientOrderId":"a"', '"clientOrderId":"b"'))
  changed.write(2, second.replace('"told":2', '"told":3'))
  assert.throws(() => opened(changed), /row 2 does not lead where it led/)
  const cut = journal.copy()
  cut.write(2, second.slice(0, 20))
  assert.throws(() => opened(cut), /a row cannot be read/)
  const later = journal.copy()
  later.keepHead('{"version":2}')
  assert.throws(() => opened(later), /written by a later bbw/)
})

test('what was told is told again from any number on, as far as it is kept', () => {
  const host = opened(null)
  const first = host.place(order())
  const step = host.advance(FROM + DAY)
  assert.equal(host.feed(0)?.inputs, [...first, ...step.inputs])
  assert.equal(host.feed(first.length)?.inputs, step.inputs)
  assert.equal(host.feed(host.told)?.inputs, [])
  assert.is(host.feed(host.told + 1), null)
  assert.is(step.last, host.told)
  for (let i = 0; i < 21_000; i++) host.cancel(SYMBOL, 'none')
  assert.is(host.feed(0), null)
  assert.is(host.feed(host.told - 10_000)?.inputs.length, 10_000)
})

test('in the middle its history knows the candles told so far and the price of now', () => {
  const host = opened(null)
  const before = host.history()
  const candles = (inputs: ReturnType<SimHost['history']>): number =>
    inputs.filter(input => input.type === 'candle').length
  let told = 0
  const end = FROM + 4 * DAY + 90 * MINUTE
  while (host.now < end) told += candles(host.advance(Math.min(end, host.next ?? end)).inputs)
  const after = host.history()
  assert.is(candles(after), candles(before) + told)
  assert.equal(
    before.filter(input => input.type === 'price'),
    [],
  )
  const prices = after.flatMap(input => (input.type === 'price' ? [input] : []))
  assert.is(prices.length, 2)
  for (const { symbol, time, last } of prices) {
    const candles = MARKETS.find(one => one.instrument.symbol === symbol)?.candles.get('15m')
    const row = candles?.start.indexOf(end - 15 * MINUTE) ?? -1
    assert.equal([time, last], [end, candles?.close[row]])
  }
})

test.run()
