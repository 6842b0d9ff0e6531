import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCandles } from '../core/adapters/csv/candles.ts'
import { readFunding } from '../core/adapters/csv/funding.ts'
import { readInstruments } from '../core/adapters/csv/instruments.ts'
import { openFile } from '../core/adapters/csv/source.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import type { Timestamp } from '../core/base/units.ts'
import { Engine } from '../core/engine/engine.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import { eventRecord } from '../core/wire/encode.ts'
import { defaultConfig } from './config.ts'
import { findFiles } from './data-files.ts'
import { loadMarket } from './market.ts'
import { venueOf } from './simulate.ts'
import { bbw, Folder, records } from './world.fixture.ts'

const test = suite('scan | score | trade')
const ROOT = join(import.meta.dirname, '..', '..')
const FIXTURES = join(ROOT, 'fixtures', 'market')
const DAY = '2024-07-26'
const AT = Date.UTC(2024, 6, 26)
const folder = new Folder()

test.after(() => folder.remove())

/** The pipe, stage by stage; each is handed what the one before has written. */
async function pipe(...market: readonly string[]): Promise<string> {
  return pipeAt(DAY, ...market)
}

async function pipeAt(time: string, ...market: readonly string[]): Promise<string> {
  const scanned = await bbw(['scan', ...market, '--at', time])
  const scored = await bbw(['score'], { stdin: scanned.out })
  const traded = await bbw(['trade', ...market, '--at', time], { stdin: scored.out })
  assert.equal([scanned.code, scored.code, traded.code], [0, 0, 0], scanned.err + scored.err + traded.err)
  return traded.out
}

/** What one heavy cycle of the engine says about the entries of the same market, as records. */
async function cycle(...market: readonly string[]): Promise<readonly EngineEvent[]> {
  return cycleAt(AT, ...market)
}

async function cycleAt(at: Timestamp, ...market: readonly string[]): Promise<readonly EngineEvent[]> {
  const flags = Object.fromEntries(
    market.flatMap((word, i) => (i % 2 === 0 ? [[word.slice(2), flagValue(word, market[i + 1])]] : [])),
  )
  const stdin = (async function* () {})()
  const world = { env: { BBW_DATA_DIR: folder.path }, cwd: folder.path, stdin }
  const { markets } = await loadMarket(world, { flags, args: [] }, 'replay', at)
  const config = defaultConfig()
  const engine = new Engine(config, { wallet: config.startingBalance, lacking: 'skip' })
  const inputs = [
    ...venueOf(markets, config, { from: at, to: null }, true).history(),
    { type: 'time', at } as const,
  ]
  return inputs
    .flatMap(input => [...engine.step(input)])
    .flatMap(effect => (effect.type === 'event' && effect.event.kind !== 'alert' ? [effect.event] : []))
}

function flagValue(flag: string, value: string): string | readonly string[] {
  return flag === '--csv' ? [value] : value
}

const text = (events: readonly EngineEvent[], dry: boolean): string =>
  events.map(event => `${JSON.stringify(eventRecord(event, dry))}\n`).join('')

test('the pipe says what one heavy cycle says, but that it is dry', async () => {
  const events = await cycle('--market', 'fixtures')
  const piped = await pipe('--market', 'fixtures')
  assert.is(piped, text(events, true))
  assert.is.not(piped, text(events, false))
})

test('every entry strategy enters and is refused on that day', async () => {
  const seen = new Set((await cycle('--market', 'fixtures')).map(event => `${event.strategy} ${event.kind}`))
  for (const strategy of ['mean-reversion', 'bollinger-grid-long', 'bollinger-grid-short']) {
    for (const kind of ['entered', 'refused'])
      assert.ok(seen.has(`${strategy} ${kind}`), `${strategy} ${kind}`)
  }
})

test('within the day the pipe says what a heavy cycle says on the newest 5-minute candles', async () => {
  const time = '2025-09-29T20:35Z'
  const events = await cycleAt(Date.parse(time), '--market', 'fixtures')
  assert.is(await pipeAt(time, '--market', 'fixtures'), text(events, true))
  const scalped = events.filter(event => event.strategy === 'bb-scalping')
  assert.ok(scalped.some(event => event.kind === 'entered'))
  // Five minutes later their candle is not the newest any more.
  const scanned = await bbw(['scan', '--market', 'fixtures', '--at', time, '--strategy', 'bb-scalping'])
  const late = await bbw(['trade', '--market', 'fixtures', '--at', '2025-09-29T20:40Z'], {
    stdin: (await bbw(['score'], { stdin: scanned.out })).out,
  })
  assert.equal([...new Set(records(late.out).map(event => event.kind))], ['refused'])
  assert.match(late.out, 'a newer candle has closed since')
})

test('a cycle over one CSV file says what the pipe over it says', async () => {
  const csv = folder.file('ETHUSDT.csv', gunzipSync(readFileSync(join(FIXTURES, 'klines/1d/ETHUSDT.csv.gz'))))
  const piped = await pipe('--csv', csv)
  assert.is(piped, text(await cycle('--csv', csv), true))
  assert.ok(records(piped).some(event => event.kind === 'entered'))
})

test('the cache of the same market says the same', async () => {
  const cache = MarketCache.open(join(folder.path, 'market.db'), { readonly: false })
  for (const { path, target } of findFiles([FIXTURES]).files) {
    const file = { source: path, target: path, sha256: '', badRows: 0, importedAt: 0 }
    if (target.kind === 'instruments') {
      const rows = await readInstruments(openFile(path), { date: target.date ?? '' })
      cache.importInstruments(rows ?? [], file)
    } else if (target.symbol !== null && target.kind === 'funding') {
      cache.importFunding(target.symbol, (await readFunding(openFile(path), {})).funding, file)
    } else if (target.kind === 'candles' && target.symbol !== null && target.interval !== undefined) {
      const { symbol, interval } = target
      cache.importCandles((await readCandles(openFile(path), { symbol, interval })).candles, file)
    }
  }
  cache.close()
  const flags = ['--market', 'cache', '--data-dir', folder.path]
  const piped = await pipe(...flags)
  assert.is(piped, text(await cycle('--market', 'cache'), true))
  assert.is(piped, await pipe('--market', 'fixtures'))
})

test('three processes in a pipe say the same', async () => {
  const script = `bin/bbw scan --market fixtures --at ${DAY} | bin/bbw score | bin/bbw trade --market fixtures --at ${DAY}`
  const out = execFileSync('bash', ['-o', 'pipefail', '-c', script], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TZ: 'America/New_York' },
  })
  assert.is(out, await pipe('--market', 'fixtures'))
})

test.run()
