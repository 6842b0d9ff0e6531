import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bbw, dailyFixtures, exportedTrades, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('parity of backtest and run')
const folder = new Folder()

test.after(() => folder.remove())

async function compare(flags: readonly string[], least: number): Promise<void> {
  const backtest = await exportedTrades(folder, ['backtest', ...flags])
  const run = await exportedTrades(folder, ['run', '--no-state', '--speed', 'max', ...flags])
  assert.ok(backtest.length >= least, `${backtest.length} trades`)
  assert.ok(backtest.every(line => line.startsWith('{"v":1,"type":"trade"')))
  assert.equal(run, backtest)
}

const SUMMER = ['--market', dailyFixtures(folder), '--timerange', '20240601-20240901']

test('both make the same trades, byte for byte', () => compare(SUMMER, 40))

test('both make the same trades where finer candles are', () =>
  compare(['--market', 'fixtures', '--timerange', '20250901-20251101', '--all'], 20))

test('each rule for itself makes the same trades on both', () => {
  const alone = ['--fixed-notional', '100', '--no-portfolio-gates', '--strategy', 'bollinger-grid-long']
  return compare([...SUMMER, ...alone], 5)
})

test('a cost that is set otherwise on one side alone makes them differ', async () => {
  const flags = [...SUMMER, '--symbol', 'ADAUSDT,INJUSDT,XRPUSDT']
  const backtest = await exportedTrades(folder, ['backtest', ...flags])
  for (const setting of [
    'fees: {maker: 0.00021}',
    'fees: {taker: 0.00056}',
    'simulation: {slippage: 0.0004}',
    'simulation: {slippageOfRange: 0.021}',
  ]) {
    const config = folder.file('costs.yaml', setting)
    const run = await exportedTrades(folder, ['run', '--no-state', '--speed', 'max', ...flags, '-c', config])
    assert.not.equal(run, backtest, setting)
  }
})

// --- the command

const FLAGS = [...SUMMER, '--symbol', 'ADAUSDT,INJUSDT,XRPUSDT']
let exports: Promise<{ readonly backtest: string; readonly run: string; readonly database: string }> | null =
  null

/** The same trades by both, as records, and once more as a database. */
function exported(): NonNullable<typeof exports> {
  exports ??= (async () => {
    await exportedTrades(folder, ['backtest', ...FLAGS])
    await exportedTrades(folder, ['run', '--no-state', '--speed', 'max', ...FLAGS])
    const database = join(folder.path, 'backtest.db')
    assert.is((await bbw(['backtest', ...FLAGS, '--export', database])).code, 0)
    return { backtest: join(folder.path, 'backtest.ndjson'), run: join(folder.path, 'run.ndjson'), database }
  })()
  return exports
}

function parity(...words: readonly string[]): Promise<Outcome> {
  return bbw(['parity', ...words])
}

type Row = { readonly [field: string]: unknown }

/** An export with one trade changed. */
function planted(path: string, change: (trade: Row) => Row): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const at = Math.floor(lines.length / 2)
  lines[at] = JSON.stringify(change(JSON.parse(lines[at])))
  return folder.file('planted.ndjson', `${lines.join('\n')}\n`)
}

test('backtest and run, records and database, are the same to it', async () => {
  const { backtest, run, database } = await exported()
  for (const [a, b] of [
    [backtest, run],
    [database, run],
    [run, database],
  ]) {
    const { code, out, err } = await parity(a, b)
    assert.equal([code, err], [0, ''])
    const [summary, ...rest] = records(out)
    assert.equal([summary.type, summary.differences, rest], ['parity', 0, []])
    assert.is(summary.paired, summary.tradesA)
    assert.ok(Number(summary.paired) >= 5)
  }
})

test('a planted difference of one tick, or of one fee, is found and named', async () => {
  const { backtest, run } = await exported()
  const ticked = planted(run, trade => ({ ...trade, entry: Number(trade.entry) + 0.0001 }))
  const tick = await parity(backtest, ticked)
  assert.is(tick.code, 7)
  const [difference] = records(tick.out)
  assert.equal([difference.type, difference.aspect], ['difference', 'entry-price'])
  assert.match(String(difference.words), /of the last digit, .* bp (?:worse|better) in B/)
  const charged = planted(run, trade => ({ ...trade, fees: Number(trade.fees) + 0.00001 }))
  const fee = records((await parity(backtest, charged)).out)
  assert.equal(
    fee.map(({ type, aspect = null }) => [type, aspect]),
    [
      ['difference', 'fees'],
      ['parity', null],
    ],
  )
})

test('another setting is named beside what it has led to', async () => {
  const { backtest } = await exported()
  const config = folder.file('dear.yaml', 'fees: {taker: 0.00056}')
  const dear = join(folder.path, 'dear.ndjson')
  await bbw(['backtest', ...FLAGS, '-c', config, '--export', dear])
  const { code, out } = await parity(backtest, dear)
  assert.is(code, 7)
  const all = records(out)
  assert.equal(
    all.filter(({ type }) => type === 'setting').map(({ field }) => field),
    ['configHash'],
  )
  assert.ok(all.some(({ aspect }) => aspect === 'fees'))
  const text = await bbw(['parity', backtest, dear], { terminals: ['stdout'] })
  assert.match(text.out, /configHash: .*another configuration/)
  assert.match(text.out, /opened UTC .*meaning\n/)
  assert.match(text.out, /the first difference is /)
})

test('a missing trade is told with why it is not there, and fills that are split only where that is allowed', async () => {
  const { backtest, run } = await exported()
  const lines = readFileSync(run, 'utf8').trimEnd().split('\n')
  const [first, ...rest] = lines
  const event = {
    ...{ v: 1, type: 'event', id: 'x', ts: 1, kind: 'refused', signalId: JSON.parse(first).id },
    reason: 'one-position: held',
  }
  const without = folder.file('without.ndjson', `${[JSON.stringify(event), ...rest].join('\n')}\n`)
  const [missing] = records((await parity(backtest, without)).out)
  assert.equal([missing.aspect, missing.words], ['missing', 'refused there: one-position: held'])
  const split = planted(run, trade => {
    const [exit, ...others] = trade.exits as readonly (Row & { readonly qty: number })[]
    const half = exit.qty / 2
    return { ...trade, exits: [{ ...exit, qty: half }, { ...exit, qty: half }, ...others] }
  })
  assert.is((await parity(backtest, split)).code, 7)
  assert.is((await parity(backtest, split, '--split-fills')).code, 0)
  const late = planted(run, trade => ({ ...trade, openedAt: Number(trade.openedAt) + 2_000 }))
  assert.is((await parity(backtest, late)).code, 7)
  assert.is((await parity(backtest, late, '--fill-time', '2')).code, 0)
})

test('the state of a loop compares as its export does', async () => {
  const { backtest } = await exported()
  const data = join(folder.path, 'state')
  assert.is((await bbw(['run', ...FLAGS, '--data-dir', data, '--speed', 'max'])).code, 0)
  const { code, out, err } = await parity(backtest, join(data, 'state.db'))
  assert.is(code, 0, out + err)
})

test('what cannot be compared exits 2 with its place, and standard input is read once', async () => {
  const { backtest, run } = await exported()
  const broken = folder.file('broken.ndjson', `${readFileSync(run, 'utf8')}{"v":1,"type":"trade"}\n`)
  const bad = await parity(backtest, broken)
  assert.is(bad.code, 2)
  assert.match(bad.err, /broken.ndjson, line \d+, column|broken.ndjson, line \d+/)
  const empty = folder.file('empty.ndjson', '')
  for (const words of [
    [backtest],
    ['-', '-'],
    [backtest, empty],
    [backtest, 'nowhere'],
    [backtest, folder.path],
  ]) {
    assert.is((await parity(...words)).code, 2, words.join(' '))
  }
  const piped = await bbw(['parity', backtest, '-'], { stdin: readFileSync(run, 'utf8') })
  assert.is(piped.code, 0, piped.err)
})

test.run()
