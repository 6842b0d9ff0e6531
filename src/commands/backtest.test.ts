import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { gunzipSync, gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bbw, dailyFixtures, FIXTURES, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('backtest')
const ROOT = join(import.meta.dirname, '..', '..')
const DAILY = gunzipSync(readFileSync(join(FIXTURES, 'klines/1d/BTCUSDT.csv.gz'))).toString()
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder)]
const SOME = [...MARKET, '--symbol', 'ADAUSDT,INJUSDT,XRPUSDT']

test.after(() => folder.remove())

async function backtest(words: readonly string[], setting: Parameters<typeof bbw>[1] = {}): Promise<Outcome> {
  return bbw(['backtest', ...words], { cwd: folder.path, ...setting })
}

/** The trade lines of a backtest that went well, and its summary. */
async function good(
  words: readonly string[],
  setting: Parameters<typeof bbw>[1] = {},
): Promise<{ readonly trades: readonly string[]; readonly summary: { readonly [field: string]: unknown } }> {
  const { code, out, err } = await backtest(words, setting)
  assert.is(code, 0, err)
  const lines = out.trimEnd().split('\n')
  const [summary] = records(lines[lines.length - 1])
  assert.is(summary.type, 'summary')
  return { trades: lines.slice(0, -1), summary }
}

test('the same market and settings give the same bytes, in another zone and language, too', async () => {
  const words = [...SOME, '--timerange', '20240601-20241001']
  const { out } = await backtest(words)
  assert.is((await backtest(words)).out, out)
  const elsewhere = execFileSync('bin/bbw', ['backtest', ...words], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
  })
  // The version of the fixture's shell is its own.
  assert.is(
    elsewhere.replace(/"version":"[^"]*"/, '"version":"0.1.0"'),
    out.replace(/"version":"[^"]*"/, '"version":"0.1.0"'),
  )
})

test('the order in which files are found changes nothing', async () => {
  const words = ['--timerange', '20240601-20240701']
  const straight = await good(['--market', 'fixtures', ...words])
  // The walk goes by name: other names, another order.
  const other = join(folder.path, 'other')
  for (const [i, kind] of ['klines/1d', 'funding', 'instruments', 'klines/15m', 'klines/5m'].entries()) {
    const target = kind.startsWith('klines') ? join(`${9 - i}`, kind) : kind
    mkdirSync(join(other, target, '..'), { recursive: true })
    cpSync(join(FIXTURES, kind), join(other, target), { recursive: true })
  }
  const shuffled = await good(['--market', 'other', ...words])
  assert.equal(shuffled.trades, straight.trades)
  assert.is(shuffled.summary.dataHash, straight.summary.dataHash)
  const csv = (names: readonly string[]): string[] =>
    names.flatMap(name => ['--csv', join(FIXTURES, 'klines/1d', `${name}.csv.gz`)])
  const names = ['BTCUSDT', 'ETHUSDT', '1000PEPEUSDT', 'ADAUSDT']
  const forth = await good(csv(names))
  const back = await good(csv(names.toReversed()))
  assert.equal(back.trades, forth.trades)
  assert.is(back.summary.dataHash, forth.summary.dataHash)
  assert.ok(forth.trades.length > 20)
})

test('a file, gzip, standard input, a folder and stretches of one series are the same candles', async () => {
  const lines = DAILY.trimEnd().split('\n')
  const [header] = lines
  const part = (from: number, to?: number): string => `${[header, ...lines.slice(from, to)].join('\n')}\n`
  folder.file('BTCUSDT.csv', DAILY)
  folder.file('BTCUSDT-1d.csv.gz', gzipSync(DAILY))
  folder.file('bom.csv', `\ufeff${DAILY.replaceAll('\n', '\r\n')}`)
  folder.file('market/klines/1d/BTCUSDT.csv', DAILY)
  for (const [name, from, to] of [
    ['a', 1, 200],
    ['b', 200, 450],
    ['c', 450, undefined],
  ] as const) {
    folder.file(`BTCUSDT_${name}.csv`, part(from, to))
  }
  const expected = await good(['--csv', 'BTCUSDT.csv'])
  assert.ok(expected.trades.length > 10)
  const same = async (
    words: readonly string[],
    stdin?: string | Uint8Array | readonly Uint8Array[],
  ): Promise<void> => {
    const { trades, summary } = await good(words, stdin === undefined ? {} : { stdin })
    assert.equal(trades, expected.trades, words.join(' '))
    assert.is(summary.dataHash, expected.summary.dataHash, words.join(' '))
  }
  await same(['--csv', 'BTCUSDT-1d.csv.gz'])
  await same(['--csv', 'bom.csv', '--symbol', 'btcusdt'])
  await same(['--csv', '-', '--symbol', 'BTCUSDT'], DAILY)
  await same(['--csv', '-', '--symbol', 'BTCUSDT'], gzipSync(DAILY))
  const bytes = Buffer.from(DAILY)
  const blocks = Array.from({ length: Math.ceil(bytes.length / 777) }, (_, i) =>
    bytes.subarray(i * 777, (i + 1) * 777),
  )
  await same(['--csv', '-', '--symbol', 'BTCUSDT'], blocks)
  await same(['--market', 'market'])
  await same(['--csv', 'BTCUSDT_a.csv', '--csv', 'BTCUSDT_c.csv', '--csv', 'BTCUSDT_b.csv'])
})

test('trades begin and end with the time range, and the candles before it feed the indicators', async () => {
  const csv = ['--csv', 'BTCUSDT.csv']
  const whole = await good(csv)
  const from = Date.UTC(2024, 5, 1)
  const to = Date.UTC(2024, 7, 1)
  const { trades, summary } = await good([...csv, '--timerange', '20240601-20240801'])
  assert.equal([summary.from, summary.to], [from, to])
  const opened = records(trades.join('\n')).map(trade => Number(trade.openedAt))
  assert.ok(opened.length > 2, `${opened.length} trades`)
  assert.ok(opened.every(time => time >= from && time < to))
  // Within three weeks of the beginning, which are fewer days than the bands need.
  assert.ok(opened[0] < from + 20 * 86_400_000, new Date(opened[0]).toISOString())
  const first = records(whole.trades.join('\n')).find(trade => Number(trade.openedAt) > from + 5 * 86_400_000)
  assert.ok(opened.includes(Number(first?.openedAt)))
})

test('one strategy trades alone, and a wrong name gets the nearest', async () => {
  const { trades } = await good(['--csv', 'BTCUSDT.csv', '--strategy', 'mean-reversion'])
  assert.ok(trades.length > 3)
  assert.ok(records(trades.join('\n')).every(trade => trade.strategy === 'mean-reversion'))
  const wrong = await backtest(['--csv', 'BTCUSDT.csv', '--strategy', 'meanreversion'])
  assert.is(wrong.code, 2)
  assert.match(wrong.err, 'did you mean mean-reversion?')
})

test('the balance to start with is the flag, else the setting', async () => {
  const config = folder.file('rich.yaml', 'startingBalance: 5000\n')
  const balance = async (...words: readonly string[]): Promise<unknown> =>
    (await good(['--csv', 'BTCUSDT.csv', ...words])).summary.startingBalance
  assert.is(await balance(), 1000)
  assert.is(await balance('-c', config), 5000)
  assert.is(await balance('-c', config, '--starting-balance', '250.5'), 250.5)
})

test('a fixed notional without the gates of the portfolio trades every signal for itself', async () => {
  const summer = [...MARKET, '--timerange', '20240601-20241001']
  const { trades, summary } = await good([...summer, '--fixed-notional', '100', '--no-portfolio-gates'])
  const gated = await good(summer)
  assert.ok(trades.length > gated.trades.length, `${trades.length} and ${gated.trades.length} trades`)
  assert.is(summary.sharpe, null)
  for (const trade of records(trades.join('\n'))) {
    const notional = Number(trade.notional)
    assert.ok(notional > 50 && notional < 120, `${notional}`)
  }
})

test('an export has what is printed, appears whole or not at all, and a link stays one', async () => {
  const target = folder.file('results/trades.ndjson', 'old\n')
  symlinkSync(target, join(folder.path, 'latest'))
  const { out } = await backtest(['--csv', 'BTCUSDT.csv', '--export', 'latest'])
  assert.is(readFileSync(target, 'utf8'), out)
  assert.equal(readdirSync(join(folder.path, 'results')), ['trades.ndjson'])
  folder.file('results/brokenUSDT.csv', 'start,open\n')
  const failed = await backtest(['--csv', 'results/brokenUSDT.csv', '--export', 'latest'])
  assert.is(failed.code, 2)
  assert.is(readFileSync(target, 'utf8'), out)
  assert.equal(readdirSync(join(folder.path, 'results')).sort(), ['brokenUSDT.csv', 'trades.ndjson'])
})

test('an export that cannot be is refused before the work', async () => {
  for (const path of ['/nowhere/trades.ndjson', '.', '', 'BTCUSDT.csv/trades.ndjson']) {
    // The candles would be refused, too, were they looked at first.
    const { code, out, err } = await backtest([
      '--csv',
      'missing.csv',
      '--symbol',
      'BTCUSDT',
      '--export',
      path,
    ])
    assert.equal([code, out], [2, ''], path)
    assert.match(err, 'cannot be written')
  }
})

test('candles that no decision can be made of give no trades', async () => {
  const few = DAILY.split('\n').slice(0, 15).join('\n')
  const [header] = DAILY.split('\n')
  for (const csv of [few, `${header}\n`, `${header}\n${DAILY.split('\n')[1]}`]) {
    const { trades, summary } = await good(['--csv', '-', '--symbol', 'BTCUSDT'], { stdin: csv })
    assert.equal([trades.length, summary.trades, summary.finalEquity], [0, 0, 1000])
  }
  const { err } = await backtest(['--csv', '-', '--symbol', 'BTCUSDT'], { stdin: header })
  assert.match(err, 'standard input: there are no rows in it')
})

test('a file that is no candles is refused with its place and a remedy', async () => {
  const [header, ...rows] = DAILY.trimEnd().split('\n')
  const table = (...lines: readonly string[]): string => [header, ...lines].join('\n')
  const decimalComma = rows[1]
    .split(',')
    .map((cell, i) => (i === 1 ? '38379,7' : cell))
    .join(';')
  const cases: readonly (readonly [content: string | Uint8Array, words: string])[] = [
    ['', 'the file is empty'],
    [rows.join('\n'), 'there is no header'],
    [table(...rows.slice(0, 40).toReversed()), 'oldest first'],
    [table(rows[0], rows[1].replace(/,[^,]*/, ',many'), rows[2]), 'line 3, column 2'],
    [`${header.replaceAll(',', ';')}\n${rows[0].replaceAll(',', ';')}\n${decimalComma}\n`, 'decimal point'],
    [table(rows[0], rows[0], rows[1]), 'line 3'],
    [gzipSync(DAILY).subarray(0, 9000), 'cut short'],
    [Buffer.from([0, 1, 2, 3, 10, 0, 10]), 'not text'],
  ]
  for (const [stdin, words] of cases) {
    const { code, out, err } = await backtest(['--csv', '-', '--symbol', 'BTCUSDT'], { stdin })
    assert.equal([code, out], [2, ''], words)
    assert.match(err, words)
    assert.match(err, 'standard input')
  }
})

test('a bad row is left out where that is wanted, and counted', async () => {
  const lines = DAILY.split('\n')
  lines[500] = lines[500].replace(/,[^,]*/, ',0')
  const { code, err, out } = await backtest(['--csv', '-', '--symbol', 'BTCUSDT', '--skip-bad'], {
    stdin: lines.join('\n'),
  })
  assert.is(code, 0)
  assert.match(err, 'standard input: 1 bad rows left out (line 501')
  assert.match(err, 'line 502: gap of 1 candles')
  assert.ok(records(out).length > 10)
})

test('a gap is a warning with its line', async () => {
  const lines = DAILY.split('\n')
  lines.splice(100, 3)
  const { code, err } = await backtest(['--csv', '-', '--symbol', 'BTCUSDT'], { stdin: lines.join('\n') })
  assert.is(code, 0)
  assert.match(err, 'standard input, line 101: gap of 3 candles')
  const quiet = await backtest(['--csv', '-', '--symbol', 'BTCUSDT', '--quiet'], { stdin: lines.join('\n') })
  assert.is(quiet.err, '')
})

test('without detail orders are matched on daily candles', async () => {
  const words = ['--market', 'fixtures', '--timerange', '20250901-20251101', '--symbol', 'BTCUSDT,ETHUSDT']
  const matched = ({ summary }: { readonly summary: { readonly [field: string]: unknown } }): string =>
    JSON.stringify(summary.notes).replace(/.*matched on ([^"]*).*/, '$1')
  const fine = await good(words)
  const coarse = await good([...words, '--no-detail'])
  assert.match(matched(fine), /candles of 5m/)
  assert.is(matched(coarse), '122 candles of 1d')
  assert.not.equal(coarse.trades, fine.trades)
})

test('flags that cannot be are refused, each with what would be right', async () => {
  const cases: readonly (readonly [words: readonly string[], about: string])[] = [
    [['--csv', 'BTCUSDT.csv', '--market', 'fixtures'], 'exclude one another'],
    [['--csv', '-', '--symbol', 'BTCUSDT,ETHUSDT'], 'one name with --symbol'],
    [['--csv', '-'], '--symbol BTCUSDT'],
    [['--csv', '-', '--csv', '-', '--symbol', 'BTCUSDT'], 'cannot be read twice'],
    [['--csv', '-', '-c', '-', '--symbol', 'BTCUSDT'], 'cannot be read twice'],
    [['--csv', ''], 'given no file'],
    [['--csv', 'results', '--symbol', 'BTCUSDT'], 'this is a folder'],
    [['--csv', 'missingUSDT.csv'], 'there is no such file'],
    [['--csv', 'BTCUSDT.csv', '--symbol', 'BTCUSDT,DOGEUSDT'], 'no candles of DOGEUSDT in BTCUSDT.csv'],
    [['--market', 'fixtures', '--symbol', 'DOGEUSDT'], 'no candles of DOGEUSDT in fixtures'],
    [['--market', 'fixtures', '--symbol', 'BTC/USDT'], '"BTC/USDT" is not a symbol'],
    [['--market', 'fixtures', '--symbol', ''], '"" is not a symbol'],
    [['--market', 'fixtures', '--timeframe', '1h'], '--timeframe says what --csv has'],
    [['--csv', 'BTCUSDT.csv', '--timeframe', '7m'], '7m is not a timeframe'],
    [['--market', 'nowhere'], 'neither fixtures nor cache nor a folder'],
    [['--market', ''], 'neither fixtures nor cache nor a folder'],
    [['--market', 'BTCUSDT.csv'], 'one file is read by --csv'],
    [['--market', 'results'], 'header has no column'],
    [['--market', 'cache'], 'there is no market cache'],
    [['--timerange', '2024-2025'], 'not a range of days'],
    [['--timerange', '20240230-'], 'not a range of days'],
    [['--timerange', '19600101-'], 'not a range of days'],
    [['--timerange', '20250101-20240101'], 'ends before it begins'],
    [['--timerange', '20250101-20250101'], 'ends before it begins'],
    ...['-5', '0', 'NaN', '1e400', '', 'much', 'Infinity'].flatMap(value => [
      [['--starting-balance', value], 'is not a number above 0'] as const,
      [['--fixed-notional', value], 'is not a number above 0'] as const,
    ]),
    [['--strategy', 'trailing-3x'], 'there is no entry strategy trailing-3x'],
    [['--timerang', '20240101-'], '--timerange'],
  ]
  for (const [words, about] of cases) {
    const { code, out, err } = await backtest(words, { stdin: DAILY })
    assert.equal([code, out], [2, ''], words.join(' '))
    assert.ok(err.includes(about), `${words.join(' ')}: ${err}`)
  }
})

test('one symbol of several files is taken from the file of its name alone', async () => {
  folder.file('ETHUSDT.csv', gunzipSync(readFileSync(join(FIXTURES, 'klines/1d/ETHUSDT.csv.gz'))))
  const alone = await good(['--csv', 'BTCUSDT.csv'])
  const picked = await good(['--csv', 'ETHUSDT.csv', '--csv', 'BTCUSDT.csv', '--symbol', 'BTCUSDT'])
  assert.equal(picked.trades, alone.trades)
  assert.is(picked.summary.dataHash, alone.summary.dataHash)
})

test('two files with candles of the same time are refused, which of them would be true?', async () => {
  folder.file('BTCUSDT-again.csv', DAILY.split('\n').slice(0, 30).join('\n'))
  const { code, err } = await backtest(['--csv', 'BTCUSDT.csv', '--csv', 'BTCUSDT-again.csv'])
  assert.is(code, 2)
  assert.match(err, 'two files have candles BTCUSDT 1d of the same time')
})

test('a progress bar is drawn on a terminal alone, and taken away', async () => {
  const words = ['--market', 'fixtures', '--symbol', 'ADAUSDT,INJUSDT']
  const drawn = await backtest(words, { terminals: ['stderr'], tickMs: 60 })
  assert.match(drawn.err, /\r\[=+ +\] \d+ %, \d+ s left, 202\d-\d\d-\d\d/)
  assert.match(drawn.err, /\r +\r$/)
  for (const other of [
    await backtest(words, { tickMs: 60 }),
    await backtest([...words, '--quiet'], { terminals: ['stderr'], tickMs: 60 }),
  ]) {
    assert.is(other.err, '')
    assert.is(other.out, drawn.out)
  }
  assert.is((await backtest(words)).out, drawn.out, 'the breaths in between change nothing')
})

test('the user can end it in the middle, and nothing is left of the export', async () => {
  for (const [reason, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    const stop = new AbortController()
    let breaths = 0
    const ended = await backtest(
      ['--market', 'fixtures', '--symbol', 'ADAUSDT,INJUSDT', '--export', 'half.ndjson'],
      {
        signal: stop.signal,
        tickMs: 60,
        onSleep: () => {
          breaths++
          if (breaths === 3) stop.abort(reason)
        },
      },
    )
    assert.equal([ended.code, ended.out, breaths], [code, '', 3])
    assert.not.ok(existsSync(join(folder.path, 'half.ndjson')))
    assert.equal(
      readdirSync(folder.path).filter(name => name.startsWith('half')),
      [],
    )
  }
})

test('a terminal gets aligned tables in which no figure is missing, whatever happened', async () => {
  const broke = folder.file('broke.yaml', 'startingBalance: 0.000001\n')
  for (const words of [
    SOME,
    ['--csv', 'BTCUSDT.csv', '--timerange', '20300101-'],
    ['--csv', 'BTCUSDT.csv', '--timerange', '-20000101'],
    ['--csv', 'BTCUSDT.csv', '--timerange', '-'],
    ['--csv', 'BTCUSDT.csv', '-c', broke],
    ['--csv', 'BTCUSDT.csv', '--fixed-notional', '100', '--no-portfolio-gates'],
  ]) {
    const { code, out, err } = await backtest(words, { terminals: ['stdout'] })
    assert.is(code, 0, err)
    assert.not.match(out, /NaN|Infinity|undefined|null|-0\.00\b|\{/)
    assert.match(out, /^market +\S/)
    const report = await backtest([...words, '--json'], { terminals: ['stdout'] })
    assert.is(report.out, (await backtest(words)).out)
  }
  const { out } = await backtest(SOME, { terminals: ['stdout'] })
  const table = out.slice(out.indexOf('\nstrategy'), out.indexOf('\n\nside')).trim().split('\n')
  assert.is(new Set(table.map(line => line.length)).size, 1, 'columns of figures end in one line')
})

test.run()
