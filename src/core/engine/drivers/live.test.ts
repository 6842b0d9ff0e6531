import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError, StoreError } from '../../base/errors.ts'
import { DAY, MINUTE, SECOND, type Timestamp } from '../../base/units.ts'
import { MIDNIGHT, steps } from '../../decision/view.fixture.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { gridSignal, instrument, reversionSignal } from '../desk.fixture.ts'
import { Engine } from '../engine.ts'
import { scoreSignal } from '../pipeline.ts'
import type { Batch, BrokerPort, ClockPort, FeedPort, JournalPort, StorePort } from '../ports.ts'
import type { Account, EngineEvent, Execution, Input, OrderReport, OrderRequest } from '../protocol.ts'
import { defaultSettings } from '../settings.ts'
import { LiveDriver } from './live.ts'

const test = suite('live driver')

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
  readonly batches: Batch[] = []
  /** Keys of intents that the store has already. */
  readonly there = new Set<string>()
  commit(batch: Batch): readonly string[] {
    for (const { key, order } of batch.intents) this.asked.push(`persist-${order.purpose} ${key}`)
    const failure = this.failures.get('commit')
    if (failure !== undefined) throw failure
    this.batches.push(batch)
    return batch.intents.map(intent => intent.key).filter(key => this.there.has(key))
  }
  async lookUp(_symbol: string, clientOrderId: string): Promise<OrderReport> {
    await this.#ask('look-up', clientOrderId)
    return this.reports.get(clientOrderId) ?? { clientOrderId, state: 'absent', filled: steps(0), reason: '' }
  }
  readonly reports = new Map<string, OrderReport>()
  async executions(): Promise<readonly Execution[]> {
    await this.#ask('executions', '')
    return []
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
  /** Confirmed at once, unless it is said otherwise. */
  async setLeverage(requestId: string, symbol: string, leverage: number): Promise<void> {
    if (this.failures.has('set-leverage')) await this.#ask('set-leverage', symbol)
    this.confirm = () => this.hear({ type: 'leverage', at: 0, requestId, leverage, reason: '' })
    if (this.confirmsLeverage) this.confirm()
  }
  confirmsLeverage = true
  confirm: () => void = () => {}
  async leverage(symbol: string): Promise<number> {
    await this.#ask('leverage', symbol)
    return this.leverages.get(symbol) ?? 10
  }
  readonly leverages = new Map<string, number>()
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
  const engine = new Engine(defaultSettings(), { wallet: 1_000, lacking: 'skip' })
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

test('an order leaves only once its intent is written, in the batch of its step', async () => {
  const bench = started()
  const { outside, driver } = bench
  propose(bench, gridSignal())
  assert.equal(words(outside.asked), ['persist-entry', 'place-entry'])
  await driver.idle()
  const [persisted, sent] = outside.asked.map(one => one.split(' ')[1])
  assert.is(persisted, sent)
  const [batch] = outside.batches
  assert.is(batch.isAhead, true)
  assert.equal(
    batch.intents.map(intent => intent.signalId),
    [gridSignal().id],
  )
  assert.equal(
    batch.rows.map(row => row.table),
    ['orders', 'kv', 'kv'],
  )
  assert.equal(
    batch.events.map(event => event.kind),
    ['entered'],
  )
  assert.equal(
    batch.verdicts.map(one => one.verdict),
    ['entered'],
  )
})

test('a step writes the rows it has changed and no others', async () => {
  const bench = started()
  const { outside, driver } = bench
  propose(bench, gridSignal(), gridSignal('ADAUSDT'))
  await driver.idle()
  const [first, second] = outside.orders
  fill(bench, first)
  await driver.idle()
  const keys = (outside.batches.at(-1)?.rows ?? []).map(row => row.key)
  assert.ok(keys.includes(`${first.symbol}:long`), keys.join())
  assert.ok(keys.includes(first.clientOrderId), 'its row is removed')
  assert.not.ok(keys.includes(second.clientOrderId), keys.join())
})

test('a store that refuses drops the entry, and the engine adds nothing until it writes again', async () => {
  const bench = started()
  const { outside, driver, engine } = bench
  outside.failures.set('commit', new StoreError('the disk is full', { retryable: false, trouble: 'full' }))
  propose(bench, gridSignal())
  await driver.idle()
  assert.equal(outside.orders, [])
  assert.equal(outside.kinds(), ['entered', 'refused', 'store'])
  assert.is(outside.events[1].reason, 'store: the disk is full')
  assert.is(outside.events[2].code, 'C805')
  assert.is(engine.portfolio.pending.size, 0)
  propose(bench, gridSignal('ADAUSDT'))
  await driver.idle()
  assert.match(outside.events.at(-1)?.reason ?? '', /^readiness: the state cannot be saved: the disk is full/)

  outside.failures.delete('commit')
  outside.time += 30 * SECOND
  outside.hear({ type: 'time', at: 0 })
  assert.is(outside.events.at(-1)?.reason, 'the state is saved again')
  const written = outside.batches.flatMap(batch => batch.events.map(event => event.kind))
  assert.equal(written.slice(0, 3), ['entered', 'refused', 'store'], 'what could not be written is kept')
  propose(bench, reversionSignal('ADAUSDT'))
  await driver.idle()
  assert.is(outside.orders.length, 1)
})

test('an entry written down before does not leave while the state cannot be saved', async () => {
  const bench = started()
  const { outside, driver, engine } = bench
  outside.confirmsLeverage = false
  propose(bench, gridSignal())
  await driver.idle()
  assert.is(outside.batches.at(-1)?.intents.length, 1)
  outside.failures.set('commit', new StoreError('the disk is full', { retryable: false, trouble: 'full' }))
  outside.confirm()
  await driver.idle()
  assert.equal(outside.orders, [])
  assert.is(engine.portfolio.pending.size, 0)
})

test('a leverage that is refused or of which nobody answers is told as such', async () => {
  const bench = started()
  const { outside, driver, engine } = bench
  outside.failures.set('set-leverage', new ExchangeError('no', { retryable: false, ambiguous: false }))
  propose(bench, gridSignal())
  await driver.idle()
  assert.is(outside.events.at(-1)?.reason, 'leverage: no')
  assert.is(engine.portfolio.pending.size, 0)
  outside.failures.set('set-leverage', new ExchangeError('?', { retryable: true, ambiguous: true }))
  outside.leverages.set('ADAUSDT', 3)
  propose(bench, gridSignal('ADAUSDT'))
  await driver.idle()
  assert.is(outside.orders.length, 1, 'the look-up has found it in force')
})

test('an intent whose row is there already is not sent', async () => {
  const bench = started()
  const { outside, driver, engine } = bench
  propose(bench, gridSignal())
  await driver.idle()
  const [{ clientOrderId }] = outside.orders
  const other = started()
  other.outside.there.add(clientOrderId)
  propose(other, gridSignal())
  await other.driver.idle()
  assert.equal(other.outside.orders, [])
  assert.equal(other.outside.kinds(), ['entered', 'refused'])
  assert.is(other.outside.events[1].code, 'I113')
  assert.is(other.engine.portfolio.pending.size, 0)
  assert.is(engine.portfolio.pending.size, 1)
})

test('a store that refuses never holds back an order that reduces', async () => {
  const bench = started()
  const { outside } = bench
  propose(bench, gridSignal())
  await bench.driver.idle()
  outside.failures.set('commit', new StoreError('the disk is full', { retryable: false, trouble: 'full' }))
  fill(bench, outside.orders[0])
  await bench.driver.idle()
  assert.equal(words(outside.asked).slice(2, 6), ['persist-exit', 'persist-exit', 'place-exit', 'place-exit'])
  outside.failures.delete('commit')
  assert.is(bench.driver.flush(), true)
  const late = outside.batches.at(-1)
  assert.is(late?.intents.length, 2, 'they are written down when that is possible again')
})

test('a lease that is lost ends it before anything leaves', async () => {
  const bench = started()
  const { outside, driver } = bench
  outside.failures.set('commit', new StoreError('taken over', { retryable: false, trouble: 'lease-lost' }))
  propose(bench, gridSignal())
  try {
    await driver.idle()
    assert.unreachable('idle has to reject')
  } catch (error) {
    assert.instance(error, StoreError)
  }
  assert.equal(outside.orders, [])
  assert.equal(outside.events, [])
  outside.failures.delete('commit')
  propose(bench, gridSignal('ADAUSDT'))
  assert.equal(outside.orders, [], 'nothing is sent any more')
  assert.is(driver.flush(), true)
  assert.equal(outside.batches, [], 'and nothing is written')
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

test('no clear answer is no verdict: the order is looked up, and found or not', async () => {
  for (const isThere of [true, false]) {
    const bench = started()
    const { outside, driver } = bench
    outside.failures.set('place-entry', new ExchangeError('time-out', { retryable: true, ambiguous: true }))
    propose(bench, gridSignal())
    await driver.idle()
    assert.equal(outside.kinds(), ['entered', 'unknown'])
    assert.is(outside.events[1].code, 'E105')
    assert.is(bench.engine.portfolio.pending.size, 1)
    const [{ clientOrderId }] = outside.orders
    if (isThere) {
      outside.reports.set(clientOrderId, { clientOrderId, state: 'resting', filled: steps(0), reason: '' })
    }
    outside.failures.clear()
    outside.alarm?.wake()
    await driver.idle()
    const asked = words(outside.asked).filter(word => word === 'look-up')
    assert.is(asked.length, 1)
    assert.is(outside.kinds().includes('looked-up'), isThere)
    assert.is(bench.engine.portfolio.pending.size, 1, 'absence proves nothing while it may still land')
  }
})

test('what has not come to be looked at is told apart from what was refused', async () => {
  const told = async (fault: ConstructorParameters<typeof ExchangeError>[1]): Promise<string | undefined> => {
    const bench = started()
    bench.outside.failures.set('place-entry', new ExchangeError('no', fault))
    const heard: Input[] = []
    const { engine } = bench
    const step = engine.step.bind(engine)
    engine.step = input => {
      heard.push(input)
      return step(input)
    }
    propose(bench, gridSignal())
    await bench.driver.idle()
    const [answer] = heard.flatMap(input => (input.type === 'order' ? [input] : []))
    return `${answer.status} ${answer.why}`
  }
  const passing = { retryable: true, ambiguous: false } as const
  assert.is(await told({ ...passing, why: 'network' }), 'rejected unsent')
  assert.is(
    await told({ ...passing, why: 'unreadable' }),
    'rejected unsent',
    'of the time that was asked before',
  )
  assert.is(await told({ ...passing, why: 'rate' }), 'rejected rate')
  assert.is(await told({ ...passing, ambiguous: true, why: 'network' }), 'unknown undefined')
  assert.is(await told({ ...passing, retryable: false, why: 'other' }), 'rejected undefined')
})

test('an answer that cannot be read is told as such', async () => {
  const bench = started()
  bench.outside.failures.set(
    'place-entry',
    new ExchangeError('HTML 502', { retryable: true, ambiguous: true, why: 'unreadable' }),
  )
  propose(bench, gridSignal())
  await bench.driver.idle()
  assert.is(bench.outside.events[1].code, 'E106')
})

test('a stop request that fails is told, and one without a clear answer is read back', async () => {
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
    assert.is(outside.kinds().includes('stop-failed'), !ambiguous)
    if (ambiguous) assert.is(outside.alarm?.at, outside.time, 'the account is read at once')
    else assert.is(outside.events.at(-1)?.reason, 'HTTP 502')
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
  const [failed, unreadable] = outside.events.slice(-2)
  assert.is(failed.kind, 'step-failed')
  assert.match(failed.reason, /HTTP 502/)
  assert.is(unreadable.code, 'W308')
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
  propose(bench, gridSignal())
  const idle = driver.idle()
  outside.hear({ type: 'price', at: 0, symbol: 'NEWUSDT', time: 0, last: 1, mark: 1 })
  try {
    await idle
    assert.unreachable('idle has to reject')
  } catch (error) {
    assert.match(String(error), /broken invariant: NEWUSDT was never introduced/)
  }
  await settle()
  assert.equal(words(outside.asked), ['persist-entry', 'place-entry'])
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
  const engine = new Engine(defaultSettings(), { wallet: 1_000, lacking: 'skip' })
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
