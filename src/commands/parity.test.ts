import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dailyFixtures, exportedTrades, Folder } from './world.fixture.ts'

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

test.run()
