/**
 * Two readings of the same candles by one matching engine: as `SimExchange` reads a candle whole, and as the desk walks
 * through it. Where a candle leaves no choice (an entry at its open, a stop) they come to the same fills and the same
 * money. Where it does (a stop and a target in one candle, a target in the candle of the entry) the first takes the
 * worse, and the second what its way meets first.
 */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, type Steps, type Ticks } from '../../../base/units.ts'
import type { FillInput } from '../../../engine/protocol.ts'
import { instrument } from '../exchange.fixture.ts'
import { type Bar, type Costs, DEFAULT_COSTS, SimExchange } from '../exchange.ts'
import { type Minutes, marketOf, START, TestClient } from './bybit.fixture.ts'

const test = suite('two readings')

const COSTS = { ...DEFAULT_COSTS, slippageOfRange: 0 }
/** Without slippage a stop fills at its very price. */
const EXACT = { ...COSTS, slippage: 0 }

/** Candles of a lively market in ticks, gaps included; its highs and lows lie beyond open and close. */
const candles = fc
  .array(
    fc.record({
      gap: fc.integer({ min: -6, max: 6 }),
      step: fc.integer({ min: -40, max: 40 }),
      up: fc.nat(20),
      down: fc.nat(20),
    }),
    {
      minLength: 5,
      maxLength: 40,
    },
  )
  .map((rows): Minutes => {
    let at = 1_000
    return rows.map(({ gap, step, up, down }) => {
      const open = Math.max(700, at + gap)
      const close = Math.max(700, Math.min(1_400, open + step))
      at = close
      return [open, Math.max(open, close) + up, Math.min(open, close) - down, close].map(
        ticks => ticks / 10,
      ) as unknown as [number, number, number, number]
    })
  })

function barOf([open, high, low, close]: Minutes[number], k: number): Bar {
  const start = START + k * MINUTE
  const mark = { markOpen: open, markHigh: high, markLow: low, markClose: close }
  return { start, end: start + MINUTE, open, high, low, close, ...mark }
}

/** Fills as candles are read whole, and the wallet they leave. */
function whole(
  minutes: Minutes,
  side: 'long' | 'short',
  stop: number,
  costs: Costs,
): readonly [readonly number[], number] {
  const exchange = new SimExchange({ costs, wallet: 1_000, checkMargin: true })
  exchange.list(instrument, true)
  exchange.setTime(START)
  exchange.setLast('XUSDT', minutes[0][0], minutes[0][0], START)
  exchange.setLeverage('', 'XUSDT', 5)
  exchange.take()
  exchange.place({
    clientOrderId: 'a',
    symbol: 'XUSDT',
    side,
    purpose: 'entry',
    type: 'market',
    price: null,
    steps: 1_000 as Steps,
    stop: stop as Ticks,
    leverage: 5,
    postOnly: false,
  })
  const fills: FillInput[] = []
  for (const [k, minute] of minutes.entries()) {
    const bar = barOf(minute, k)
    exchange.setTime(bar.end)
    for (const _ of exchange.bar('XUSDT', bar, [])) {
      for (const input of exchange.take()) if (input.type === 'fill') fills.push(input)
    }
  }
  return [fills.map(({ price }) => price), exchange.wallet]
}

/** The same as candles are walked through. */
function walked(
  minutes: Minutes,
  side: 'long' | 'short',
  stop: number,
  costs: Costs,
): readonly [readonly number[], number] {
  const client = new TestClient([marketOf(minutes)], { costs })
  client.post('/v5/position/set-leverage', { symbol: 'XUSDT', buyLeverage: '5', sellLeverage: '5' })
  const stopLoss = (stop / 10).toFixed(1)
  const { retCode, retMsg } = client.order({ side: side === 'long' ? 'Buy' : 'Sell', stopLoss })
  assert.is(retCode, 0, retMsg)
  client.sim.advance(START + minutes.length * MINUTE)
  const { executions } = client.sim.desk.account
  return [executions.map(({ price }) => Math.round(price * 10)), client.sim.desk.engineWallet]
}

test('an entry at the open and a stop come to the same fills and the same wallet', () => {
  let stopped = 0
  fc.assert(
    fc.property(
      candles,
      fc.constantFrom('long' as const, 'short' as const),
      fc.integer({ min: 15, max: 120 }),
      fc.constantFrom(COSTS, EXACT),
      (minutes, side, distance, costs) => {
        const open = Math.round(minutes[0][0] * 10)
        const stop = side === 'long' ? open - distance : open + distance
        const [fills, wallet] = whole(minutes, side, stop, costs)
        const [found, money] = walked(minutes, side, stop, costs)
        assert.equal(found, fills)
        assert.ok(Math.abs(money - wallet) < 1e-9, `${money} and ${wallet}`)
        if (fills.length === 2) stopped++
      },
    ),
    { seed: 20260401, numRuns: 300 },
  )
  assert.ok(stopped > 80, `${stopped} of 300 were stopped`)
})

test.run()
