import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, Recorder, tradingFrom, venueOf } from '../../adapters/sim/market.fixture.ts'
import { DAY, HOUR, MINUTE, SECOND, type Timestamp } from '../../base/units.ts'
import type { Trade } from '../../portfolio/trade.ts'
import type { EngineEvent, Input } from '../protocol.ts'
import { defaultSettings } from '../settings.ts'
import { runSimulated, type SimulatedMarket } from './simulated.ts'

const test = suite('simulated driver')

const MARKETS = marketsOf(4, 30, { symbols: 4, minutes15Days: 10 })
const OPTIONS = { wallet: 1_000 }

interface Ran {
  readonly engine: Recorder
  readonly events: EngineEvent[]
  readonly trades: Trade[]
}

function ran(progress?: (at: Timestamp) => boolean, market: SimulatedMarket = venueOf(MARKETS)): Ran {
  const engine = new Recorder(defaultSettings(), OPTIONS)
  const events: EngineEvent[] = []
  const trades: Trade[] = []
  const journal = {
    event: (event: EngineEvent) => events.push(event),
    trade: (trade: Trade) => trades.push(trade),
  }
  runSimulated(engine, market, journal, progress)
  return { engine, events, trades }
}

/** A run from beginning to end that several tests look at. */
const WHOLE = ran()

test('time never goes back, begins at the beginning of trading and ends with the data', () => {
  const { engine } = WHOLE
  const times = engine.inputs.map(input => input.at)
  assert.equal(
    times,
    [...times].sort((a, b) => a - b),
  )
  assert.is(times[0], tradingFrom(MARKETS))
  assert.is(times.at(-1), tradingFrom(MARKETS) + 30 * DAY)
})

test('the engine is told the time whenever it asked to be, and not otherwise', () => {
  const { engine } = WHOLE
  let asked: Timestamp | null = null
  engine.inputs.forEach((input, i) => {
    if (input.type === 'time' && i > 0 && asked !== null) assert.ok(asked <= input.at, 'not before its time')
    const answer = engine.answers[i]
    asked = answer.startsWith('null') ? null : Number(answer.slice(0, answer.indexOf(' ')))
    // Whatever comes later than the alarm comes after the alarm.
    const next = engine.inputs[i + 1]
    if (next !== undefined && asked !== null)
      assert.ok(next.at <= Math.max(asked, input.at), 'no alarm is slept through')
  })
})

test('history comes before the first moment, and the market before the cycles of its moment', () => {
  const { inputs } = WHOLE.engine
  const first = inputs.findIndex(input => input.type === 'time')
  const before = new Set(inputs.slice(0, first).map(input => input.type))
  assert.equal([...before].sort(), ['candle', 'funding-rate', 'instrument'])
  const day = tradingFrom(MARKETS) + DAY
  const types = inputs.filter(input => input.at === day).map(input => input.type)
  assert.ok(types.lastIndexOf('candle') < types.indexOf('time'), 'a decision sees the close it is about')
})

test('progress is told of every instant once, in order, and ends the run when it says so', () => {
  const instants: Timestamp[] = []
  ran(at => {
    instants.push(at)
    return true
  })
  assert.equal(
    instants,
    [...instants].sort((a, b) => a - b),
  )
  const some: Timestamp[] = []
  const { engine } = ran(at => {
    some.push(at)
    return some.length < 5
  })
  assert.equal(some, instants.slice(0, 5))
  assert.is(engine.inputs.at(-1)?.at, some[4])
})

test('events and trades reach the journal in the order in which they happen', () => {
  const { engine, events, trades } = WHOLE
  assert.equal(
    events,
    engine.effects.flatMap(effect => (effect.type === 'event' ? [effect.event] : [])),
  )
  assert.equal(
    trades,
    engine.effects.flatMap(effect => (effect.type === 'trade' ? [effect.trade] : [])),
  )
  assert.ok(trades.length > 0)
})

test('every question is answered before anything else is told', () => {
  const { engine } = WHOLE
  let questions = 0
  engine.inputs.forEach((input, i) => {
    const asked = /"type":"query-account","queryId":"([^"]*)"/.exec(engine.answers[i])
    if (asked === null) return
    questions++
    const next = engine.inputs[i + 1]
    assert.is(next.type === 'account' ? next.queryId : next.type, asked[1])
    assert.is(next.at, input.at)
  })
  assert.ok(questions > 20, `${questions} questions`)
})

test('a market that has ended is not traded on: no cycle runs at its last moment', () => {
  const { engine } = WHOLE
  const end = tradingFrom(MARKETS) + 30 * DAY
  assert.not.ok(engine.inputs.some(input => input.type === 'time' && input.at === end))
})

test('an alarm between two moves of the market moves the clock of the exchange, and nothing else', () => {
  // A market of two prices, a day apart.
  const set: Timestamp[] = []
  const told: Input[] = []
  const start = Date.UTC(2025, 0, 1)
  const moves = [start + HOUR, start + DAY]
  let left = 0
  const market: SimulatedMarket = {
    from: start,
    get nextAt() {
      return moves[left] ?? null
    },
    exchange: {
      setTime: now => set.push(now),
      amend: () => assert.unreachable('nothing is amended'),
      cancel: () => assert.unreachable('nothing is cancelled'),
      setStop: () => assert.unreachable('no stop is set'),
      setLeverage: () => assert.unreachable('no leverage is set'),
      leverage: () => {
        throw new Error('no leverage is asked for')
      },
      account: () => ({ wallet: 1_000, positions: [], orders: [] }),
      lookUp: () => {
        throw new Error('no order is looked up')
      },
      executions: () => [],
    },
    place: () => assert.unreachable('nothing is placed'),
    history: () => [{ type: 'instrument', at: start, instrument: MARKETS[0].instrument }],
    take: () => told.splice(0),
    *advance() {
      left++
      yield
    },
  }
  const { events, engine } = ran(undefined, market)
  // The cycles run once at the start, and the digest at 00:05; nothing else is due while nothing happens.
  assert.equal(set, [start + 5 * MINUTE])
  assert.equal(
    events.map(event => [event.kind, event.ts]),
    [['digest', start + 5 * MINUTE]],
  )
  assert.equal(
    engine.inputs.map(input => [input.type, (input.at - start) / SECOND]),
    [
      ['instrument', 0],
      ['time', 0],
      ['time', 300],
    ],
  )
})

test.run()
