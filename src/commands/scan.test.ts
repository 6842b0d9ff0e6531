import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../core/base/units.ts'
import { decodeSignal, parseRecord } from '../core/wire/decode.ts'
import { bbw, dailyFixtures, Folder, records } from './world.fixture.ts'

const test = suite('scan')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder)]
const SCAN = ['scan', ...MARKET, '--no-alerts']
const ON = [...SCAN, '--at', '2024-07-26']
const AT = Date.UTC(2024, 6, 26)

test.after(() => folder.remove())

test('a pipe gets a record for each signal, a terminal a table, and --json records there, too', async () => {
  const piped = await bbw(ON)
  assert.is(piped.code, 0)
  assert.is(piped.err, `${MARKET[1]}: 12 symbols at 2024-07-26 00:00 UTC\n`)
  const signals = records(piped.out)
  assert.ok(signals.length > 5)
  for (const flag of ['--json', '--ndjson']) {
    assert.is((await bbw([...ON, flag], { terminals: ['stdout'] })).out, piped.out)
  }
  const { out } = await bbw(ON, { terminals: ['stdout'] })
  const [head, ...rows] = out.trimEnd().split('\n')
  assert.match(head, /^symbol +side +strategy +price +BB% +RSI +order +stop +target +reason$/)
  assert.is(rows.length, signals.length)
  for (const [i, row] of rows.entries()) {
    assert.ok(row.startsWith(String(signals[i].symbol)))
    assert.ok(row.includes(String(signals[i].stop)))
  }
})

test('every signal has all that score, stop and sizing are made of', async () => {
  const { out } = await bbw(ON)
  for (const line of out.trimEnd().split('\n')) {
    const record = parseRecord(line)
    const signal = decodeSignal(record)
    assert.equal([record.v, record.type, record.ts], [1, 'signal', AT])
    assert.is(signal.candleEnd, AT)
    assert.is(record.id, signal.id)
    // The score needs these; the size the price, the stop, the leverage and the filters, which decodeSignal demands.
    for (const name of [
      'tier',
      'bbPercent',
      'weekBb',
      'monthBb',
      'turnover',
      'downDays',
      'upDays',
      'funding',
    ]) {
      assert.ok(Object.hasOwn(record, name), name)
    }
    for (const name of ['width', 'rsi', 'atr15m', 'lower', 'middle', 'upper', 'squeeze', 'change']) {
      assert.ok(Object.hasOwn(record, name), name)
    }
    assert.is(typeof record.stop, 'string')
    assert.ok(signal.side === 'long' ? signal.stop < signal.price / Number(signal.instrument.tick) : true)
  }
})

test('it looks at the market as it was at the time asked for', async () => {
  const same = await bbw(ON)
  for (const at of ['20240726', '2024-07-26T00:00Z', '2024-07-26T00:00:00.000Z', String(AT)]) {
    assert.is((await bbw([...SCAN, '--at', at])).out, same.out, at)
  }
  // Within the day the newest closed candle is the same one; funding may have been settled meanwhile.
  const decisions = (out: string): unknown[] => records(out).map(({ funding: _, ...rest }) => rest)
  assert.equal(decisions((await bbw([...SCAN, '--at', '2024-07-26T12:00Z'])).out), decisions(same.out))
  const last = records((await bbw(SCAN)).out)
  assert.ok(last.length > 0)
  assert.ok(last.every(signal => signal.ts === Date.UTC(2025, 10, 1)))
})

test('without a signal nothing is printed and all is well', async () => {
  for (const words of [
    [...SCAN, '--at', '2023-12-20'],
    [...SCAN, '--at', '1970-01-01'],
    // The candles are long past: nothing is decided on them any more.
    [...SCAN, '--at', '2030-01-01'],
  ]) {
    for (const terminals of [[], ['stdout']] as const) {
      const { code, out, err } = await bbw(words, { terminals })
      assert.equal([code, out], [0, ''])
      assert.match(err, 'no signals')
    }
  }
  const quiet = await bbw([...SCAN, '--at', '1970-01-01', '--quiet'])
  assert.equal([quiet.code, quiet.out, quiet.err], [0, '', ''])
})

test('one strategy alone is asked where that is wanted', async () => {
  const { out } = await bbw([...ON, '--strategy', 'mean-reversion'])
  const all = records((await bbw(ON)).out)
  assert.equal(
    records(out),
    all.filter(signal => signal.strategy === 'mean-reversion'),
  )
})

test('all symbols are looked at only where that is wanted, else those of highest turnover', async () => {
  const config = ['-c', '-']
  const stdin = 'universe: {top: 2}'
  const top = new Set(records((await bbw([...ON, ...config], { stdin })).out).map(signal => signal.symbol))
  const all = new Set(records((await bbw([...ON, ...config, '--all'], { stdin })).out).map(one => one.symbol))
  assert.ok(top.size <= 2 && all.size > 4, `${top.size} and ${all.size} symbols`)
  assert.is((await bbw([...ON, ...config, '--all'], { stdin })).out, (await bbw(ON)).out)
})

test('what comes later is not looked at', async () => {
  const rows = Array.from({ length: 120 }, (_, i) => {
    const close = 100 + 10 * Math.sin(i / 3) - (i > 90 ? (i - 90) * 3 : 0)
    return `${Date.UTC(2024, 0, 1) + i * DAY},${close},${close + 1},${close - 1},${close},1000,5000000`
  })
  const csv = (count: number): string =>
    ['start,open,high,low,close,volume,turnover', ...rows.slice(0, count)].join('\n')
  let found = 0
  for (let days = 30; days <= 120; days += 15) {
    const at = new Date(Date.UTC(2024, 0, 1) + days * DAY).toISOString().slice(0, 10)
    const words = ['scan', '--csv', '-', '--symbol', 'BTCUSDT', '--at', at]
    // Ticks are read off the prices, so the filters have to be the same for both.
    const cut = records((await bbw(words, { stdin: csv(days) })).out)
    const whole = records((await bbw(words, { stdin: csv(120) })).out)
    const figures = (signals: typeof cut): unknown[] => signals.map(({ instrument: _, ...rest }) => rest)
    assert.equal(figures(whole), figures(cut), at)
    found += cut.length
  }
  assert.ok(found > 0)
})

test('a coin on a list of the user that the market does not have is a warning', async () => {
  const own = folder.file('own.yaml', 'universe:\n  neverShort: [NOSUCH]\n')
  const { code, err } = await bbw([...ON, '--config', own])
  assert.is(code, 0)
  assert.match(err, /^universe\.neverShort: NOSUCH is the coin of no symbol of /m)
})

test('a time that cannot be is refused', async () => {
  for (const at of [
    'yesterday',
    '2024-02-30',
    '2024-13-01',
    '20240230',
    '1960-01-01',
    '2024-07-26T25:00Z',
    '',
  ]) {
    const { code, out, err } = await bbw([...SCAN, '--at', at])
    assert.equal([code, out], [2, ''], at)
    assert.match(err, `--at ${at} is not a time`)
  }
  assert.is((await bbw([...SCAN, '--at', '99999999999999999999'])).code, 2)
})

test('what is worth a look and is not entered is told besides, and goes through the pipe untouched', async () => {
  const on = ['--market', 'fixtures', '--at', '2024-07-26']
  const { out } = await bbw(['scan', ...on])
  const alerts = records(out).filter(({ type }) => type === 'alert')
  assert.equal(
    [...new Set(alerts.map(({ alert }) => alert))],
    ['overbought'],
    'the synthetic market is calm that day',
  )
  for (const { v, ts, id, symbol, alert, reason } of alerts) {
    assert.equal([v, ts, id], [1, AT, `${alert}:${symbol}:${AT - DAY}`])
    assert.match(String(reason), /^daily BB% \d+\.\d > 75$/)
  }
  const signals = records(out).filter(({ type }) => type === 'signal')
  assert.equal(signals, records((await bbw(['scan', ...on, '--no-alerts'])).out))
  const scored = await bbw(['score'], { stdin: out })
  assert.equal([scored.code, scored.err], [0, ''])
  assert.equal(
    records(scored.out).filter(({ type }) => type === 'alert'),
    alerts,
  )
  const alone = alerts.map(alert => `${JSON.stringify(alert)}\n`).join('')
  const traded = await bbw(['trade', ...on], { stdin: alone })
  assert.equal([traded.code, traded.out], [0, ''])
  const table = await bbw(['scan', ...on], { terminals: ['stdout'] })
  assert.match(table.out, /\nalert +symbol +candle closed +reason\n/)
})

test.run()
