import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inDatabase, Loops } from './started.fixture.ts'
import { bbw, exportedTrades, type Outcome, records } from './world.fixture.ts'

const test = suite('replay')
const loops = new Loops()
const { folder } = loops
const [, DAILY] = loops.market
const RANGE = ['--timerange', '20240701-20240801']
const WHOLE = loops.fresh()

test.after(() => loops.end())

function run(data: string, ...words: readonly string[]): Promise<Outcome> {
  const all = [
    'run',
    '--market',
    DAILY,
    '--speed',
    'max',
    ...RANGE,
    '--data-dir',
    data,
    '--decisions',
    ...words,
  ]
  return bbw(all, { cwd: folder.path })
}

function replay(data: string, words: readonly string[] = [], market = DAILY): Promise<Outcome> {
  const all = ['replay', '--market', market, ...RANGE, '--data-dir', data, ...words]
  return bbw(all, { cwd: folder.path, terminals: words.includes('--json') ? [] : ['stdout'] })
}

/** A copy of the market in which the text of one file is another one. */
function marketWith(file: string, change: (text: string) => string): string {
  const market = join(loops.fresh(), 'market')
  cpSync(DAILY, market, { recursive: true })
  const path = join(market, file)
  const isPacked = file.endsWith('.gz')
  const bytes = readFileSync(path)
  const before = (isPacked ? gunzipSync(bytes) : bytes).toString()
  const after = change(before)
  assert.is.not(after, before, `${file} is changed`)
  writeFileSync(path, isPacked ? gzipSync(after) : after)
  return market
}

/** The close of a daily candle of a symbol, up by a tenth: one tick of BTCUSDT. */
function closeUp(day: string): string {
  return marketWith('klines/1d/BTCUSDT.csv.gz', text =>
    text
      .split('\n')
      .map(line => {
        const fields = line.split(',')
        if (fields[0] !== String(Date.parse(day))) return line
        const close = Number(fields[4])
        fields[4] = String(Number((close + (close < Number(fields[2]) ? 0.1 : -0.1)).toFixed(1)))
        return fields.join(',')
      })
      .join('\n'),
  )
}

const first = await run(WHOLE)
assert.is(first.code, 0, first.err)

test('a run that nothing has changed since is made again without a difference', async () => {
  const { code, out, err } = await replay(WHOLE)
  assert.is(code, 0, err)
  assert.match(
    out,
    /^\d+ decisions from 2024-07-01 00:00 to 2024-0\d-\d\d \d\d:\d\d UTC made again: no difference\n$/,
    out,
  )
  const [summary, ...others] = records((await replay(WHOLE, ['--json'])).out)
  assert.equal([summary.type, summary.differences, summary.unmade, others.length], ['replay', 0, 0, 0])
  assert.ok(Number(summary.compared) > 200, `${summary.compared} decisions`)
})

test('taking decisions down changes no trade', async () => {
  const plain = await exportedTrades(folder, [
    'run',
    '--no-state',
    '--market',
    DAILY,
    '--speed',
    'max',
    ...RANGE,
  ])
  const data = loops.fresh()
  const taken = await exportedTrades(folder, [
    ...['run', '--market', DAILY, '--speed', 'max', ...RANGE],
    ...['--data-dir', data, '--decisions'],
  ])
  assert.equal(taken, plain)
})

test('a close that is one tick off is named, in the range and in the history before it', async () => {
  for (const day of ['2024-07-10', '2024-06-30', '2023-12-15']) {
    const { code, out } = await replay(WHOLE, [], closeUp(day))
    assert.is(code, 7)
    assert.match(out, `candle BTCUSDT 1d of ${day}: another close\n`)
    assert.is([...out.matchAll(/^candle/gm)].length, 1)
  }
})

test('a parameter, a fee and a filter are named with what they were and are', async () => {
  const settings = folder.file(
    'other.yaml',
    'strategies: {mean-reversion: {leverage: 9}}\nfees: {taker: 0.0006}\n',
  )
  const changed = await replay(WHOLE, ['-c', settings])
  assert.is(changed.code, 7)
  assert.match(changed.out, 'parameter strategies.mean-reversion.leverage: 10 then, 9 now\n')
  assert.match(changed.out, 'fee fees.taker: 0.00055 then, 0.0006 now\n')
  const market = marketWith('instruments/synthetic-2025-11-01.csv', text =>
    text.replace(/^(ETHUSDT,.*),100\.00$/m, '$1,50.00'),
  )
  const filtered = await replay(WHOLE, [], market)
  assert.is(filtered.code, 7)
  assert.match(filtered.out, 'instrument ETHUSDT maxLeverage: 100 then, 50 now\n')
})

test('differences are records in a pipe, with the decisions that came out differently', async () => {
  const settings = folder.file('shorter.yaml', 'maxBars: 5\n')
  const { code, out } = await replay(WHOLE, ['--json', '-c', settings])
  assert.is(code, 7)
  const all = records(out)
  const { kind, path, was, now, words } = all[0]
  assert.equal([kind, path, was, now], ['parameter', 'maxBars', 30, 5])
  assert.is(words, 'parameter maxBars: 30 then, 5 now')
  const last = all[all.length - 1]
  assert.equal([last.type, last.differences], ['replay', all.length - 1])
})

test('a run that was stopped and gone on with, or ended in the middle of everything, is made again', async () => {
  const stopped = loops.fresh()
  for (const until of ['2024-07-05', '2024-07-14T12:00Z', '2024-07-23T00:00:30Z']) {
    const { code, err } = await run(stopped, '--until', until)
    assert.is(code, 0, err)
  }
  assert.is((await run(stopped)).code, 0)
  const clean = await replay(stopped)
  assert.is(clean.code, 0, clean.out)

  const killed = loops.fresh()
  for (let kills = 0; kills < 2; kills++) {
    const loop = loops.run(killed, ...RANGE, '--decisions', '--speed', '864000')
    await loop.says(/"kind":"filled"/, 'out')
    await loop.kill()
  }
  assert.is((await run(killed)).code, 0)
  const again = await replay(killed)
  assert.is(again.code, 0, again.out)
  assert.match(again.out, 'no difference')
})

test('--from and --to choose, and both ends count', async () => {
  const [all] = records((await replay(WHOLE, ['--json'])).out)
  const words = ['--json', '--from', '2024-07-10', '--to', '2024-07-12']
  const [some] = records((await replay(WHOLE, words)).out)
  assert.ok(Number(some.compared) > 0 && Number(some.compared) < Number(all.compared))
  assert.equal([some.from, some.to], [Date.UTC(2024, 6, 10), Date.UTC(2024, 6, 12)])
})

test('what cannot be is refused, and nothing is not found', async () => {
  for (const words of [
    ['--from', 'soon'],
    ['--to', '2024-02-30'],
    ['--from', '2024-07-20', '--to', '2024-07-01'],
  ]) {
    assert.is((await replay(WHOLE, words)).code, 2, words.join(' '))
  }
  assert.is((await replay(WHOLE, [], 'nowhere')).code, 2)
  const late = await replay(WHOLE, ['--from', '2025-01-01'])
  assert.is(late.code, 3)
  assert.match(late.err, 'no decision was taken down in that time')
  const none = await replay(loops.fresh())
  assert.is(none.code, 3)
  assert.match(none.err, 'bbw run --decisions does it')
  const both = await bbw(['run', '--no-state', '--decisions'])
  assert.is(both.code, 2)
})

test('a journal that somebody has changed is told with its row', async () => {
  const data = join(loops.fresh(), 'copy')
  cpSync(WHOLE, data, { recursive: true })
  inDatabase(join(data, 'decisions.db'), db => db.exec("UPDATE decisions SET answer = '[]' WHERE seq = 40"))
  const { code, err } = await replay(data)
  assert.is(code, 1)
  assert.match(err, 'E813')
  assert.match(err, 'decisions, row 40: it was changed')
})

test('a journal that cannot be opened is told, and trading goes on without', async () => {
  const data = loops.fresh()
  assert.is((await run(data, '--until', '2024-07-03')).code, 0)
  inDatabase(join(data, 'decisions.db'), db => db.exec('PRAGMA user_version = 9'))
  const { code, err, out } = await run(data, '--ndjson')
  assert.is(code, 0)
  assert.match(err, 'W812')
  assert.ok(records(out).some(({ type }) => type === 'trade'))
})

test.run()
