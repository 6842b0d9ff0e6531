import { existsSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { instrumentFrom } from '../../market/instruments.ts'
import { dateOfFile, readInstruments } from './instruments.ts'
import { type ByteSource, openFile } from './source.ts'

const test = suite('csv instruments')

function source(...lines: readonly string[]): ByteSource {
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(lines.join('\n'))
  }
  return { name: 'list.csv', bytes: bytes() }
}

const LEAN = 'symbol,quoteCoin,tickSize,qtyStep,minOrderQty'

test('what a list does not say is null', async () => {
  const rows = await readInstruments(source(LEAN, 'BTCUSDT,USDT,0.10,0.001,0.001'), { date: '2026-08-21' })
  assert.equal(rows, [
    {
      symbol: 'BTCUSDT',
      baseCoin: null,
      quoteCoin: 'USDT',
      tick: '0.10',
      step: '0.001',
      minQty: '0.001',
      maxQty: null,
      minPrice: null,
      maxLeverage: null,
      date: '2026-08-21',
    },
  ])
})

test('a list without quantity steps gives no instruments', async () => {
  const list = source('symbol,quoteCoin,tickSize,minOrderQty', 'BTCUSDT,USDT,0.10,0.001')
  assert.is(await readInstruments(list, { date: '2025-08-08' }), null)
})

test('a bad list is refused with its place', async () => {
  for (const [lines, reason, line] of [
    [['symbol,tickSize', 'BTCUSDT,0.1'], 'no column for: quoteCoin, minOrderQty', 1],
    [[LEAN, 'BTCUSDT,USDT,0,0.001,0.001'], "'0' is not a positive", 2],
    [[LEAN, 'BTCUSDT,USDT,1e-3,0.001,0.001'], "'1e-3' is not a positive", 2],
    [[LEAN, '', 'BTCUSDT,USDT,0.1,0.001'], "'' is not a positive", 3],
    [[LEAN, 'A,USDT,1,1,1', 'A,USDT,1,1,1'], 'a second row for A', 3],
    [[LEAN, ',USDT,1,1,1'], 'names no symbol', 2],
  ] as const) {
    try {
      await readInstruments(source(...lines), { date: '2026-08-21' })
      assert.unreachable(reason)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      assert.match(error.message, reason)
      assert.is(error.place?.line, line)
    }
  }
})

test('the date of a list is in its name', () => {
  assert.is(dateOfFile('/x/2020-01-01/bybit-linear-usdt-2025-06-09.csv'), '2025-06-09')
  assert.is(dateOfFile('/x/2020-01-01/list.csv'), null)
})

const REAL = new URL('../../../../../shared/data/instruments/', import.meta.url).pathname

test('the recorded lists make instruments', async () => {
  if (!existsSync(REAL)) {
    process.stderr.write('skipped: there is no recorded data\n')
    return
  }
  for (const [name, count] of [
    ['bybit-linear-usdt-2025-06-09.csv', 543],
    ['bybit-linear-lean-2026-08-21.csv', 631],
  ] as const) {
    const rows = await readInstruments(openFile(REAL + name), { date: dateOfFile(name) ?? '' })
    assert.is(rows?.length, count)
    for (const row of rows ?? []) assert.ok(instrumentFrom(row).tickSize > 0, row.symbol)
  }
})

test.run()
