import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { symbolOfFile } from './symbol.ts'

const test = suite('csv symbol')

test('the symbol is what the name begins with', () => {
  for (const [path, symbol] of [
    ['BTCUSDT.csv.gz', 'BTCUSDT'],
    ['/data/klines/1d/1000PEPEUSDT.csv.gz', '1000PEPEUSDT'],
    ['BTCUSDT-1d.csv', 'BTCUSDT'],
    ['ethusdt_5m.csv', 'ETHUSDT'],
    ['BTC_USDT_USDT-1h-futures.csv', 'BTCUSDT'],
    ['C:\\data\\SOLUSDT.csv', 'SOLUSDT'],
    ['candles.csv', null],
    ['my-BTCUSDT.csv', null],
    ['USDT.csv', null],
    ['-', null],
  ] as const) {
    assert.is(symbolOfFile(path), symbol, path)
  }
})

test.run()
