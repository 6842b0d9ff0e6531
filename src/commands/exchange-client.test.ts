import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MarketServer, NOW, onLoopback } from '../core/adapters/bybit/market.fixture.ts'
import { UsageError } from '../core/base/errors.ts'
import type { World } from './command.ts'
import { publicMarket } from './exchange-client.ts'

const test = suite('exchange client')

const clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} }
const env = { BBW_DATA_DIR: '/nowhere' }
const world = { clock, env, cwd: '/', signal: new AbortController().signal } as unknown as World

test('the public market is where the flag says, and asked without a key', async () => {
  const server = new MarketServer([{ symbol: 'BTCUSDT', launched: 0 }])
  const loopback = await onLoopback(server)
  const { market, url, close } = publicMarket(world, { flags: { url: loopback.url }, args: [] })
  try {
    assert.is(url, loopback.url)
    assert.is((await market.tickers()).at, NOW)
  } finally {
    close()
    await loopback.close()
  }
})

test('without a flag it is the real one, and a wrong address is refused', () => {
  const { url, close } = publicMarket(world, { flags: {}, args: [] })
  close()
  assert.is(url, 'https://api.bybit.com')
  assert.throws(
    () => publicMarket(world, { flags: { url: 'http://example.com' }, args: [] }),
    (error: unknown) => error instanceof UsageError,
  )
})

test.run()
