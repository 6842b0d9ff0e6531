import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError, StoreError } from '../../base/errors.ts'
import { DAY, MINUTE, SECOND, type Timestamp } from '../../base/units.ts'
import { MIDNIGHT } from '../../decision/view.fixture.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { gridSignal, instrument, reversionSignal } from '../desk.fixture.ts'
import { Engine } from '../engine.ts'
import { scoreSignal } from '../pipeline.ts'
import type { BrokerPort, ClockPort, FeedPort, JournalPort, StorePort } from '../ports.ts'
import type { Account, EngineEvent, Input, OrderRequest } from '../protocol.ts'
import { defaultSettings } from '../settings.ts'
import { LiveDriver } from './live.ts'

const test = suite('live driver')

/** Something that is waited for, to be settled by hand. */
class Gate {
  readonly opened: Promise<void>
  #open: () => void = () => {}
  constructor() {
    this.opened = new Promise(resolve => {
      this.#open = resolve
    })
  }
  open(): void {
    this.#open()
  }
}

/** Lets every promise that can go on do so. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

/** The outside, by hand: what it is asked is noted in order, and answered as told. */
class Outside implements ClockPort, BrokerPort, FeedPort, StorePort, JournalPort {
  time: Timestamp = MIDNIGHT
  alarm: { readonly at: Timestamp; readonly wake: () => void } | null = null
  readonly asked: string[] = []
  readonly events: EngineEvent[] = []
  readonly trades: Trade[] = []
  readonly orders: OrderRequest[] = []
  hear: (input: Input) => void = () => {}
  /** What a request waits for, or fails with, by its first word; none: it is received at once. */
  readonly waits = new Map<string, Promise<void>>()
  readonly failures = new Map<string, unknown>()
  books: Account = { wallet: 1_000, positions: [], orders: [] }

  now(): Timestamp {
    return this.time
  }
  wakeAt(at: Timestamp | null, wake: () => void): void {
    this.alarm = at === null ? null : { at, wake }
  }
  listen(hear: (input: Input) => void): void {
    this.hear = hear
  }
  async #ask(what: string, detail: string): Promise<void> {
    this.asked.push(`${what} ${detail}`)
    await this.waits.get(what)
    const failure = this.failures.get(what)
    if (failure !== undefined) throw failure
  }
  async persist(key: string, order: OrderRequest): Promise<void> {
    await this.#ask(`persist-${order.purpose}`, key)
  }
  async place(order: OrderRequest): Promise<void> {
    this.orders.push(order)
    await this.#ask(`place-${order.purpose}`, order.clientOrderId)
  }
  async amend(symbol: string): Promise<void> {
    await this.#ask('amend', symbol)
  }
  async cancel(symbol: string): Promise<void> {
    await this.#ask('cancel', symbol)
  }
  async setStop(requestId: string): Promise<void> {
    await this.#ask('set-stop', requestId)
  }
  async account(): Promise<Account> {
    await this.#ask('account', '')
    return this.books
  }
  event(event: EngineEvent): void {
    this.events.push(event)
  }
  trade(trade: Trade): void {
    this.trades.push(trade)
  }

  kinds(): string[] {
    return this.events.map(event => event.kind)
  }
}

interface Bench {
  readonly outside: Outside
  readonly driver: LiveDriver
  readonly engine: Engine
}

function started(): Bench {
  const outside = new Outside()
  const engine = new Engine(defaultSettings(), { wallet: 1_000 })
  const driver = new LiveDriver(engine, {
    clock: outside,
    broker: outside,
    feed: outside,
    journal: outside,
    store: outside,
  })
  const history: Input[] = []
  for (const symbol of ['SOLUSDT', 'ADAUSDT']) {
    history.push({ type: 'instrument', at: 0, instrument: instrument(symbol) })
    for (let day = 30; day > 0; day--) {
      const close = day === 1 ? 102 : 97.5 + 5 * (day % 2)
      const candle = {
        symbol,
        interval: '1d',
        start: MIDNIGHT - day * DAY,
        open: close,
        high: close,
        low: close,
      } as const
      history.push({ type: 'candle', at: 0, ...candle, close, volume: 1, turnover: 5e7 })
    }
  }
  driver.start(history)
  outside.asked.length = 0
  outside.events.length = 0
  return { outside, driver, engine }
}

function propose({ outside }: Bench, ...signals: readonly ReturnType<typeof gridSignal>[]): void {
  outside.hear({ type: 'propose', at: 0, scored: signals.map(scoreSignal) })
}

function fill(bench: Bench, order: OrderRequest, over: Partial<Extract<Input, { type: 'fill' }>> = {}): void {
  const { clientOrderId, symbol, side, steps, price } = order
  if (price === null) throw new Error('a limit order is filled here')
  bench.outside.hear({
    type: 'fill',
    at: 0,
    time: bench.outside.time,
    execId: `${clientOrderId} ${bench.outside.time}`,
    clientOrderId,
    cause: 'order',
    symbol,
    side,
    price,
    steps,
    fee: 0,
    liquidity: 'maker',
    complete: true,
    ...over,
  })
}

const words = (asked: readonly string[]): string[] => asked.map(one => one.split(' ')[0])

test('an order leaves only once its intent is durable', async () => {
  const bench = started()
  const { outside, driver } = bench
  const gate = new Gate()
  outside.waits.set('persist-entry', gate.opened)
  propose(bench, gridSignal())
  await settle()
  assert.equal(words(outside.asked), ['persist-entry'])
  assert.equal(outside.orders, [])
  gate.open()
  await driver.idle()
  assert.equal(words(outside.asked), ['persist-entry', 'place-entry'])
  const [persisted, sent] = outside.asked.map(one => one.split(' ')[1])
  assert.is(persisted, sent)
})

test('a store that refuses drops the entry, and the engine knows', async () => {
  const bench = started()
  bench.outside.failures.set('persist-entry', new StoreError('the disk is full', { retryable: false }))
  propose(bench, gridSignal())
  await bench.driver.idle()
  assert.equal(words(bench.outside.asked), ['persist-entry'])
  assert.equal(bench.outside.kinds(), ['entered', 'refused'])
  assert.is(bench.outside.events[1].reason, 'store: the disk is full')
  assert.is(bench.engine.portfolio.pending.size, 0)
})

test('a store that refuses one entry drops that one alone', async () => {
  const bench = started()
  const { outside } = bench
  outside.failures.set('persist-entry', new StoreError('busy', { retryable: true }))
  propose(bench, gridSignal())
  await bench.driver.idle()
  outside.failures.delete('persist-entry')
  propose(bench, gridSignal('ADAUSDT'))
  await bench.driver.idle()
  assert.equal(
    outside.orders.map(order => order.symbol),
    ['ADAUSDT'],
  )
})

test('a store that refuses never holds back an order that reduces', async () => {
  const bench = started()
  const { outside } = bench
  propose(bench, gridSignal())
  await bench.driver.idle()
  outside.failures.set('persist-exit', new StoreError('the disk is full', { retryable: false }))
  fill(bench, outside.orders[0])
  await bench.driver.idle()
  assert.equal(words(outside.asked).slice(2), ['persist-exit', 'place-exit', 'persist-exit', 'place-exit'])
  assert.equal(outside.kinds().slice(2), ['rejected', 'rejected'])
  assert.match(outside.events[2].reason, /^not recorded: the disk is full$/)
})

test('effects leave in their order, and a slow store holds back only what comes after', async () => {
  const bench = started()
  const { outside, driver } = bench
  // A position at leverage 10 whose stop is to be moved, and an entry whose record is slow.
  propose(bench, reversionSignal())
  await driver.idle()
  fill(bench, outside.orders[0])
  await driver.idle()
  outside.asked.length = 0
  outside.time = MIDNIGHT + 8 * MINUTE
  outside.hear({ type: 'price', at: 0, symbol: 'SOLUSDT', time: outside.time, last: 103.5, mark: 103.5 })
  outside.hear({ type: 'price', at: 0, symbol: 'ADAUSDT', time: outside.time, last: 102, mark: 102 })
  const gate = new Gate()
  outside.waits.set('persist-entry', gate.opened)
  outside.alarm?.wake()
  await settle()
  const before = words(outside.asked)
  assert.equal(before, ['account', 'set-stop'])
  propose(bench, gridSignal('ADAUSDT', { lastAt: outside.time }))
  outside.time += 30 * SECOND
  outside.hear({ type: 'price', at: 0, symbol: 'SOLUSDT', time: outside.time, last: 103.5, mark: 103.5 })
  outside.hear({ type: 'time', at: 0 })
  await settle()
  assert.equal(words(outside.asked).slice(2), ['persist-entry'], 'what comes after waits')
  gate.open()
  await driver.idle()
  assert.equal(words(outside.asked).slice(2), ['persist-entry', 'place-entry', 'account'])
})

test('every input bears the time at which it is taken, whatever it came with', async () => {
  const bench = started()
  bench.outside.time = MIDNIGHT + SECOND
  propose(bench, gridSignal())
  await bench.driver.idle()
  assert.is(bench.outside.events[0].ts, MIDNIGHT + SECOND)
})

test('an order that the exchange refuses outright is rejected, with its reason', async () => {
  const bench = started()
  const { outside } = bench
  outside.failures.set(
    'place-entry',
    new ExchangeError('not enough margin', { retryable: false, ambiguous: false }),
  )
  propose(bench, gridSignal())
  await bench.driver.idle()
  assert.equal(outside.kinds(), ['entered', 'rejected'])
  assert.is(outside.events[1].reason, 'not enough margin')
  assert.is(bench.engine.portfolio.pending.size, 0)
})

test('no clear answer is no verdict: the entry stays pending until the feed tells', async () => {
  const bench = started()
  const { outside } = bench
  outside.failures.set('place-entry', new ExchangeError('time-out', { retryable: true, ambiguous: true }))
  propose(bench, gridSignal())
  await bench.driver.idle()
  assert.equal(outside.kinds(), ['entered'])
  assert.is(bench.engine.portfolio.pending.size, 1)
  fill(bench, outside.orders[0])
  await bench.driver.idle()
  assert.is(bench.engine.portfolio.positions.size, 1)
})

test('a stop that fails is told to the engine whatever the failure, since asking again does no harm', async () => {
  for (const ambiguous of [true, false]) {
    const bench = started()
    const { outside, driver } = bench
    propose(bench, reversionSignal())
    await driver.idle()
    fill(bench, outside.orders[0])
    outside.failures.set('set-stop', new ExchangeError('HTTP 502', { retryable: true, ambiguous }))
    outside.time = MIDNIGHT + 8 * MINUTE
    outside.hear({ type: 'price', at: 0, symbol: 'SOLUSDT', time: outside.time, last: 103.5, mark: 103.5 })
    outside.alarm?.wake()
    await driver.idle()
    assert.is(outside.events.at(-1)?.kind, 'stop-failed')
    assert.is(outside.events.at(-1)?.reason, 'HTTP 502')
  }
})

test('a question that fails comes back as such, and the cycle goes on', async () => {
  const bench = started()
  const { outside, driver } = bench
  propose(bench, reversionSignal())
  await driver.idle()
  fill(bench, outside.orders[0])
  await driver.idle()
  outside.failures.set('account', new ExchangeError('HTTP 502', { retryable: true, ambiguous: false }))
  outside.time = MIDNIGHT + 30 * SECOND
  outside.alarm?.wake()
  await driver.idle()
  assert.is(outside.events.at(-1)?.kind, 'step-failed')
  assert.match(outside.events.at(-1)?.reason ?? '', /HTTP 502/)
})

test('the alarm is set to what the engine wants next, after every input', async () => {
  const bench = started()
  const { outside, driver, engine } = bench
  assert.is(outside.alarm?.at, engine.wakeAt)
  propose(bench, gridSignal())
  await driver.idle()
  assert.is(outside.alarm?.at, engine.wakeAt)
})

test('a broken invariant ends it: idle rejects, nothing is heard and nothing is sent any more', async () => {
  const bench = started()
  const { outside, driver, engine } = bench
  const gate = new Gate()
  outside.waits.set('persist-entry', gate.opened)
  propose(bench, gridSignal())
  await settle()
  const idle = driver.idle()
  outside.hear({ type: 'price', at: 0, symbol: 'NEWUSDT', time: 0, last: 1, mark: 1 })
  try {
    await idle
    assert.unreachable('idle has to reject')
  } catch (error) {
    assert.match(String(error), /broken invariant: NEWUSDT was never introduced/)
  }
  gate.open()
  await settle()
  assert.equal(words(outside.asked), ['persist-entry'])
  assert.equal(outside.kinds(), ['entered'], 'what was decided before is still told')
  const before = JSON.stringify(engine.save())
  propose(bench, gridSignal('ADAUSDT'))
  await settle()
  assert.is(JSON.stringify(engine.save()), before)
})

test('a journal that fails is a fault, not a silence', async () => {
  const bench = started()
  bench.outside.event = () => {
    throw new Error('the pipe is closed')
  }
  propose(bench, gridSignal())
  try {
    await bench.driver.idle()
    assert.unreachable('idle has to reject')
  } catch (error) {
    assert.match(String(error), /the pipe is closed/)
  }
})

test('a trade goes to the journal', async () => {
  const bench = started()
  const { outside, driver } = bench
  propose(bench, reversionSignal())
  await driver.idle()
  const [entry] = outside.orders
  fill(bench, entry)
  await driver.idle()
  const target = outside.orders[1]
  fill(bench, target)
  await driver.idle()
  assert.equal(
    outside.trades.map(trade => [trade.id, trade.exitReason]),
    [[reversionSignal().id, 'target']],
  )
})

test('without a store nothing is waited for', async () => {
  const outside = new Outside()
  const engine = new Engine(defaultSettings(), { wallet: 1_000 })
  const ports = { clock: outside, broker: outside, feed: outside, journal: outside, store: null }
  const driver = new LiveDriver(engine, ports)
  driver.start([
    { type: 'instrument', at: 0, instrument: instrument('SOLUSDT') },
    { type: 'price', at: 0, symbol: 'SOLUSDT', time: MIDNIGHT, last: 102, mark: 102 },
  ])
  outside.hear({ type: 'propose', at: 0, scored: [scoreSignal(gridSignal())] })
  await driver.idle()
  assert.equal(words(outside.asked), ['place-entry'])
})

test.run()
