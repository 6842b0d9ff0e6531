import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Replaced } from '../core/adapters/sim/venue.ts'
import { DAY } from '../core/base/units.ts'
import { instrumentOf } from '../core/decision/view.fixture.ts'
import { testTrade } from '../core/performance/trades.fixture.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import { configHash, defaultConfig } from './config.ts'
import { figure, groupCells, percentage, type Report, reportOf, reportText, summaryRecord } from './report.ts'
import { isCoarse, type Simulation } from './simulate.ts'

const test = suite('report')
const FROM = Date.UTC(2024, 0, 1)
const MARKET = { markets: [], name: 'made up', hash: '0123456789abcdef', warnings: [], listed: [] }
const NOTHING: Replaced = {
  fundingAssumed: 0,
  fundingRecorded: 10,
  bars: new Map(),
  inferredFilters: [],
  withoutMinutes15: [],
  untold: new Map(),
  withoutMark: [],
}

function simulation(trades: readonly Trade[], change: Partial<Simulation> = {}): Simulation {
  const net = trades.reduce((sum, trade) => sum + trade.net, 0)
  return {
    trades,
    equity: [
      { time: FROM, equity: 1000 },
      { time: FROM + 10 * DAY, equity: 1000 + net },
    ],
    period: { from: FROM, to: FROM + 10 * DAY },
    wallet: 1000 + net,
    counts: {},
    replaced: NOTHING,
    halted: false,
    haltedBy: null,
    held: { trades: 0, net: 0 },
    ...change,
  }
}

function report(trades: readonly Trade[], change: Partial<Simulation> = {}): Report {
  return reportOf(simulation(trades, change), MARKET, defaultConfig(), '1.2.3')
}

const WIN = testTrade({
  net: 12,
  netPercent: 12,
  gross: 12.5,
  fees: 0.5,
  openedAt: FROM,
  closedAt: FROM + DAY,
})
const LOSS = testTrade({
  symbol: 'ETHUSDT',
  strategy: 'other',
  side: 'short',
  net: -4,
  netPercent: -4,
  openedAt: FROM + 400 * DAY,
  closedAt: FROM + 401 * DAY,
})
const OPEN = testTrade({ net: 99, exitReason: 'end-of-data', closedAt: FROM + 10 * DAY })

test('figures have a dash where there is none and no minus before a zero', () => {
  assert.equal(
    [figure(null, 2), figure(-0.001, 2), figure(0, 1), figure(-1.005, 1), figure(-0.4, 0)],
    ['-', '0.00', '0.0', '-1.0', '0'],
  )
  assert.equal([percentage(null, 1), percentage(0.1234, 1), percentage(-0.00001, 2)], ['-', '12.3', '0.00'])
})

test('every trade is counted once in each grouping, positions still open apart', () => {
  const { summary, groups } = report([WIN, LOSS, WIN, OPEN])
  assert.equal([summary.trades, summary.net, summary.open], [3, 20, { trades: 1, net: 99 }])
  assert.equal(
    groups.strategy.map(one => [one.name, one.summary.trades]),
    [
      ['grid', 2],
      ['other', 1],
    ],
  )
  for (const by of ['strategy', 'side', 'year', 'symbol'] as const) {
    const counted = groups[by].reduce((sum, one) => sum + one.summary.trades, 0)
    assert.is(counted, 3, by)
  }
  assert.equal(groups.year.map(one => one.name).sort(), ['2024', '2025'])
})

test('the record has the figures and whatever they were made of', () => {
  const record = summaryRecord(report([WIN, LOSS], { counts: { b: 1, a: 2 }, halted: true }))
  const { v, type, id, ts, version, dataHash, configHash: hash, seed, from, to, halted, finalWallet } = record
  assert.equal(
    { v, type, id, ts, version, dataHash, hash, seed, from, to, halted, finalWallet },
    {
      v: 1,
      type: 'summary',
      id: `0123456789abcdef-${configHash(defaultConfig())}`,
      ts: FROM + 10 * DAY,
      version: '1.2.3',
      dataHash: '0123456789abcdef',
      hash: configHash(defaultConfig()),
      seed: 42,
      from: FROM,
      to: FROM + 10 * DAY,
      halted: true,
      finalWallet: 1008,
    },
  )
  assert.is(JSON.stringify(record.counts), '{"a":2,"b":1}')
  assert.equal(Object.keys(JSON.parse(JSON.stringify(record))), Object.keys(record))
})

test('no figure is missing or infinite, be there no trade, no loss, no win or nothing left', () => {
  const lost = testTrade({ net: -1000, netPercent: -100, closedAt: FROM + DAY })
  for (const trades of [[], [WIN], [WIN, WIN], [LOSS], [LOSS, LOSS], [lost], [OPEN], [testTrade({})]]) {
    for (const equity of [
      undefined,
      [{ time: FROM, equity: 0 }],
      [
        { time: FROM, equity: -5 },
        { time: FROM + DAY, equity: -5 },
      ],
    ]) {
      const one = report(trades, equity === undefined ? {} : { equity })
      const text = reportText(one)
      assert.not.match(text, /NaN|Infinity|undefined|null/)
      const record = summaryRecord(one)
      for (const [name, value] of Object.entries(record)) {
        assert.ok(typeof value !== 'number' || Number.isFinite(value), `${name} is ${value}`)
      }
    }
  }
})

test('the text says its units, aligns its figures and counts refusals by gate', () => {
  const text = reportText(
    report([WIN, LOSS, OPEN], { counts: { 'refused:drawdown': 3, 'refused:universe': 30, decisions: 9 } }),
  )
  const value = (label: string): string | undefined =>
    text
      .split('\n')
      .find(line => line.startsWith(`${label}  `))
      ?.slice(label.length)
      .trim()
  assert.is(value('period'), '2024-01-01 to 2024-01-11, UTC')
  assert.is(value('trades'), '2 closed')
  assert.is(value('open at the end'), '1 (99.00 USDT)')
  assert.is(value('win rate %'), '50.0')
  assert.is(value('average, best, worst %'), '4.00, 12.00, -4.00')
  assert.is(value('net, fees, funding USDT'), '8.00, 0.50, 0.00')
  assert.is(value('profit factor'), '3.00')
  assert.match(text, /\nstrategy +trades +win rate % +average % .* net USDT +fees USDT +funding USDT\n/)
  assert.match(text, /\nentries refused by +times\nuniverse +30\ndrawdown +3\n/)
  assert.is(
    text.split('\n').find(line => line.startsWith('grid '))?.length,
    text.split('\n').find(line => line.startsWith('other '))?.length,
  )
})

test('a group without trades has dashes', () => {
  const { summary } = report([])
  assert.equal(groupCells('none', summary), [
    'none',
    '0',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '0.00',
    '0.00',
    '0.00',
  ])
})

test('each signal for itself has no equity to be judged', () => {
  const alone = reportOf(simulation([WIN]), MARKET, { ...defaultConfig(), portfolioGates: false }, '1.2.3')
  assert.equal([alone.summary.sharpe, alone.summary.maxDrawdown], [null, null])
  assert.not.match(reportText(alone), /Sharpe|drawdown/)
  assert.match(reportText(report([WIN])), /Sharpe/)
})

test('a real market has no data to be named by, and nobody counts its symbols', () => {
  const real = reportOf(simulation([WIN]), { name: 'demo account', hash: null }, defaultConfig(), '1.2.3')
  const { dataHash, symbols, id } = summaryRecord(real)
  assert.equal([dataHash, symbols], [null, null])
  assert.match(String(id), /^market-[0-9a-f]+$/)
  const text = reportText(real)
  assert.match(text, /market +demo account, 1 traded/)
  assert.match(text, /hashes +configuration [0-9a-f]+, version 1\.2\.3/)
})

test('a strategy that had no candles to decide on is named, and its positions are not said to be managed on days', () => {
  const markets = [{ instrument: instrumentOf(), candles: new Map(), mark: new Map(), funding: null }]
  const notes = (strategy: string, untold: readonly string[], config = defaultConfig()): string => {
    const replaced = {
      ...NOTHING,
      bars: new Map([['1d', 20]] as const),
      untold: new Map([['5m', untold]] as const),
    }
    const made = simulation([testTrade({ leverage: 10, strategy })], { replaced })
    return reportOf(made, { ...MARKET, markets }, config, '1.2.3').notes.join('\n')
  }
  assert.match(
    notes('mean-reversion', ['A']),
    'bb-scalping did not trade: no orders are matched on candles of 5m or shorter',
  )
  assert.match(notes('mean-reversion', []), 'longer than an hour')
  assert.not.match(notes('bb-scalping', []), /longer than an hour|for want of|did not trade/)
  // One that is switched off is not missed.
  const { strategies } = defaultConfig()
  const off = { ...strategies, 'bb-scalping': { ...strategies['bb-scalping'], enabled: false } }
  const without = notes('mean-reversion', ['A'], { ...defaultConfig(), strategies: off })
  assert.not.match(without, /did not trade/)
})

test('what is held at the end of a run is open, and a halt is told with whoever gave it', () => {
  const held = { trades: 2, net: -3.5 }
  const alone = report([WIN], { held })
  assert.equal(alone.summary.open, held)
  assert.match(reportText(alone), /open at the end +2 \(-3\.50 USDT\)/)
  const { open } = report([WIN, testTrade({ exitReason: 'end-of-data' })]).summary
  const both = report([WIN, testTrade({ exitReason: 'end-of-data' })], { held }).summary.open
  assert.equal(both, { trades: open.trades + 2, net: open.net - 3.5 })
  const { notes } = report([WIN], { halted: true, haltedBy: 'cli: a fire' })
  assert.ok(notes.includes('all entries are halted by cli: a fire'))
  assert.not.match(notes.join('\n'), /drawdown/)
})

test('what the data lacked and what stood for it is said, and nothing that did not happen', () => {
  const plain = report([WIN]).notes.join('\n')
  assert.not.match(plain, /halted|adds dropped|exchanges|15-minute|assumed|mark price|read off|leverage 10/)
  const poor = report([testTrade({ leverage: 10, strategy: 'mean-reversion' })], {
    halted: true,
    counts: {
      'missing:atr15m': 4,
      'missing:funding-rate': 2,
      'planned:ladder': 5,
      'dropped:add': 3,
      rotations: 5,
      rotated: 4,
      'skipped:funding-window': 3,
    },
    replaced: {
      fundingAssumed: 3,
      fundingRecorded: 7,
      bars: new Map([['1d', 20]]),
      inferredFilters: ['A'],
      withoutMinutes15: ['A'],
      withoutMark: ['A', 'B'],
      untold: new Map([['5m', ['A']]]),
    },
  }).notes.join('\n')
  for (const words of [
    'a drawdown halted all entries',
    "4 entries sized by the strategy's own stop",
    '3 adds dropped from 5 planned ladders',
    '2 entries scored with funding of 0.01 %',
    '5 exchanges of positions for others that receive funding begun, 4 carried through',
    '3 of these begun at the very moment of a settlement',
    '3 of 10 funding settlements assumed at 0.01 % per 8 h',
    'mark price taken to be the last price on 2 of',
    'ticks and steps read off the prices on 1 of',
    'bb-scalping decided nothing on 1 of 0 symbols, for want of candles of 5m or shorter to match orders on',
    'positions at leverage 10 were managed on candles longer than an hour',
    'matched on 20 candles of 1d',
  ]) {
    assert.match(poor, words)
  }
})

test('candles are coarse where any longer than an hour were matched on', () => {
  const on = (...bars: readonly (readonly ['1d' | '1h' | '4h', number])[]): boolean =>
    isCoarse({ ...NOTHING, bars: new Map(bars) })
  assert.equal(
    [on(), on(['1h', 5]), on(['1h', 5], ['1d', 0]), on(['4h', 1]), on(['1h', 5], ['1d', 1])],
    [false, false, false, true, true],
  )
})

test.run()
