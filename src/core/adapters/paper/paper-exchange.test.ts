import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { HOUR, MINUTE, type Milliseconds, SECOND, type Timestamp } from '../../base/units.ts'
import type { Input, OrderRequest } from '../../engine/protocol.ts'
import { regridded } from '../../portfolio/grid-change.ts'
import { instrument, SYMBOL, steps, ticks } from '../sim/exchange.fixture.ts'
import { type Bar, DEFAULT_COSTS, type SavedExchange, SimExchange } from '../sim/exchange.ts'
import { RunningClock } from '../system/running-clock.ts'
import { PaperExchange, type Past } from './paper-exchange.ts'

const test = suite('paper exchange')

const BEGIN = 20_000 * 24 * HOUR

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end

/** A market in the hand of the test, and the account on it, which can be started again. */
class Rig {
  now: Timestamp = BEGIN
  readonly heard: Input[] = []
  kept: SavedExchange | null = null
  /** What the exchange lists of what went by, or why it does not. */
  past: Past | ExchangeError = { bars: [], settlements: [] }
  readonly asked: (readonly [symbol: string, from: Timestamp])[] = []
  paper: PaperExchange
  checks = 0
  #tell: (input: Input) => void = () => {}
  #step: ((isOn: boolean) => void) | null = null
  #ended: ReturnType<PaperExchange['run']> | null = null

  constructor() {
    this.paper = this.#start()
  }

  #start(): PaperExchange {
    const exchange = new SimExchange({ costs: DEFAULT_COSTS, wallet: 1_000, checkMargin: true })
    if (this.kept !== null) exchange.load(JSON.parse(JSON.stringify(this.kept)))
    const paper = new PaperExchange({
      clock: new RunningClock({ now: () => this.now, sleep: () => new Promise(() => {}) }),
      exchange,
      feed: hear => {
        this.#tell = hear
        return { check: () => this.checks++, close: () => {} }
      },
      history: async () => [
        { type: 'instrument', at: 0, instrument },
        this.#price(100),
        { type: 'funding-rate', at: 0, symbol: SYMBOL, per8h: 0.0008, interval: HOUR, next: BEGIN + HOUR },
      ],
      past: async (symbol, from) => {
        this.asked.push([symbol, from])
        if (this.past instanceof ExchangeError) throw this.past
        return this.past
      },
      keep: saved => {
        this.kept = JSON.parse(JSON.stringify(saved))
      },
    })
    paper.listen(input => this.heard.push(input))
    return paper
  }

  static async open(): Promise<Rig> {
    const rig = new Rig()
    await rig.begin()
    return rig
  }

  async begin(): Promise<void> {
    await this.paper.history()
    this.#ended = this.paper.run(
      async () => {},
      () => new Promise(resolve => (this.#step = resolve)),
      null,
    )
    await settle()
  }

  /** The process ends, and another one goes on with what was kept. */
  async restart(away: Milliseconds = 0): Promise<void> {
    await this.end()
    this.now += away
    this.heard.length = 0
    this.paper = this.#start()
    await this.begin()
  }

  async end(): Promise<unknown> {
    this.#step?.(false)
    return this.#ended
  }

  #price(last: number, over: object = {}): Extract<Input, { type: 'price' }> {
    return { type: 'price', at: 0, symbol: SYMBOL, time: this.now, last, mark: last, ...over }
  }

  /** A second later the price is another one. */
  price(last: number, over: object = {}): void {
    this.now += SECOND
    this.#tell(this.#price(last, over))
  }

  tell(input: Input): void {
    this.#tell(input)
  }

  /** Time goes by without a price. */
  async quiet(span: Milliseconds): Promise<void> {
    this.now += span
    this.#step?.(true)
    await settle()
  }

  async place(over: Partial<OrderRequest> = {}): Promise<void> {
    await this.paper.place({
      clientOrderId: 'a',
      symbol: SYMBOL,
      side: 'long',
      purpose: 'entry',
      type: over.price === undefined || over.price === null ? 'market' : 'limit',
      price: null,
      steps: steps(1),
      stop: ticks(95),
      leverage: 3,
      postOnly: false,
      ...over,
    })
  }

  /** What was heard since the last call, prices apart. */
  words(): readonly string[] {
    return this.heard.splice(0).flatMap(input => {
      if (input.type === 'order') return [`${input.clientOrderId} ${input.status}`]
      if (input.type === 'fill') return [`${input.cause} ${input.price / 10}`]
      if (input.type === 'funding') return [`funding ${input.amount.toFixed(4)}`]
      return []
    })
  }
}

function bar(minute: number, low: number, high: number, over: Partial<Bar> = {}): Bar {
  const start = BEGIN + minute * MINUTE
  const middle = (low + high) / 2
  return {
    start,
    end: start + MINUTE,
    open: middle,
    high,
    low,
    close: middle,
    markOpen: middle,
    markHigh: high,
    markLow: low,
    markClose: middle,
    ...over,
  }
}

test('an order at the market takes the price that it finds, with slippage, and its stop fires at the mark', async () => {
  const rig = await Rig.open()
  rig.price(100)
  await rig.place()
  assert.equal(rig.words(), ['a accepted'])
  rig.price(101)
  assert.equal(rig.words(), ['order 100.1'], 'what it was sent at, and slippage')
  rig.price(94, { mark: 96 })
  assert.equal(rig.words(), [], 'the mark has not been there')
  rig.price(96, { mark: 94.9 })
  assert.equal(rig.words(), ['stop 93.9'])
  assert.is((await rig.paper.account()).positions.length, 0)
})

test('filters that change while something is held are those of the account, over a restart too', async () => {
  const rig = await Rig.open()
  rig.price(100)
  await rig.place()
  rig.price(101)
  const [before] = (await rig.paper.account()).positions
  rig.tell({ type: 'instrument', at: 0, instrument: regridded(instrument, '0.01', instrument.step) })
  const [finer] = (await rig.paper.account()).positions
  assert.equal([finer.stop, finer.steps], [10 * (before.stop ?? 0), before.steps])
  rig.price(101)
  await rig.restart()
  const [back] = (await rig.paper.account()).positions
  assert.is(back.stop, before.stop, 'what the market lists now counts')
})

test('a limit fills inside the range between two prices, and the price is told after its fill', async () => {
  const rig = await Rig.open()
  rig.price(100)
  await rig.place({ price: ticks(99) })
  rig.price(100)
  rig.words()
  rig.price(100, { low: 98.9, high: 100 })
  assert.equal(
    rig.heard.map(input => input.type),
    ['fill', 'price'],
  )
})

test('where the price stands still an order at the market is filled all the same', async () => {
  const rig = await Rig.open()
  await rig.place()
  await rig.quiet(SECOND)
  await rig.quiet(SECOND)
  assert.equal(rig.words(), ['a accepted', 'order 100.1'])
  assert.ok(rig.checks >= 3)
})

test('what is announced is paid once, by what is held at that moment', async () => {
  const rig = await Rig.open()
  await rig.place()
  await rig.quiet(SECOND)
  await rig.quiet(SECOND)
  rig.words()
  rig.now = BEGIN + HOUR - SECOND
  rig.tell({ type: 'price', at: 0, symbol: SYMBOL, time: rig.now, last: 100, mark: 100 })
  await settle()
  rig.now += SECOND
  rig.tell({
    type: 'funding-rate',
    at: 0,
    symbol: SYMBOL,
    per8h: 0.0016,
    interval: HOUR,
    next: BEGIN + 2 * HOUR,
  })
  rig.price(100)
  rig.price(100)
  assert.equal(rig.words(), ['funding -0.0100'])
})

test('the account is kept before anything of it is told', async () => {
  const rig = await Rig.open()
  let kept: unknown = null
  rig.paper.listen(input => {
    if (input.type === 'order') kept = rig.kept?.books[0]?.orders.length
  })
  await rig.place({ price: ticks(90), stop: ticks(80) })
  assert.is(kept, 1)
})

test('a stop that was reached while nobody looked was reached, and the engine finds the execution', async () => {
  const rig = await Rig.open()
  rig.price(100)
  await rig.place()
  rig.price(100)
  rig.price(100)
  const since = rig.now
  rig.past = { bars: [bar(0, 99, 101), bar(1, 94, 100), bar(2, 100, 120)], settlements: [] }
  await rig.restart(10 * MINUTE)
  assert.equal(rig.asked, [[SYMBOL, BEGIN]])
  const { positions, wallet } = await rig.paper.account()
  assert.is(positions.length, 0)
  assert.ok(wallet !== null && wallet < 1_000 - 5)
  const found = await rig.paper.executions(since)
  assert.equal(
    found.map(one => one.type === 'fill' && [one.cause, one.time]),
    [['stop', BEGIN + 2 * MINUTE]],
  )
  assert.equal(await rig.paper.lookUp(SYMBOL, 'a'), {
    clientOrderId: 'a',
    state: 'filled',
    filled: steps(1),
    reason: '',
  })
})

test('settlements that went by unseen are paid, and those that were announced are not paid beside them', async () => {
  const rig = await Rig.open()
  await rig.place()
  await rig.quiet(SECOND)
  await rig.quiet(SECOND)
  rig.words()
  const paid = { time: BEGIN + HOUR, rate: 0.0002, isAssumed: false }
  rig.past = { bars: [bar(59, 100, 100), bar(60, 100, 100)], settlements: [paid] }
  rig.now = BEGIN + HOUR + 2 * MINUTE
  rig.tell({
    type: 'funding-rate',
    at: 0,
    symbol: SYMBOL,
    per8h: 0.0016,
    interval: HOUR,
    next: BEGIN + 2 * HOUR,
  })
  rig.price(100)
  await settle()
  rig.price(100)
  assert.equal(rig.words(), ['funding -0.0200'])
})

test('after the feed was away the minutes that it missed are matched; without them what was heard has to do', async () => {
  for (const isThere of [true, false]) {
    const rig = await Rig.open()
    rig.price(100)
    await rig.place()
    rig.price(100)
    rig.price(100)
    rig.words()
    rig.past = isThere
      ? { bars: [bar(0, 99, 101), bar(1, 94, 100)], settlements: [] }
      : new ExchangeError('away', { retryable: true, ambiguous: false })
    rig.now += 3 * MINUTE
    rig.price(100)
    await settle()
    assert.equal(rig.words(), isThere ? ['stop 94.8'] : [])
  }
})

test('it ends where it is told to, and when its time is up', async () => {
  const rig = await Rig.open()
  assert.is(await rig.end(), 'stopped')
  const how = rig.paper.run(
    async () => {},
    async () => true,
    rig.now,
  )
  assert.is(await how, 'until')
})

test.run()
