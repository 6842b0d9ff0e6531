import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportedTrades, Folder } from './world.fixture.ts'

const test = suite('parity of backtest and run on recorded candles')
const RECORDED = join(import.meta.dirname, '..', '..', '..', 'shared', 'data')
const isThere = existsSync(join(RECORDED, 'klines/1d/BTCUSDT.csv.gz'))
if (!isThere) console.log('skipped: ../shared/data is not there')
const folder = new Folder()

test.after(() => folder.remove())

// The run needs to be told where to begin: without that it leaves some history to the indicators.
for (const range of ['20210601-', '20240601-20250601']) {
  const check = isThere ? test : test.skip
  check(`both make the same trades of BTC and ETH, all intervals, in ${range}`, async () => {
    const flags = ['--market', RECORDED, '--symbol', 'BTCUSDT,ETHUSDT', '--timerange', range]
    const backtest = await exportedTrades(folder, ['backtest', ...flags])
    const run = await exportedTrades(folder, ['run', '--no-state', '--speed', 'max', ...flags])
    assert.ok(backtest.length > 20, `${backtest.length} trades`)
    assert.equal(run, backtest)
  })
}

test.run()
