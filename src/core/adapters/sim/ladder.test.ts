import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../../base/random.ts'
import { Engine } from '../../engine/engine.ts'
import type { Effect, EngineEvent, Input } from '../../engine/protocol.ts'
import type { Settings } from '../../engine/settings.ts'
import { priceOf } from '../../market/quantise.ts'
import { type Position, positionMargin } from '../../portfolio/position.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { DEFAULT_COSTS } from './exchange.ts'
import { type LadderDay, ladderMarket, ladderSettings } from './ladder.fixture.ts'
import { misbehave, ROUGH, type Run, runLive, said, simulate, throughJson, WALLET } from './market.fixture.ts'

const test = suite('ladder on the embedded exchange')
const SEED = 20_260_404
console.log(`seed ${SEED}`)

/** Entry, add 1, add 2, one quiet day, TP1, and back to breakeven. */
const THERE_AND_BACK: readonly LadderDay[] = [
  { low: 90, high: 95.5, close: 92 },
  { low: 85, high: 93, close: 87 },
  { low: 81, high: 88, close: 84 },
  { low: 83, high: 90, close: 88 },
  { low: 87, high: 97, close: 96 },
  { low: 85, high: 97, close: 86 },
]

const told = ({ events }: Run, ...kinds: readonly EngineEvent['kind'][]): readonly EngineEvent[] =>
  events.filter(event => kinds.includes(event.kind))

/** An engine that looks at its books after every input. */
class Watched extends Engine {
  /** The position as it was before the input that closed it. */
  readonly closed: { readonly position: Position; readonly trade: Trade }[] = []
  mostMargin = 0
  adds = 0

  override step(input: Input): readonly Effect[] {
    const before = [...this.portfolio.positions.values()]
    const effects = super.step(input)
    let margin = 0
    for (const position of this.portfolio.positions.values()) margin += positionMargin(position)
    for (const entry of this.portfolio.pending.values()) margin += entry.margin
    this.mostMargin = Math.max(this.mostMargin, margin)
    for (const effect of effects) {
      if (effect.type === 'event' && effect.event.kind === 'adding') this.adds++
      if (effect.type === 'trade' && before[0] !== undefined) {
        this.closed.push({ position: before[0], trade: effect.trade })
      }
    }
    return effects
  }
}

const watched = (settings: Settings): Watched => new Watched(settings, { wallet: WALLET, lacking: 'skip' })

test('grid entry, first add, second add, TP1, breakeven of the average, the rest closed there', () => {
  const run = simulate([ladderMarket(THERE_AND_BACK)], { settings: ladderSettings() })
  assert.equal(
    told(run, 'entered', 'adding', 'filled', 'reduced', 'stop-moved', 'exited').map(event => event.kind),
    ['entered', 'filled', 'adding', 'filled', 'adding', 'filled', 'reduced', 'stop-moved', 'exited'],
  )
  const filled = told(run, 'filled').map(({ figures }) => [figures.price, figures.qty, figures.stop])
  // 5 and 10 % under 93.32, under one stop 15 % under it.
  assert.equal(filled, [
    ['93.32', '0.243', '79.33'],
    ['88.65', '0.338', '79.33'],
    ['83.98', '0.714', '79.33'],
  ])
  const [trade] = run.trades
  const average = (93.32 * 0.243 + 88.65 * 0.338 + 83.98 * 0.714) / 1.295
  assert.ok(Math.abs(trade.entry - average) < 1e-9)
  assert.is(trade.qty, 1.295)
  // TP1 closes 40 % of all three: half of the way is done, two days have passed, BB% has come back.
  assert.equal(
    trade.exits.map(({ qty, reason }) => [qty, reason]),
    [
      [0.518, 'partial-target-1'],
      [0.777, 'breakeven-stop'],
    ],
  )
  const [moved] = told(run, 'stop-moved')
  assert.is(moved.figures.to, (Math.ceil(average * 1.00075 * 100) / 100).toFixed(2))
  assert.is(run.engine.portfolio.positions.size + run.engine.portfolio.pending.size, 0)
  // The wallet has moved by the trade, and by nothing else.
  assert.ok(Math.abs(run.engine.portfolio.wallet - WALLET - trade.net) < 1e-9)
})

test('entry, both adds and the stop within one plan lose its budget at most', () => {
  const days = [...THERE_AND_BACK.slice(0, 3), { low: 78, high: 85, close: 79 }]
  const engine = watched(ladderSettings())
  const run = simulate([ladderMarket(days)], { settings: ladderSettings() }, engine)
  const [trade] = run.trades
  assert.is(trade.exitReason, 'stop')
  assert.is(trade.qty, 1.295)
  // 10 USDT are 1 % of equity; slippage comes on top.
  const slipped = (79.33 - trade.exit) * trade.qty
  assert.ok(-trade.net <= 10 + slipped - trade.funding, `${trade.net}`)
  assert.ok(-trade.net > 9)
  assert.ok(engine.mostMargin <= 80)
})

test('a day that falls through level and stop at once counts against the add', () => {
  const days = [...THERE_AND_BACK.slice(0, 1), { low: 78, high: 93, close: 79 }]
  const { trades } = simulate([ladderMarket(days)], { settings: ladderSettings() })
  assert.is(trades[0].exitReason, 'stop')
  assert.is(trades[0].qty, 0.581)
})

test('with the ladder off, whatever its numbers are, nothing changes', () => {
  const market = ladderMarket(THERE_AND_BACK)
  const off = ladderSettings(false)
  const other = ladderSettings(false, { strategies: { 'dca-ladder': { firstMargin: 70, riskPercent: 9 } } })
  assert.is(said(simulate([market], { settings: other })), said(simulate([market], { settings: off })))
  assert.is.not(
    said(simulate([market], { settings: ladderSettings() })),
    said(simulate([market], { settings: off })),
  )
})

const paths = fc.array(
  fc.record({
    // A day moves by -9 to +7 %, and reaches up to 4 % beyond its open and close.
    move: fc.integer({ min: -90, max: 70 }),
    under: fc.integer({ min: 0, max: 40 }),
    over: fc.integer({ min: 0, max: 40 }),
  }),
  { minLength: 4, maxLength: 35 },
)

function daysOf(path: readonly { readonly move: number; readonly under: number; readonly over: number }[]) {
  const days: LadderDay[] = []
  let before = 95
  for (const { move, under, over } of path) {
    const close = before * (1 + move / 1_000)
    const [low, high] = [
      Math.min(before, close) * (1 - under / 1_000),
      Math.max(before, close) * (1 + over / 1_000),
    ]
    days.push({ low, high, close })
    before = close
  }
  return days
}

test('incident 37: on any path a ladder stays within its cap, and loses its budget at most at its stop', () => {
  const seen = { stopped: 0, laddered: 0 }
  const property = fc.property(paths, path => {
    const settings = ladderSettings()
    const engine = watched(settings)
    simulate([ladderMarket(daysOf(path))], { settings }, engine)
    assert.ok(engine.mostMargin <= 80 * (1 + 1e-9), `margin ${engine.mostMargin}`)
    for (const { position, trade } of engine.closed) {
      const { ladder, instrument, initialStop, exits } = position
      assert.ok(ladder !== undefined, 'every long of the grid has a plan')
      if (ladder === undefined || trade.exitReason !== 'stop' || exits.length > 0) continue
      seen.stopped++
      if (ladder.rungs.some(rung => rung.filled > 0)) seen.laddered++
      const stop = priceOf(instrument, initialStop)
      // Without gaps a stop fills at its price but for slippage: 2 basis points, 2 % of the day's range, a tick.
      const most = stop * DEFAULT_COSTS.slippage + 0.2 * stop * DEFAULT_COSTS.slippageOfRange + 0.01
      assert.ok(stop - trade.exit <= most + 1e-9, `slipped by ${stop - trade.exit}`)
      const loss = -trade.net + trade.funding - (stop - trade.exit) * trade.qty
      assert.ok(loss <= ladder.budget * (1 + 1e-9), `lost ${loss} of ${ladder.budget}`)
    }
  })
  fc.assert(property, { seed: SEED, numRuns: 150 })
  assert.ok(seen.laddered > 20, `${seen.laddered} of ${seen.stopped} stopped ladders had adds`)
})

test('both drivers say the same of ladders, with every cycle run or only those that are due', async () => {
  await fc.assert(
    fc.asyncProperty(paths, async path => {
      const markets = [ladderMarket(daysOf(path))]
      const options = { settings: ladderSettings() }
      const simulated = said(simulate(markets, options))
      assert.is(said(await runLive(markets, options)), simulated)
      assert.is(said(simulate(markets, { ...options, everyCycle: true })), simulated)
    }),
    { seed: SEED, numRuns: 12 },
  )
})

/** An engine that is saved and loaded before every input. */
class Mortal extends Engine {
  readonly #settings: Settings
  #now: Engine | null = null

  constructor(settings: Settings) {
    super(settings, { wallet: WALLET, lacking: 'skip' })
    this.#settings = settings
  }

  override step(input: Input): readonly Effect[] {
    const state = this.#now === null ? super.save() : this.#now.save()
    this.#now = Engine.load(this.#settings, { wallet: WALLET, lacking: 'skip' }, throughJson(state))
    return this.#now.step(input)
  }

  override get wakeAt(): number | null {
    return this.#now === null ? super.wakeAt : this.#now.wakeAt
  }
}

test('cut, saved and loaded before every single input, a ladder goes the same way', () => {
  const from = { settings: ladderSettings() }
  const market = ladderMarket(THERE_AND_BACK)
  const whole = simulate([market], from)
  const cut = simulate([market], from, new Mortal(ladderSettings()))
  assert.equal(cut.events, whole.events)
  assert.equal(cut.trades, whole.trades)
})

test(`requests refused, lost and answered late leave no ladder beyond its cap, and the books right (seed ${SEED})`, () => {
  let adds = 0
  const property = fc.property(paths, fc.integer({ min: 1, max: 1_000_000 }), (path, seed) => {
    const settings = ladderSettings()
    const engine = watched(settings)
    misbehave(engine, [ladderMarket(daysOf(path))], random(seed), ROUGH, { settings })
    assert.ok(engine.mostMargin <= 80 * (1 + 1e-9), `margin ${engine.mostMargin}`)
    for (const { position } of engine.closed) {
      for (const { filled, steps } of position.ladder?.rungs ?? []) assert.ok(filled <= steps)
    }
    adds += engine.adds
  })
  fc.assert(property, { seed: SEED, numRuns: 60 })
  assert.ok(adds > 20, `${adds} adds`)
})

test.run()
