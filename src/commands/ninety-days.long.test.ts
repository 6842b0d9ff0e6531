/** Ninety days with every strategy on, through the commands: backtest and run agree, and replay finds no difference. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { STRATEGIES } from '../core/engine/cycles.ts'
import { bbw, exportedTrades, Folder, records } from './world.fixture.ts'

const test = suite('ninety days with everything on')
const RECORDED = join(import.meta.dirname, '..', '..', '..', 'shared', 'data')
const isThere = existsSync(join(RECORDED, 'klines/1d/BTCUSDT.csv.gz'))
if (!isThere) console.log('on recorded candles: skipped, as ../shared/data is not there')
const folder = new Folder()
const EVERYTHING = folder.file(
  'everything.yaml',
  `strategies:\n${STRATEGIES.map(({ id }) => `  ${id}: {enabled: true}\n`).join('')}`,
)

test.after(() => folder.remove())

const MARKETS = [
  {
    name: 'the synthetic market',
    range: '20250803-20251101',
    flags: ['--market', 'fixtures'],
    isThere: true,
  },
  {
    name: 'recorded candles',
    range: '20251130-20260228',
    flags: [
      '--market',
      RECORDED,
      '--skip-bad',
      '--symbol',
      'AAVEUSDT,ADAUSDT,AVAXUSDT,BNBUSDT,BTCUSDT,ETHUSDT',
    ],
    isThere,
  },
]

for (const { name, range, flags, isThere } of MARKETS) {
  const check = isThere ? test : test.skip
  check(
    `over ${name} backtest and run make the same trades, and every decision can be made again`,
    async () => {
      const words = [...flags, '--timerange', range, '-c', EVERYTHING]
      const backtest = await exportedTrades(folder, ['backtest', ...words])
      const data = join(folder.path, name.replaceAll(' ', '-'))
      const state = ['--data-dir', data, '--decisions', '--speed', 'max']
      const run = await exportedTrades(folder, ['run', ...words, ...state])
      assert.ok(backtest.length > 10, `${backtest.length} trades`)
      assert.equal(run, backtest)
      const replayed = await bbw(['replay', ...words, '--data-dir', data, '--json'], { cwd: folder.path })
      const [summary, ...differences] = records(replayed.out)
      assert.equal([replayed.code, differences], [0, []], replayed.err)
      console.log(`${name}: ${run.length} trades, ${JSON.stringify(summary)}`)
    },
  )
}

test.run()
