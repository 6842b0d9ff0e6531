/** The public client and the cache against the simulated Bybit, over sockets: what it has is what arrives. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BybitRig } from '../../../faults-bybit-rig.fixture.ts'
import { HOUR, MINUTE } from '../../base/units.ts'
import { MarketCache } from '../sqlite/market-cache.ts'
import { Download, type Wish } from './download.ts'
import { BybitMarket } from './market.ts'

const test = suite('bybit download from the simulated exchange')

const QUIET = { progress: () => {}, problem: (words: string) => assert.unreachable(words) }

async function withCache(
  work: (rig: BybitRig, market: BybitMarket, cache: MarketCache) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bbw-test-'))
  const cache = MarketCache.open(join(folder, 'market.db'), { readonly: false })
  const rig = await BybitRig.open()
  try {
    await work(rig, new BybitMarket(rig.client()), cache)
  } finally {
    cache.close()
    await rig.close()
    rmSync(folder, { recursive: true })
  }
}

test('candles, mark candles, funding, filters and tiers arrive, and a second time nothing is fetched', async () => {
  await withCache(async (rig, market, cache) => {
    const now = rig.sim.now
    const wish: Wish = {
      kinds: ['candles', 'mark', 'funding', 'instruments', 'tiers'],
      symbols: ['AUSDT', 'TUSDT'],
      timeframes: ['15m', '1h'],
      from: now - 20 * HOUR,
      to: null,
    }
    const download = new Download(market, cache, 'simulated')
    const { signal } = new AbortController()
    const done = await download.run(wish, QUIET, signal)
    assert.equal([done.symbols, done.failed, done.refused], [2, 0, 0])
    const quarters = cache.candles('TUSDT', '15m')
    const closed = Math.floor(rig.sim.now / (15 * MINUTE)) * 15 * MINUTE
    assert.is(quarters?.start.at(-1), closed - 15 * MINUTE)
    assert.is(
      quarters?.length,
      (closed - Math.ceil((now - 20 * HOUR) / (15 * MINUTE)) * 15 * MINUTE) / (15 * MINUTE),
    )
    // The price of the simulated market stands still, and 60 are traded a minute.
    assert.ok(quarters?.close.every(close => close === 100))
    assert.ok(quarters?.volume.every(volume => volume === 15 * 60))
    assert.ok(cache.mark('AUSDT', '1h')?.close.every(close => close === 100))
    assert.ok(cache.funding('AUSDT').time.length >= 2)
    assert.equal(
      cache.instruments().map(({ symbol, tick, step }) => [symbol, tick, step]),
      [
        ['AUSDT', '0.1', '0.001'],
        ['TUSDT', '0.1', '0.001'],
      ],
    )
    assert.is(cache.tiers().find(({ symbol, id }) => symbol === 'TUSDT' && id === 1)?.maintenanceMargin, 0.01)
    const klines = rig.count('GET /v5/market/kline')
    const again = await download.run({ ...wish, kinds: ['candles', 'mark', 'funding'] }, QUIET, signal)
    assert.equal([again.rows, rig.count('GET /v5/market/kline')], [0, klines])
  })
})

test('a download whose answers go wrong on the way is whole in the end', async () => {
  await withCache(async (rig, market, cache) => {
    const wish: Wish = {
      kinds: ['candles'],
      symbols: null,
      timeframes: ['1h'],
      from: rig.sim.now - 20 * HOUR,
      to: null,
    }
    const { signal } = new AbortController()
    const problems: string[] = []
    const hearer = { progress: () => {}, problem: (words: string) => problems.push(words) }
    rig.sim.setFaults([
      { fault: 'truncated', only: '/v5/market/kline', most: 8 },
      { fault: 'html', only: '/v5/market/kline', most: 5 },
      { fault: 'reset-reply', only: '/v5/market/kline', most: 3 },
    ])
    // Should a piece fail in all its tries, the next run fetches it.
    await new Download(market, cache, 'simulated')
      .run(wish, hearer, signal)
      .catch(error => problems.push(String(error)))
    assert.ok(['truncated', 'html', 'reset-reply'].every(fault => (rig.sim.plan.counts[fault] ?? 0) > 0))
    rig.sim.setFaults([])
    await new Download(market, cache, 'simulated').run(wish, QUIET, signal)
    const lengths = new Set(cache.list().map(({ rows }) => rows))
    assert.equal([cache.list().length, lengths.size], [20, 1])
  })
})

test.run()
