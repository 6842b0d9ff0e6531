import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCandles } from '../adapters/csv/candles.ts'
import { openFile } from '../adapters/csv/source.ts'
import { DEFAULT_COSTS } from '../adapters/sim/exchange.ts'
import { Venue } from '../adapters/sim/venue.ts'
import { DAY } from '../base/units.ts'
import { instrumentFrom } from '../market/instruments.ts'
import type { Trade } from '../portfolio/trade.ts'
import { runSimulated } from './drivers/simulated.ts'
import { Engine } from './engine.ts'
import { scoreSignal } from './pipeline.ts'
import type { EngineEvent, Input } from './protocol.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('hand-worked trade')
const folder = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'hand-worked')

/** The page's table: name and value of each line. */
const worked = new Map(
  [...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/^\| ([^|]+?) \| (-?[\d.]+) \|/gm)].map(
    ([, name, value]) => [name, Number(value)],
  ),
)
const checked = new Set<string>()

/** Holds a figure of the engine to the page, to a millionth. */
function is(name: string, actual: unknown): void {
  const expected = worked.get(name)
  assert.ok(expected !== undefined, `the page says what ${name} is`)
  checked.add(name)
  const value = Number(actual)
  assert.ok(Math.abs(value - expected) < 1e-6, `${name} is ${value}, by hand ${expected}`)
}

const instrument = instrumentFrom({
  symbol: 'BTCUSDT',
  baseCoin: 'BTC',
  quoteCoin: 'USDT',
  tick: '0.1',
  step: '0.001',
  minQty: '0.001',
  maxQty: null,
  minPrice: null,
  maxLeverage: '100',
  date: '2025-01-01',
})

function settings(): Settings {
  const standard = defaultSettings()
  const only = (id: string) => ({ ...standard.strategies[id], enabled: false })
  return {
    ...standard,
    strategies: {
      ...standard.strategies,
      'mean-reversion': only('mean-reversion'),
      'bollinger-grid-short': only('bollinger-grid-short'),
    },
    guards: { ...standard.guards, confluence: { least: 1 } },
  }
}

test('the engine reproduces every line of the trade that was worked out by hand', async () => {
  const { candles } = await readCandles(openFile(join(folder, 'BTCUSDT.csv')), { symbol: 'BTCUSDT' })
  const from = candles.start[19] + DAY
  const market = { instrument, candles: new Map([['1d' as const, candles]]), mark: new Map(), funding: null }
  const options = { from, to: null, costs: DEFAULT_COSTS, wallet: 1000, checkMargin: true, detail: true }
  const venue = new Venue([market], options)
  const engine = new Engine(settings(), { wallet: 1000 })
  const events: EngineEvent[] = []
  const trades: Trade[] = []
  const funding: Extract<Input, { readonly type: 'funding' }>[] = []
  const step = engine.step.bind(engine)
  engine.step = input => {
    if (input.type === 'funding') funding.push(input)
    return step(input)
  }

  // The signal, as the scan of that moment finds it.
  const look = new Engine(settings(), { wallet: 1000 })
  for (const input of new Venue([market], options).history()) look.step(input)
  const [signal] = look.look()
  is('middle', signal.middle)
  is('deviation', (signal.upper - signal.middle) / 2)
  is('lower', signal.lower)
  is('upper', signal.upper)
  is('BB%', signal.bbPercent)
  is('band width %', signal.width)
  is('RSI 14', signal.rsi)
  const { score } = scoreSignal(signal)
  const weights = {
    tier: 1,
    bbPercent: 3,
    turnover: 2,
    streak: 2,
    weekMonth: 1,
    funding: 1,
    width: 1,
    bounce: 1,
    rsi: 1,
  }
  let sum = 0
  for (const [part, weight] of Object.entries(weights)) {
    const points = score.parts[part as keyof typeof weights]
    is(`points ${part}`, points)
    sum += weight * points
  }
  is('weighted sum', sum)
  is('score', score.value)

  runSimulated(engine, venue, { event: event => events.push(event), trade: trade => trades.push(trade) })
  const all = (kind: string): EngineEvent[] => events.filter(event => event.kind === kind)
  const [entered] = all('entered')
  is('limit', entered.figures.price)
  is('stop', entered.figures.stop)
  is('quantity', entered.figures.qty)
  assert.match(
    String(entered.figures.sizing),
    new RegExp(`margin ${worked.get('wanted margin')?.toFixed(2)} USDT`),
  )
  checked.add('wanted margin')
  assert.ok(Number(entered.figures.qty) < (worked.get('quantity the risk allows') ?? 0))
  checked.add('quantity the risk allows')
  const [filled] = all('filled')
  is('limit', filled.figures.price)
  is('entry fee', filled.figures.fee)
  const targets = all('targets').map(event => event.figures)
  is('TP2 price at first', targets.find(figures => figures.leg === 'target-2')?.price)

  const [first, second] = all('reduced').map(event => event.figures)
  is('TP1 price', first.price)
  is('TP1 quantity', first.qty)
  is('TP1 fee', first.fee)
  is('TP2 price', second.price)
  is('TP2 quantity', second.qty)
  is('TP2 fee', second.fee)
  const [even, trailed] = all('stop-moved')
  is('breakeven stop', even.figures.to)
  is('trailing stop', trailed.figures.to)
  assert.match(trailed.reason, new RegExp(`move ${worked.get('move %')?.toFixed(2)} %`))
  checked.add('move %')
  const [exited] = all('exited')
  is('exit price', exited.figures.price)
  is('exit quantity', exited.figures.qty)
  is('exit fee', exited.figures.fee)

  assert.is(trades.length, 1)
  const [trade] = trades
  assert.equal(
    trade.exits.map(exit => exit.reason),
    ['partial-target-1', 'partial-target-2', 'trailing-stop'],
  )
  trade.exits.forEach((exit, i) => {
    is(['TP1 gross', 'TP2 gross', 'exit gross'][i], exit.qty * (exit.price - trade.entry))
  })
  for (const day of [21, 22, 23, 24]) {
    const begins = candles.start[day - 1]
    const ofDay = funding.filter(one => one.time > begins && one.time <= begins + DAY)
    assert.is(ofDay.length, 3)
    is(
      `funding day ${day}`,
      ofDay.reduce((total, one) => total + one.amount, 0),
    )
  }
  is('gross', trade.gross)
  is('fees', trade.fees)
  is('funding', trade.funding)
  is('net', trade.net)
  is('net %', trade.netPercent)
  is('MAE %', trade.mae)
  is('MFE %', trade.mfe)
  is('wallet', engine.portfolio.wallet)
  assert.equal([trade.openedAt, trade.closedAt], [candles.start[20], candles.start[23] + DAY])
  assert.equal(
    [...worked.keys()].filter(name => !checked.has(name)),
    [],
    'every line of the page is held to',
  )
})

test.run()
