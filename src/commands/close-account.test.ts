import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { KEY, marketOf, PLAIN_COSTS, SECRET, START, still } from '../core/adapters/sim/bybit/bybit.fixture.ts'
import { type BybitOptions, SimBybit } from '../core/adapters/sim/bybit/bybit.ts'
import { BybitServer } from '../core/adapters/sim/bybit/server.ts'
import { instrument } from '../core/adapters/sim/exchange.fixture.ts'
import type { PositionMode } from '../core/market/side.ts'
import { Processes, type Started } from './started.fixture.ts'
import { bbw, Folder } from './world.fixture.ts'

const test = suite('closing with a key that may too much')
const processes = new Processes()
const folder = new Folder()
test.after(async () => {
  await processes.end()
  folder.remove()
})

const SPEED = 40

const MARKET = '/v5/market/'
const KEY_INFO = '/v5/user/query-api'

/** A simulated Bybit with a position of somebody's, under `data` of a command line at it. */
async function simulated(
  options: Partial<BybitOptions> = {},
  mode: PositionMode = 'one-way',
): Promise<{
  readonly sim: SimBybit
  readonly close: () => Promise<void>
  readonly start: (data: string, ...words: readonly string[]) => Started
}> {
  const sim = new SimBybit([marketOf(still(100, 10_000), { ...instrument, symbol: 'BTCUSDT' })], {
    costs: PLAIN_COSTS,
    wallet: 1_000,
    seed: '1',
    from: START,
    key: KEY,
    secret: SECRET,
    speed: SPEED,
    ...options,
  })
  if (mode === 'hedge') sim.desk.switchMode('hedge')
  const server = await BybitServer.listen(sim, {
    port: 0,
    wall: () => Date.now(), // world-ok: the exchange is a process of its own by its clock
    stamp: () => Date.now(), // world-ok: the same
    sleep: async (ms, signal) => {
      await wait(ms, undefined, { signal, ref: false }).catch(() => {}) // world-ok: the exchange’s own time
    },
  })
  assert.is(sim.cause({ fault: 'human-open', symbol: 'BTCUSDT', side: 'Buy', steps: 500 }), null)
  return {
    sim,
    close: () => server.close(),
    start: (data, ...words) =>
      processes.start(
        [
          ...words,
          ...['--exchange', 'demo', '--url', server.url, '--speed', `${SPEED}`],
          ...['--data-dir', join(folder.path, data)],
        ],
        { env: { BBW_API_KEY: KEY, BBW_API_SECRET: SECRET } },
      ),
  }
}

const isFlat = ({ desk }: SimBybit): boolean => desk.account.positions.every(({ side }) => side === null)

test('a key that can move money away closes everything, also where the clock goes faster, and trades nothing', async () => {
  const { sim, start, close } = await simulated({ keyInfo: { canWithdraw: true } })
  try {
    const traded = await start('run', 'run').ended
    assert.is(traded.code, 4, traded.err)
    assert.match(traded.err, /C415 the API key can move money away/)
    const closed = await start('trade', 'trade', 'flatten', '--without-state', '--all', '--execute').ended
    assert.is(closed.code, 0, closed.err)
    assert.match(closed.err, /C415 .*it is taken to close with alone/)
    assert.ok(isFlat(sim))
  } finally {
    await close()
  }
})

test('what a close can do without stops none: the whole market away, and what the key may', async () => {
  const { sim, start, close } = await simulated()
  try {
    sim.setFaults(
      ['tickers', 'instruments-info', 'kline', 'mark-price-kline', 'funding', 'risk-limit']
        .map(name => `${MARKET}${name}`)
        .concat(KEY_INFO, '/v5/account/info')
        .map(only => ({ fault: 'status', code: 502, only })),
    )
    const closed = await start('away', 'trade', 'flatten', '--without-state', '--all', '--execute').ended
    assert.is(closed.code, 0, closed.err)
    assert.match(closed.err, /W416 what the API key may cannot be read/)
    assert.ok((sim.plan.counts.status ?? 0) > 1)
    assert.ok(isFlat(sim))
  } finally {
    await close()
  }
})

test('an account in the other mode than the configuration is closed in the mode that it is in', async () => {
  const { sim, start, close } = await simulated({}, 'hedge')
  try {
    assert.is(sim.cause({ fault: 'human-open', symbol: 'BTCUSDT', side: 'Sell', steps: 300 }), null)
    const closed = await start('hedged', 'trade', 'flatten', '--without-state', '--all', '--execute').ended
    assert.is(closed.code, 0, closed.err)
    assert.is(sim.desk.mode, 'hedge')
    assert.ok(isFlat(sim))
  } finally {
    await close()
  }
})

test('what stands in the way without a loop is said, and that nothing goes on', async () => {
  const { sim, start, close } = await simulated()
  try {
    sim.setFaults([{ fault: 'refuse', code: 110_094, only: '/v5/order/create' }])
    const closed = await start('barred', 'trade', 'flatten', '--without-state', '--all', '--execute').ended
    assert.is(closed.code, 6, closed.err)
    assert.match(closed.err, /C221/)
    assert.match(closed.err, /nothing goes on closing now/)
    assert.not.match(closed.err, /W303/)
    assert.not(isFlat(sim))
  } finally {
    await close()
  }
})

test('a list of positions that comes late is waited for', async () => {
  const { sim, start, close } = await simulated()
  try {
    // More often than the reads of an opening are tried again.
    sim.setFaults([{ fault: 'status', code: 502, only: '/v5/position/list', most: 13 }])
    const closed = await start('late', 'trade', 'flatten', '--without-state', '--all', '--execute').ended
    assert.is(closed.code, 0, closed.err)
    assert.match(closed.err, /nothing is closed yet; it is tried again/)
    assert.ok(isFlat(sim))
  } finally {
    await close()
  }
})

test('for the embedded exchange a speed is refused: it goes on as fast as it can', async () => {
  const { code, err } = await bbw(['trade', 'flatten', '--execute', '--exchange', 'sim', '--speed', '2'], {
    env: { BBW_DATA_DIR: join(folder.path, 'sim') },
  })
  assert.is(code, 2, err)
  assert.match(err, /leave --speed out/)
})

test.run()
