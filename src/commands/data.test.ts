import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { UsageError } from '../core/base/errors.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { dataCommand } from './data.ts'

import { UNWATCHED } from './world.fixture.ts'

const test = suite('data command')
const HOUR = 3_600_000
const T0 = Date.UTC(2024, 0, 1)
const folder = mkdtempSync(join(tmpdir(), 'bbw-data-'))
let places = 0

test.after(() => rmSync(folder, { recursive: true }))

/** A working directory with the files given, and a folder for the cache. */
function place(files: { readonly [path: string]: string | Uint8Array }): {
  readonly cwd: string
  readonly dataDir: string
} {
  places += 1
  const cwd = join(folder, String(places))
  for (const [path, content] of Object.entries({ 'README.md': 'words', ...files })) {
    mkdirSync(join(cwd, path, '..'), { recursive: true })
    writeFileSync(join(cwd, path), content)
  }
  return { cwd, dataDir: join(cwd, 'state') }
}

interface Setting {
  readonly cwd: string
  readonly dataDir: string
  readonly flags?: ParsedArguments['flags']
  readonly stdin?: string
  readonly isTTY?: boolean
  readonly quiet?: boolean
  readonly signal?: AbortSignal
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

function command(name: string): CommandSpec {
  const found = dataCommand.commands?.find(one => one.name === name)
  if (found === undefined) throw new Error(`there is no data ${name}`)
  return found
}

async function run(name: string, args: readonly string[], setting: Setting): Promise<Outcome> {
  let out = ''
  let err = ''
  const isTTY = setting.isTTY === true
  const stdin = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(setting.stdin ?? '')
  }
  const world: World = {
    env: { BBW_DATA_DIR: setting.dataDir },
    cwd: setting.cwd,
    stdin: Object.assign(stdin(), { isTTY: false }),
    stdout: {
      isTTY,
      columns: 100,
      write: text => {
        out += text.toString()
        return Promise.resolve()
      },
    },
    stderr: {
      isTTY: false,
      columns: 100,
      write: text => {
        err += text
      },
    },
    clock: { now: () => T0, monotonic: () => 0, sleep: () => Promise.resolve() },
    signal: setting.signal ?? new AbortController().signal,
    watchdog: async () => UNWATCHED,
    hangup: { listen: () => () => {} },
    redactor: new Redactor([]),
    color: false,
    quiet: setting.quiet === true,
    verbose: false,
  }
  const code = await command(name).run?.(world, { flags: setting.flags ?? {}, args })
  if (code === undefined) throw new Error(`data ${name} does not run`)
  return { code, out, err }
}

function candles(count: number, spacing = HOUR, from = 0): string {
  const row = (_: unknown, i: number) => `${T0 + (from + i) * spacing},10,12,9,11,5,`
  return `start,open,high,low,close,volume,turnover\n${Array.from({ length: count }, row).join('\n')}\n`
}

const MARK = `start,open,high,low,close\n${T0},1,1,1,1\n${T0 + HOUR},1,1,1,1\n`
const FUNDING = `time,rate\n${T0},0.0001\n`
const LIST = 'symbol,quoteCoin,tickSize,qtyStep,minOrderQty\nBTCUSDT,USDT,0.1,0.001,0.001\n'
const NO_STEPS = 'symbol,quoteCoin,tickSize,minOrderQty\nBTCUSDT,USDT,0.1,0.001\n'

const LAYOUT = {
  'data/klines/1h/BTCUSDT.csv.gz': gzipSync(candles(3)),
  'data/klines/1d/ETHUSDT.csv.gz': gzipSync(candles(1, 24 * HOUR)),
  'data/klines/5m/ADAUSDT.csv': candles(3, 300_000, 100),
  'data/klines/5m-earlier/ADAUSDT.csv': candles(3, 300_000),
  'data/mark/1h/BTCUSDT.csv': MARK,
  'data/funding/BTCUSDT.csv': FUNDING,
  'data/instruments/list-2026-08-21.csv': LIST,
  'data/instruments/list-2025-08-08.csv': NO_STEPS,
  'data/klines-binance/1h/BTCUSDT.csv': candles(3),
  'data/bybit-recorded/index.csv': 'a,b\n',
  'data/manifest.csv': 'file,kind\n',
}

test('a folder of the known layout is imported, and what is not for bbw is left out with a word', async () => {
  const setting = place(LAYOUT)
  const { code, out, err } = await run('import', ['data'], setting)
  assert.is(code, 0, err)
  assert.is(out, '')
  assert.match(err, "left out: data/klines-binance, another exchange's candles")
  assert.match(err, 'left out: data/bybit-recorded')
  assert.match(err, 'left out: data/manifest.csv')
  assert.match(err, 'left out: data/instruments/list-2025-08-08.csv')
  assert.match(err, '7 files imported')
  const listed = await run('list', [], setting)
  const records = listed.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(
    records.map(record => [record.id, record.rows]),
    [
      ['candles/ADAUSDT/5m', 6],
      ['candles/BTCUSDT/1h', 3],
      ['candles/ETHUSDT/1d', 1],
      ['mark/BTCUSDT/1h', 2],
      ['funding/BTCUSDT', 1],
      ['instruments/2026-08-21', 1],
    ],
  )
  for (const record of records) assert.is(record.v, 1)
  assert.is(statSync(setting.dataDir).mode & 0o777, 0o700)
})

test('a second import passes over what is unchanged and reads what has changed', async () => {
  const setting = place({ 'BTCUSDT.csv': candles(3) })
  await run('import', ['BTCUSDT.csv'], setting)
  assert.match(
    (await run('import', ['BTCUSDT.csv'], setting)).err,
    '0 files imported, 0 new rows, 1 file unchanged',
  )
  writeFileSync(join(setting.cwd, 'BTCUSDT.csv'), candles(5))
  assert.match(
    (await run('import', ['BTCUSDT.csv'], setting)).err,
    '1 file imported, 2 new rows, 3 rows there already',
  )
})

test('a bad file is told with its place, the others go on, and the exit code is 2', async () => {
  const bad = candles(3).replace('10,12,9,11', '10,12,0,11')
  const setting = place({ 'a/ADAUSDT.csv': candles(3), 'a/BTCUSDT.csv': bad, 'a/ETHUSDT.csv': candles(3) })
  const first = await run('import', ['a', 'missing.csv'], setting)
  assert.is(first.code, 2)
  assert.match(first.err, 'refused: a/BTCUSDT.csv, line 2, column 4 (low): low is 0')
  assert.match(first.err, 'refused: missing.csv: there is no such file')
  assert.match(first.err, '2 files imported')
  const second = await run('import', ['a'], { ...setting, flags: { skipBad: true } })
  assert.is(second.code, 0, second.err)
  assert.match(second.err, 'left out 1 bad row (line 2: low is 0')
  assert.match(second.err, '1 file imported, 2 new rows, 2 files unchanged')
  const third = await run('import', ['a'], setting)
  assert.is(third.code, 2, 'bad rows that were agreed to once are told again without the flag')
  assert.match(
    (await run('import', ['a'], { ...setting, flags: { skipBad: true } })).err,
    '3 files unchanged',
  )
})

test('gaps are told with their line, and all of them counted', async () => {
  const rows = candles(20).trimEnd().split('\n')
  const holed = [...rows.slice(0, 12), ...[13, 15, 17, 19].map(n => rows[n])].join('\n')
  const { code, err } = await run('import', ['BTCUSDT.csv'], place({ 'BTCUSDT.csv': holed }))
  assert.is(code, 0)
  assert.match(err, 'BTCUSDT.csv, line 13: gap, 1 candle missing after 2024-01-01T10:00:00Z')
  assert.match(err, '1 further gap')
})

test('the symbol is given where the name does not tell it, and only for one file', async () => {
  const setting = place({ 'candles.csv': candles(3), 'b/ETHUSDT.csv': candles(3) })
  const unnamed = await run('import', ['candles.csv'], setting)
  assert.is(unnamed.code, 2)
  assert.match(unnamed.err, '--symbol BTCUSDT')
  assert.is((await run('import', ['candles.csv'], { ...setting, flags: { symbol: 'solusdt' } })).code, 0)
  const again = await run('import', ['candles.csv'], { ...setting, flags: { symbol: 'XRPUSDT' } })
  assert.match(again.err, '3 new rows')
  const piped = await run('import', ['-'], { ...setting, flags: { symbol: 'BNBUSDT' }, stdin: candles(4) })
  assert.match(piped.err, '4 new rows')
  const listed = (await run('list', [], { ...setting, isTTY: true })).out.split('\n')
  assert.match(listed[0], /^kind +symbol +interval +rows +first +last$/)
  assert.match(listed[1], /^candles +BNBUSDT +1h +4 +2024-01-01T00:00:00Z +2024-01-01T03:00:00Z$/)
  assert.is(listed.length, 5)
  for (const [args, flags] of [
    [['candles.csv', 'b'], { symbol: 'BTCUSDT' }],
    [['candles.csv'], { symbol: 'BTC' }],
    [[], {}],
  ] as const) {
    try {
      await run('import', args, { ...setting, flags })
      assert.unreachable()
    } catch (error) {
      assert.instance(error, UsageError)
    }
  }
})

test('a folder without CSV files is a mistake', async () => {
  try {
    await run('import', ['.'], place({}))
    assert.unreachable()
  } catch (error) {
    assert.instance(error, UsageError)
  }
})

test('stopped by Ctrl-C, the import leaves whole files and ends with 130', async () => {
  const setting = place({ 'a/ADAUSDT.csv': candles(3), 'a/BTCUSDT.csv': candles(3) })
  const already = await run('import', ['a'], { ...setting, signal: AbortSignal.abort('SIGINT') })
  assert.is(already.code, 130)
  assert.match(already.err, 'stopped')
  assert.is((await run('import', ['a'], { ...setting, signal: AbortSignal.abort('SIGTERM') })).code, 0)
  const controller = new AbortController()
  const stdin = candles(5_000)
  const halfway = run('import', ['a', '-'], { ...setting, stdin, flags: {}, signal: controller.signal })
  controller.abort('SIGINT')
  assert.is((await halfway).code, 130)
  const cache = MarketCache.open(join(setting.dataDir, 'market.db'), { readonly: true })
  for (const { rows } of cache.list()) assert.is(rows, 3)
  cache.close()
})

test('without a cache the list is empty and the check finds nothing to check', async () => {
  const setting = place({})
  const listed = await run('list', [], setting)
  assert.equal([listed.code, listed.out], [0, ''])
  assert.match(listed.err, 'bbw data import')
  assert.is((await run('check', [], setting)).code, 3)
  assert.not(existsSync(setting.dataDir))
})

test('the check lists gaps and exits 0, and exits 2 when the cache holds something impossible', async () => {
  const holed = `${candles(3)}${T0 + 5 * HOUR},10,12,9,11,5,\n`
  const setting = place({ 'BTCUSDT.csv': holed, 'funding/BTCUSDT.csv': FUNDING, 'mark/1h/BTCUSDT.csv': MARK })
  await run('import', ['.'], setting)
  const clean = await run('check', [], setting)
  assert.is(clean.code, 0)
  assert.match(clean.err, '3 series, 7 rows: 1 gap, 0 impossible rows')
  const { finding, missing, ts } = JSON.parse(clean.out)
  assert.equal([finding, missing, ts], ['gap', 2, T0 + 5 * HOUR])
  const shown = await run('check', [], { ...setting, isTTY: true })
  assert.match(shown.out, 'candles BTCUSDT 1h  2024-01-01T05:00:00Z  gap: 2 candles are missing')

  const db = new DatabaseSync(join(setting.dataDir, 'market.db'))
  db.prepare("UPDATE chunks SET data = ? WHERE kind = 'candles'").run(
    new Uint8Array(Float64Array.from([0, 1, 1, 3].map(n => T0 + n * HOUR).concat(Array(24).fill(1))).buffer),
  )
  db.prepare("UPDATE chunks SET data = ? WHERE kind = 'funding'").run(
    new Uint8Array(Float64Array.of(T0, 7).buffer),
  )
  db.close()
  const damaged = await run('check', [], setting)
  assert.is(damaged.code, 2)
  const kinds = damaged.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).finding)
  assert.equal(kinds, ['duplicate', 'gap', 'impossible'])
  assert.match(damaged.err, '2 impossible rows; the cache is damaged')
})

const REAL = new URL('../../../shared/data/', import.meta.url).pathname

test('the recorded daily candles are imported, but for one file that needs --skip-bad', async () => {
  if (!existsSync(REAL)) {
    process.stderr.write('skipped: there is no recorded data\n')
    return
  }
  const setting = place({})
  const daily = join(REAL, 'klines', '1d')
  const first = await run('import', [daily], setting)
  assert.is(first.code, 2)
  assert.match(first.err, /BCHUSDT\.csv\.gz, line 2, column 2 \(open\): open is 0/)
  assert.match(first.err, '232 files imported')
  const second = await run('import', [daily], { ...setting, flags: { skipBad: true } })
  assert.is(second.code, 0)
  assert.match(second.err, '232 files unchanged')
  const cache = MarketCache.open(join(setting.dataDir, 'market.db'), { readonly: true })
  assert.is(cache.symbols('1d').length, 233)
  const btc = cache.candles('BTCUSDT', '1d', Date.UTC(2021, 10, 10), Date.UTC(2021, 10, 11))
  assert.equal([btc?.length, btc?.close[0]], [1, 64_893.5])
  cache.close()
  const checked = await run('check', [], setting)
  assert.is(checked.code, 0)
  assert.match(checked.err, '216,605 rows: 0 gaps')
})

test.run()
