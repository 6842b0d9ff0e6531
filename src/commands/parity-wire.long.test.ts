import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SCRIPTED, scriptedMarket } from './scripted-market.fixture.ts'
import { Processes } from './started.fixture.ts'
import { bbw, Folder, records } from './world.fixture.ts'

const test = suite('parity over the wire')
const processes = new Processes()
const folder = new Folder()
test.after(async () => {
  await processes.end()
  folder.remove()
})

/**
 * Up to 50 the pings of the clients come within what an idle connection is allowed, and nothing breaks off. A busy
 * machine takes a second for what takes a tenth of one elsewhere: that is 25 s of the market here.
 */
const SPEED = '25'
const FROM = ['--timerange', '20251031-']
const UNTIL = ['--until', '2025-10-31T01:18Z']

/** Of these strategies orders may be sent to an account. */
const CONFIG = join(folder.path, 'live.yaml')
const LIVE = ['mean-reversion', 'bollinger-grid-long', 'bollinger-grid-short', 'bb-scalping']
const SETTINGS = [
  'strategies:',
  ...LIVE.map(id => `  ${id}: { live: true }`),
  // On all three ways alike: what is late by the wall's clock is many times as late by the market's.
  'guards: { stale-data: { tickerSeconds: 600, tickerSecondsMarket: 300 } }',
  'recovery: { answerSeconds: 60 }',
]
writeFileSync(CONFIG, `${SETTINGS.join('\n')}\n`, { mode: 0o600 })

/** INJ has so much for one that takes that its entry is filled in part, from before it is sent. */
const FAULTS = folder.file('faults.json', JSON.stringify([{ fault: 'thin', symbol: 'INJUSDT', steps: 40 }]))

const BACKTEST = join(folder.path, 'backtest.ndjson')
const RUN = join(folder.path, 'run.ndjson')
const WIRE = join(folder.path, 'wire.ndjson')

type Row = { readonly [field: string]: unknown }

async function compared(a: string, b: string, ...flags: readonly string[]): Promise<readonly Row[]> {
  const { out, err } = await bbw(['parity', a, b, ...flags])
  assert.is(err, '')
  return records(out)
}

function differences(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ type }) => type === 'difference')
}

function tradesIn(path: string): readonly Row[] {
  return records(readFileSync(path, 'utf8')).filter(({ type }) => type === 'trade')
}

/** The export over the wire with one trade of BTC changed. */
function planted(change: (trade: Row) => Row): string {
  const rows = records(readFileSync(WIRE, 'utf8')).map(row =>
    row.type === 'trade' && row.symbol === 'BTCUSDT' ? change(row) : row,
  )
  return folder.file('planted.ndjson', `${rows.map(row => JSON.stringify(row)).join('\n')}\n`)
}

/** What was decided, for whoever wants to know why it was something else. */
function decisionsIn(out: string): string {
  return records(out)
    .filter(({ kind }) => ['entered', 'refused', 'expired', 'filled', 'exited'].includes(String(kind)))
    .map(
      ({ ts, kind, signalId, reason }) =>
        `${new Date(Number(ts)).toISOString()} ${kind} ${signalId} ${reason}`,
    )
    .join('\n')
}

/** What may differ where a price comes at every moment and an answer takes its time; the decisions may not. */
const EXPLAINED = new Set([
  ...['open-time', 'exit-time', 'entry-price', 'exit-price', 'quantity', 'exits', 'fees', 'excursion'],
  ...['funding'],
])

test('backtest, run and run over the wire make the same trades, and every difference is explained', async () => {
  const market = ['--market', scriptedMarket(folder), '--symbol', SCRIPTED]
  const settings = [...market, ...FROM, '-c', CONFIG]
  const backtest = await bbw(['backtest', ...settings, '--export', BACKTEST])
  assert.is(backtest.code, 0, backtest.err)
  const run = await bbw(['run', '--no-state', '--speed', 'max', ...settings, '--export', RUN])
  assert.is(run.code, 0, run.err)
  assert.is(tradesIn(BACKTEST).length, 5)
  assert.equal(differences(await compared(BACKTEST, RUN)), [])

  const serve = ['--protocol', 'bybit', '--speed', SPEED, '--dates', 'recorded', '--seed', '7']
  const { url, env } = await processes.serve([...serve, ...market, ...FROM, '-c', CONFIG, '--faults', FAULTS])
  const keys = { BBW_API_KEY: env.BBW_SIM_KEY, BBW_API_SECRET: env.BBW_SIM_SECRET }
  const words = ['run', '--exchange', 'demo', '--url', url, '--speed', SPEED, '--symbol', SCRIPTED, ...UNTIL]
  const data = ['--data-dir', join(folder.path, 'demo'), '-c', CONFIG, '--export', WIRE, '--ndjson']
  const wire = await processes.start([...words, ...data], { env: keys }).ended
  assert.is(wire.code, 0, wire.err)

  const rows = await compared(BACKTEST, WIRE)
  const found = differences(rows)
  const listed = found.map(({ trade, aspect, words }) => `${trade} ${aspect}: ${words}`).join('\n')
  console.log(listed)
  const [{ tradesA, tradesB, paired, explanations }] = rows.filter(({ type }) => type === 'parity')
  assert.equal([tradesA, tradesB, paired], [5, 5, 5], `${listed}\n${decisionsIn(wire.out)}`)
  for (const words of explanations as readonly string[]) console.log(words)
  for (const { aspect, words } of found) {
    assert.ok(EXPLAINED.has(String(aspect)), `${aspect} differs: ${words}`)
    assert.ok(String(words).length > 0)
  }
  // What the market was too thin for; whatever comes after it is sized by another equity.
  const [thin, ...later] = found.filter(({ aspect }) => aspect === 'quantity')
  assert.equal([thin.symbol, thin.a, thin.b], ['INJUSDT', 6.3, 4])
  assert.match(String(thin.words), /filled in part/)
  for (const { a, b } of later) assert.ok(Math.abs(Number(b) / Number(a) - 1) < 0.02, `${b} for ${a}`)
  // The way is the candle's own: no price is beyond what was traded in it.
  for (const { aspect, words } of found) {
    if (!String(aspect).endsWith('-price')) continue
    const points = Number(/([\d.]+) bp/.exec(String(words))?.[1])
    assert.ok(points < 100, `${aspect}: ${words}`)
  }
})

test('with time and way left out a trade in a market that stood still is the same to the last digit', async () => {
  const rows = await compared(BACKTEST, WIRE, '--fill-time', '300', '--any-excursion')
  assert.equal(
    differences(rows).filter(({ symbol }) => symbol === 'BTCUSDT'),
    [],
  )
  const resting = differences(rows).filter(({ aspect, trade }) =>
    aspect === 'entry-price' ? String(trade).startsWith('bollinger-grid') : false,
  )
  assert.equal(resting, [], 'a limit that rested is filled at its price')
})

test('a planted difference of one tick, or of one fee, is found over the wire too', async () => {
  const flags = ['--fill-time', '300', '--any-excursion']
  const found = async (change: (trade: Row) => Row): Promise<readonly Row[]> =>
    differences(await compared(BACKTEST, planted(change), ...flags)).filter(
      ({ symbol }) => symbol === 'BTCUSDT',
    )
  const [tick] = await found(trade => ({ ...trade, entry: Number((Number(trade.entry) + 0.1).toFixed(1)) }))
  assert.is(tick.aspect, 'entry-price')
  assert.match(String(tick.words), /^\+1 of the last digit/)
  const fees = await found(trade => ({ ...trade, fees: Number(trade.fees) + 0.00001 }))
  assert.equal(
    fees.map(({ aspect }) => aspect),
    ['fees'],
  )
})

test.run()
