import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FIXTURE, fixtureFiles, marketFiles } from './files.ts'
import { syntheticMarket } from './market.ts'

const test = suite('synthetic market files')
const FOLDER = join(import.meta.dirname, '..', '..', '..', '..', 'fixtures', 'market')

function stored(): readonly string[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter(path => statSync(join(FOLDER, path)).isFile())
    .sort()
}

test('the fixture market is what its seed makes, file by file', () => {
  const files = fixtureFiles()
  assert.equal(stored(), files.map(file => file.path).sort(), 'run `node tools/fixtures.ts`')
  for (const { path, text } of files) {
    const content = readFileSync(join(FOLDER, path))
    const found = path.endsWith('.gz') ? gunzipSync(content) : content
    assert.ok(
      found.equals(Buffer.from(text)),
      `${path} differs from seed ${FIXTURE.seed}: run \`node tools/fixtures.ts\``,
    )
  }
})

test('the fixture market is small and its archives carry no time', () => {
  let bytes = 0
  for (const path of stored()) {
    const content = readFileSync(join(FOLDER, path))
    bytes += content.length
    if (path.endsWith('.gz')) assert.is(content.readUInt32LE(4), 0, `${path} is stamped`)
  }
  assert.ok(bytes < 3_000_000, `${bytes} bytes`)
})

test('the README says that nothing in it is real, and from which seed it is', () => {
  const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8')
  assert.match(readme, /synthetic/i)
  assert.match(readme, 'Nothing in this folder is a real price')
  assert.match(readme, `seed ${FIXTURE.seed}`)
})

test('a market is written in plain decimals that read back as the same numbers', () => {
  const market = syntheticMarket(5, { days: 30, minutes15Days: 2, minutes5Days: 1, minutes5Symbols: 1 })
  const files = new Map(marketFiles(market).map(file => [file.path, file.text]))
  assert.is(files.size, 12 + 12 + 1 + 12 + 1)
  for (const candles of [...market.daily, ...market.minutes15, ...market.minutes5]) {
    const lines = lineList(files.get(`klines/${candles.interval}/${candles.symbol}.csv.gz`))
    assert.is(lines[0], 'start,open,high,low,close,volume,turnover')
    assert.is(lines.length, candles.length + 1)
    lines.slice(1).forEach((line, i) => {
      assert.match(line, /^\d+(,\d+(\.\d+)?){6}$/)
      const { start, open, high, low, close, volume, turnover } = candles
      assert.equal(line.split(',').map(Number), [
        start[i],
        open[i],
        high[i],
        low[i],
        close[i],
        volume[i],
        turnover[i],
      ])
    })
  }
  for (const history of market.funding) {
    const lines = lineList(files.get(`funding/${history.symbol}.csv.gz`))
    assert.is(lines[0], 'time,rate')
    assert.is(lines.length, history.time.length + 1)
    lines.slice(1).forEach((line, i) => {
      assert.match(line, /^\d+,-?0\.\d{8}$/)
      assert.equal(line.split(',').map(Number), [history.time[i], history.rate[i]])
    })
  }
})

test('the instrument file has the filters of the instruments of the market', () => {
  const market = syntheticMarket(5, { symbols: 4, days: 1 })
  const files = new Map(marketFiles(market).map(file => [file.path, file.text]))
  const [header, ...rows] = lineList(files.get('instruments/synthetic-2025-11-01.csv'))
  assert.is(
    header,
    'symbol,baseCoin,quoteCoin,minPrice,maxPrice,tickSize,minOrderQty,maxOrderQty,qtyStep,minLeverage,maxLeverage',
  )
  assert.is(rows.length, 4)
  market.instruments.forEach((instrument, i) => {
    const cells = rows[i].split(',')
    assert.equal(cells.slice(0, 3), [instrument.symbol, instrument.baseCoin, instrument.quoteCoin])
    assert.is(cells[5], instrument.tick)
    assert.is(cells[8], instrument.step)
    assert.is(Number(cells[3]), instrument.minPrice * instrument.tickSize)
    assert.is(Math.round(Number(cells[6]) / instrument.stepSize), instrument.minQty)
    assert.is(Math.round(Number(cells[7]) / instrument.stepSize), instrument.maxQty)
    assert.is(Number(cells[10]), instrument.maxLeverage)
  })
})

function lineList(text: string | undefined): readonly string[] {
  assert.type(text, 'string')
  return text === undefined ? [] : text.trimEnd().split('\n')
}

test.run()
