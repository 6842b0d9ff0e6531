import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, SECOND, type Steps } from '../../base/units.ts'
import { gridSignal } from '../../engine/desk.fixture.ts'
import { LiveDriver } from '../../engine/drivers/live.ts'
import { Engine } from '../../engine/engine.ts'
import { scoreSignal } from '../../engine/pipeline.ts'
import type { EngineEvent, Input } from '../../engine/protocol.ts'
import { defaultSettings } from '../../engine/settings.ts'
import type { PositionMode } from '../../market/side.ts'
import { START, still } from '../sim/bybit/bybit.fixture.ts'
import { instrument, steps, ticks } from '../sim/exchange.fixture.ts'
import { MarketCache } from '../sqlite/market-cache.ts'
import { StoreFolder } from '../sqlite/store.fixture.ts'
import { Redactor } from '../system/redactor.ts'
import { RunningClock } from '../system/running-clock.ts'
import { BybitAccount } from './account.ts'
import { BybitExchange } from './bybit-exchange.ts'
import { HttpTrouble } from './http.ts'
import { BybitMarket } from './market.ts'
import { MarketSession } from './market-session.ts'
import { SimulatedBybit } from './simulated.fixture.ts'
import { STRANGE, withStrange } from './strange.fixture.ts'

const test = suite('bybit exchange')
const folder = new StoreFolder()
test.after(() => folder.remove())

let caches = 0

const SYMBOL = 'XUSDT'

/** An engine under the live driver on the simulated Bybit, all on its time. */
class Trader {
  readonly rig: SimulatedBybit
  readonly exchange: BybitExchange
  readonly session: MarketSession
  readonly events: EngineEvent[] = []
  driver: LiveDriver | null = null
  #isOn = true

  private constructor(rig: SimulatedBybit, session: MarketSession, exchange: BybitExchange) {
    this.rig = rig
    this.session = session
    this.exchange = exchange
  }

  static async open(rig = new SimulatedBybit(still(100, 600))): Promise<Trader> {
    rig.asked.length = 0
    const path = join(folder.path, `market-${++caches}.db`)
    const cache = MarketCache.open(path, { readonly: false })
    const session = new MarketSession(
      {
        market: new BybitMarket(rig.client),
        cache,
        origin: 'simulated',
        connect: listener => rig.connect('public', listener),
        now: () => rig.now,
        say: (code, words) => rig.said.push(`${code} ${words}`),
        hearer: { progress: () => {}, problem: words => rig.said.push(words) },
        signal: new AbortController().signal,
      },
      { symbols: null, top: 50, intervals: ['1d', '1h', '15m'] },
    )
    const exchange = new BybitExchange({
      client: rig.client,
      clock: new RunningClock({ now: () => rig.now, sleep: (span, signal) => rig.sleep(span, signal) }),
      session,
      modes: Object.assign(new BybitAccount(rig.client), {
        positionMode: async (): Promise<PositionMode> => 'one-way',
        setPositionMode: async () => null,
      }),
      mode: 'one-way',
      connect: listener => rig.connect('private', listener),
      sleep: span => rig.sleep(span),
      redactor: new Redactor([]),
      say: (code, words) => rig.said.push(`${code} ${words}`),
      ready: () => {},
      time: { check: () => {} },
    })
    return new Trader(rig, session, exchange)
  }

  /** Begins to trade. */
  async begin(): Promise<this> {
    const engine = new Engine(defaultSettings(), { wallet: 1_000, lacking: 'skip', everyCycle: true })
    const driver = new LiveDriver(engine, {
      clock: this.exchange.clock,
      broker: this.exchange,
      feed: this.exchange,
      journal: { event: event => void this.events.push(event), trade: () => {} },
      store: null,
    })
    this.driver = driver
    driver.start(await this.rig.until(this.exchange.history()))
    void this.exchange.run(
      () => driver.idle(),
      async at => {
        await this.rig.sleep(at - this.rig.now)
        return this.#isOn
      },
      null,
    )
    await this.rig.live(SECOND)
    return this
  }

  get engine(): Engine {
    if (this.driver === null) throw new Error('it has not begun')
    return this.driver.engine
  }

  async end(): Promise<void> {
    this.#isOn = false
    await this.rig.live(2 * SECOND)
    this.exchange.close()
  }

  /** Kinds and codes of events since the last call. */
  told(): readonly string[] {
    return this.events.splice(0).map(({ kind, code }) => (code === null ? kind : `${kind} ${code}`))
  }

  async propose(): Promise<void> {
    const now = Math.floor(this.rig.now / DAY) * DAY
    const signal = gridSignal(SYMBOL, {
      instrument,
      candleStart: now - DAY,
      candleEnd: now,
      order: { type: 'market' },
      last: 100,
      lastAt: this.rig.now,
      stop: ticks(95),
      target: ticks(110),
    })
    this.driver?.hear({ type: 'propose', at: 0, scored: [scoreSignal(signal)] })
    await this.rig.live(5 * SECOND)
  }
}

test('the past comes before the present: instruments, closed candles, funding and price, each fetched once', async () => {
  const trader = await Trader.open()
  const inputs = await trader.rig.until(trader.exchange.history())
  const kinds = new Map<string, number>()
  for (const input of inputs) {
    const kind = input.type === 'candle' ? `candle ${input.interval}` : input.type
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  assert.is(inputs[0].type, 'instrument')
  assert.equal([kinds.get('instrument'), kinds.get('funding-rate'), kinds.get('price')], [1, 1, 1])
  const listings = inputs.filter(input => input.type === 'listing')
  assert.equal(listings, [{ type: 'listing', at: 0, symbol: SYMBOL, status: 'trading', delistsAt: null }])
  assert.ok((kinds.get('candle 15m') ?? 0) >= 90 && (kinds.get('candle 1h') ?? 0) >= 22)
  const asked = trader.rig.asked.filter(one => one.includes('/market/kline'))
  assert.is(asked.length, 3, 'one question a timeframe')
  const last = inputs.findLast(
    (input): input is Extract<Input, { type: 'candle' }> => input.type === 'candle',
  )
  assert.ok(last !== undefined && last.start + 15 * MINUTE <= START)
})

test('a stream of the account that is not there at the start is named', async () => {
  const rig = new SimulatedBybit(still(100, 600))
  const connect = rig.connect.bind(rig)
  rig.connect = (channel, listener) => {
    if (channel !== 'private') return connect(channel, listener)
    const never = connect(channel, { ...listener, ready: () => {} })
    never.isReady = false
    return never
  }
  const trader = await Trader.open(rig)
  await rig.until(trader.exchange.history())
  assert.equal(rig.said, ['W503 account: not connected after 10 s, requests tell meanwhile'])
})

test('candles and prices go on where the past ended, without a question', async () => {
  const trader = await (await Trader.open()).begin()
  trader.rig.asked.length = 0
  const heard: Input[] = []
  const { driver } = trader
  trader.exchange.listen(input => {
    heard.push(input)
    driver?.hear(input)
  })
  await trader.rig.live(16 * MINUTE)
  assert.equal(
    heard.flatMap(input => (input.type === 'candle' ? [`${input.interval} ${input.start - START}`] : [])),
    ['15m 0'],
  )
  assert.ok(trader.engine.snapshot().at >= START + 16 * MINUTE - SECOND)
  assert.equal(
    trader.rig.asked.filter(one => one.includes('/market/kline')),
    [],
  )
  assert.equal(trader.rig.said, [])
  await trader.end()
})

test('an entry is bought, protected, and known to the books as to the account', async () => {
  const trader = await (await Trader.open()).begin()
  await trader.propose()
  const told = trader.told()
  assert.ok(told.includes('entered') && told.includes('filled'), told.join(', '))
  const [position] = (await trader.exchange.account()).positions
  const books = [...trader.engine.portfolio.positions.values()]
  assert.equal(
    books.map(one => [one.symbol, one.steps, one.stop]),
    [[SYMBOL, position.steps, position.stop]],
  )
  await trader.rig.live(MINUTE)
  assert.equal(
    trader.told().filter(one => / [WEC]/.test(one)),
    [],
  )
  assert.equal(trader.rig.said, [])
  await trader.end()
})

test('what happens while the account’s stream is away is found when it is back', async () => {
  const trader = await (await Trader.open()).begin()
  await trader.propose()
  const stream = trader.rig.last('private')
  stream.drop()
  trader.told()
  // A person sells half of it in the app.
  const { steps: held } = [...trader.engine.portfolio.positions.values()][0]
  await trader.rig.broker.place({
    clientOrderId: 'by-hand',
    symbol: SYMBOL,
    side: 'long',
    purpose: 'exit',
    type: 'market',
    price: null,
    steps: steps(Math.floor(held / 2) / 1_000),
    stop: null,
    leverage: 3,
    postOnly: false,
  })
  await trader.rig.live(SECOND)
  assert.is([...trader.engine.portfolio.positions.values()][0].steps, held)
  stream.connect()
  stream.subscribe(['order', 'execution'])
  await trader.rig.live(10 * SECOND)
  assert.is([...trader.engine.portfolio.positions.values()][0].steps, held - Math.floor(held / 2))
  assert.ok(trader.told().includes('reconciled'))
  await trader.end()
})

/** For how long the position was without its stop, which somebody takes away, where a request of bbw's is swallowed. */
async function bareFor(path: string, times: number): Promise<number> {
  const trader = await (await Trader.open()).begin()
  const { rig } = trader
  await trader.propose()
  let left = 0
  rig.interfere = async (request, go) => {
    if (left === 0 || !request.url.includes(path)) return go()
    left--
    await rig.sleep(request.deadlineMs)
    throw new HttpTrouble('no reply', { isReply: false, wasSent: true })
  }
  // Not just before a look of its own.
  await rig.live(31 * SECOND)
  assert.is(rig.sim.cause({ fault: 'human-stop', symbol: SYMBOL, ticks: 0 }), null)
  left = times
  await rig.live(20 * SECOND)
  const { now, answered, disturbed } = rig.sim.exposure.report(rig.now)
  await trader.end()
  assert.equal([left, now, answered.count, disturbed.count], [0, [], 1, 0])
  return answered.longestMs
}

test('a position whose stop somebody takes away has it back within two seconds, also where a request or a reply vanishes', async () => {
  for (const [path, times] of [
    ['/nowhere', 0],
    ['/v5/position/trading-stop', 1],
    ['/v5/position/list', 1],
    // It is set before the account has been read.
    ['/v5/account/wallet-balance', 4],
    ['/v5/execution/list', 4],
  ] as const) {
    const bare = await bareFor(path, times)
    assert.ok(bare <= 2 * SECOND, `${path}: ${bare} ms`)
  }
})

/** A start on a position whose stop is gone, where the past of the market comes late. */
async function startedLate(booked: Steps): Promise<Trader> {
  const rig = new SimulatedBybit(still(100, 600))
  await rig.broker.place({
    ...{ clientOrderId: 'bbw-0001-a', symbol: SYMBOL, side: 'long', purpose: 'entry', type: 'market' },
    ...{ price: null, steps: steps(1), stop: ticks(95), leverage: 10, postOnly: false },
  })
  assert.is(rig.sim.cause({ fault: 'human-stop', symbol: SYMBOL, ticks: 0 }), null)
  const trader = await Trader.open(rig)
  let late = 0
  rig.interfere = async (request, go) => {
    if (!request.url.includes('/market/kline')) return go()
    late++
    await rig.sleep(8 * SECOND)
    return go()
  }
  const held = {
    symbol: SYMBOL,
    side: 'long',
    instrument,
    entry: 100,
    steps: booked,
    stop: ticks(95),
  } as const
  const begun = rig.now
  await rig.until(trader.exchange.history([instrument], [held]))
  assert.ok(late > 0 && rig.now - begun >= 8 * SECOND)
  return trader
}

test('at a start the first missing stop does not wait for the past of the market', async () => {
  const { rig, exchange } = await startedLate(steps(1))
  // Nobody listened to the account before, nor has anybody read it.
  const { now, answered, disturbed } = rig.sim.exposure.report(rig.now)
  assert.equal([now, answered.count, disturbed.count], [[], 0, 1])
  assert.ok(disturbed.longestAfterMs <= 2 * SECOND, `${disturbed.longestAfterMs} ms`)
  assert.is(rig.said.filter(words => words.startsWith('W207')).length, 1, rig.said.join(', '))
  exchange.close()
})

test('at a start the position of another quantity than booked is not touched before all is compared', async () => {
  const { rig, exchange } = await startedLate(steps(2))
  assert.is((await exchange.account()).positions[0].stop, null)
  assert.is(rig.asked.filter(one => one.includes('/trading-stop')).length, 0)
  exchange.close()
})

test('a refused key halts entries, once, and is told', async () => {
  const trader = await (await Trader.open()).begin()
  trader.rig.last('private').listener.denied('Params Error')
  await trader.rig.live(SECOND)
  assert.ok(trader.told().includes('halted C407'))
  assert.is(trader.exchange.trouble, 'C407 the key is refused: Params Error')
  await trader.end()
})

test('what was delisted while bbw was away is settled in the books, and the rest of the account stays to be read', async () => {
  const rig = new SimulatedBybit(still(100, 600))
  await rig.broker.place({
    ...{ clientOrderId: 'bbw-0001-a', symbol: SYMBOL, side: 'long', purpose: 'entry', type: 'market' },
    ...{ price: null, steps: steps(1), stop: ticks(95), leverage: 10, postOnly: false },
  })
  rig.sim.cause({ fault: 'delist', symbol: SYMBOL, ms: MINUTE })
  rig.pass(2 * MINUTE)
  const found = async (booked: readonly (typeof instrument)[]): Promise<readonly unknown[]> => {
    const { exchange } = await Trader.open(rig)
    await rig.until(exchange.history(booked))
    assert.equal((await exchange.account()).positions, [])
    const list = await exchange.executions(START)
    exchange.close()
    return list.map(one => (one.type === 'fill' ? `${one.cause} ${one.opens} ${one.steps}` : one.type))
  }
  assert.equal(await found([instrument]), ['order true 1000', 'settlement false 1000'])
  assert.equal(await found([]), [], 'of what is neither listed nor booked nothing is to be closed')
})

test('what a person holds where nothing is traded is somebody else’s, and bbw’s own position keeps its stop', async () => {
  for (const named of ['PreLaunch', 'Settling', 'Closed', 'broken', 'away', 'unknown'] as const) {
    const rig = new SimulatedBybit(still(100, 600))
    withStrange(rig, named)
    const trader = await (await Trader.open(rig)).begin()
    await rig.live(31 * SECOND)
    await trader.propose()
    const told = trader.told()
    assert.is(told.filter(one => one === 'foreign W303').length, 1, `${named}: ${told.join(', ')}`)
    assert.ok(told.includes('entered') && told.includes('filled'), `${named}: ${told.join(', ')}`)
    await rig.live(MINUTE)
    assert.is(rig.sim.cause({ fault: 'human-stop', symbol: SYMBOL, ticks: 0 }), null)
    await rig.live(20 * SECOND)
    const { now, answered } = rig.sim.exposure.report(rig.now)
    assert.equal([now, answered.count], [[], 1])
    assert.ok(answered.longestMs <= 2 * SECOND, `${named}: ${answered.longestMs} ms`)
    for (const code of ['W308', 'W711']) {
      assert.not.ok(
        trader.told().some(one => one.endsWith(code)),
        code,
      )
    }
    await trader.end()
  }
})

test('what is not in the list is asked for by its name, is shown by its filters, and not asked for each time', async () => {
  for (const named of ['PreLaunch', 'Settling', 'Closed'] as const) {
    const rig = new SimulatedBybit(still(100, 600))
    const asked = withStrange(rig, named)
    const { exchange } = await Trader.open(rig)
    await rig.until(exchange.history())
    await rig.live(SECOND)
    const [held] = (await exchange.account()).positions
    assert.equal([held.symbol, held.steps, held.entry], [STRANGE, 50, 0.3071], named)
    assert.is(asked[0], 'any')
    const before = asked.length
    for (let k = 0; k < 5; k++) await exchange.account()
    await rig.live(SECOND)
    assert.is(asked.length, before)
    exchange.close()
  }
})

test('what the exchange does not name is shown as exactly as its rows say, and can be closed all the same', async () => {
  const rig = new SimulatedBybit(still(100, 600))
  const asked = withStrange(rig, 'unknown')
  const { exchange } = await Trader.open(rig)
  await rig.until(exchange.history())
  const { positions, orders } = await exchange.account()
  assert.equal(positions, [
    {
      symbol: STRANGE,
      side: 'long',
      steps: 1_250,
      entry: 0.3071,
      leverage: 10,
      stop: null,
      liquidation: 45_000,
    },
  ])
  assert.equal(
    orders.map(({ symbol, clientOrderId, steps }) => [symbol, clientOrderId, steps]),
    [[STRANGE, 'by-hand', 225]],
  )
  await rig.live(5 * MINUTE)
  await exchange.account()
  assert.equal(asked, ['any', 'PreLaunch', 'Settling', 'Delivering', 'Closed'], 'once in an hour')
  const sent: string[] = []
  const before = rig.interfere
  rig.interfere = (request, go) => {
    if (request.url.endsWith('/v5/order/create')) sent.push(String(JSON.parse(request.body ?? '').qty))
    return before(request, go)
  }
  const [{ steps: whole }] = positions
  const close = { purpose: 'exit', type: 'market', price: null, stop: null, postOnly: false } as const
  const order = {
    clientOrderId: 'bbw-0001-z',
    symbol: STRANGE,
    side: 'long',
    steps: whole,
    leverage: 1,
  } as const
  // The simulated exchange does not know the symbol either.
  await exchange.place({ ...order, ...close }).catch(() => {})
  assert.equal(sent, ['12.50'])
  exchange.close()
})

test('maintenance that is announced keeps entries away from five minutes before, and everything is compared after it', async () => {
  const trader = await (await Trader.open()).begin()
  assert.is(trader.rig.sim.cause({ fault: 'maintenance', ms: 10 * MINUTE }), null)
  await trader.rig.live(4 * MINUTE)
  assert.not.ok(trader.told().includes('paused W404'))
  await trader.rig.live(3 * MINUTE)
  assert.ok(trader.told().includes('paused W404'))
  await trader.propose()
  assert.not.ok(trader.told().includes('entered'), 'nothing is entered')
  await trader.rig.live(66 * MINUTE)
  assert.ok(trader.told().includes('reconciled'))
  await trader.propose()
  assert.ok(trader.told().includes('entered'))
  await trader.end()
})

test('another mode of margin keeps entries away until it is as it was', async () => {
  const trader = await (await Trader.open()).begin()
  await trader.rig.live(2 * SECOND)
  trader.rig.sim.cause({ fault: 'margin-mode' })
  await trader.rig.live(2 * MINUTE)
  assert.ok(trader.told().includes('alert C610'))
  await trader.propose()
  assert.not.ok(trader.told().includes('entered'))
  trader.rig.sim.cause({ fault: 'margin-mode' })
  await trader.rig.live(2 * MINUTE)
  await trader.propose()
  assert.ok(trader.told().includes('entered'))
  await trader.end()
})

test('an account that may only close is told of, and what it holds can still be closed', async () => {
  const trader = await (await Trader.open()).begin()
  trader.rig.sim.setFaults([{ fault: 'refuse', only: '/v5/order/create', code: 110_023 }])
  await trader.propose()
  const told = trader.told()
  assert.ok(
    told.some(one => one.endsWith('C408')),
    told.join(', '),
  )
  assert.ok((trader.rig.sim.plan.counts.refuse ?? 0) > 0)
  trader.rig.sim.setFaults([])
  await trader.rig.live(2 * MINUTE)
  await trader.propose()
  assert.not.ok(trader.told().includes('entered'), 'no answer says that it may open again')
  await trader.end()
})

test('filters that have changed are looked at as soon as an order is refused for them', async () => {
  const trader = await (await Trader.open()).begin()
  // Beyond the look at the start; the next one would come within the hour.
  await trader.rig.live(2 * MINUTE)
  trader.rig.sim.cause({ fault: 'filters', symbol: SYMBOL, steps: 1_000, ticks: 10 })
  trader.rig.asked.length = 0
  await trader.propose()
  const told = trader.told()
  assert.ok(told.includes('entered') && told.some(one => one.startsWith('rejected')), told.join(', '))
  assert.ok(trader.rig.asked.includes('GET /v5/market/instruments-info'))
  assert.is((await trader.session.instrument(SYMBOL))?.step, '1.000')
  await trader.end()
})

test('D5: an exchange that answers slowly is told of once', async () => {
  const trader = await (await Trader.open()).begin()
  trader.rig.interfere = async (_, go) => {
    await trader.rig.sleep(3 * SECOND)
    return go()
  }
  await trader.rig.live(10 * MINUTE)
  const said = trader.rig.said.filter(words => words.startsWith('W405'))
  assert.equal(said, ['W405 one answer in twenty takes 3.0 s'])
  await trader.end()
})

test.run()
