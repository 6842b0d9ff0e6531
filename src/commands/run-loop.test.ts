import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { ExchangeError } from '../core/base/errors.ts'
import type { Steps, Ticks } from '../core/base/units.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { World } from './command.ts'
import { heldWords, runLoop } from './run-loop.ts'
import { bbw, dailyFixtures, Folder, UNWATCHED } from './world.fixture.ts'

const test = suite('run loop')
const folder = new Folder()
test.after(() => folder.remove())

const SOME = ['--market', dailyFixtures(folder), '--symbol', 'BTCUSDT,ETHUSDT', '--until', '2024-07-10']

test('nothing can be put aside where nothing is kept', async () => {
  const { code, err } = await bbw(['run', ...SOME, '--new', '--no-state'])
  assert.is(code, 2)
  assert.match(err, '--new and --no-state exclude one another')
})

test('what stands between the driver and the outside sees every request', async () => {
  let out = ''
  let placed = 0
  const world: World = {
    env: {},
    cwd: folder.path,
    stdin: Object.assign((async function* () {})(), { isTTY: false }),
    stdout: {
      isTTY: false,
      columns: 100,
      write: async text => {
        out += text
      },
    },
    stderr: { isTTY: false, columns: 100, write: () => {} },
    clock: { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0, sleep: async () => {} },
    signal: new AbortController().signal,
    hangup: { listen: () => () => {} },
    watchdog: async () => UNWATCHED,
    redactor: new Redactor([]),
    color: false,
    quiet: false,
    verbose: false,
  }
  const [, market, , symbol, , until] = SOME
  const flags = { market, symbol, until, state: false, speed: 'max', ndjson: true }
  const code = await runLoop(world, { flags, args: [] }, (ports: LivePorts) => ({
    ...ports,
    broker: new Proxy(ports.broker, {
      get: (broker, name: keyof LivePorts['broker']) => {
        if (name === 'place') placed++
        return broker[name].bind(broker)
      },
    }),
  }))
  assert.is(code, 0)
  assert.ok(placed > 0, `${placed} orders`)
  const entered = out.split('\n').filter(line => line.includes('"kind":"entered"')).length
  assert.ok(entered > 0 && placed >= entered, `${entered} entries, ${placed} orders`)
})

test('the last words speak of stops as the account has them', async () => {
  const btc = { symbol: 'BTCUSDT', side: 'long' } as const
  const eth = { symbol: 'ETHUSDT', side: 'short' } as const
  const account = (stops: readonly (Ticks | null)[]) => async () => ({
    wallet: 1_000,
    positions: [btc, eth].map((one, k) => ({
      ...one,
      steps: 2 as Steps,
      entry: 100,
      leverage: 3,
      stop: stops[k],
    })),
    orders: [],
  })
  const stop = 9_000 as Ticks
  assert.is(await heldWords([], account([null, null])), '0 open positions')
  assert.is(await heldWords([btc, eth], account([stop, stop])), '2 open positions, each with its stop')
  assert.is(
    await heldWords([btc, eth], account([stop, null])),
    '2 open positions, 1 WITHOUT a stop: ETHUSDT short',
  )
  const silent = async (): Promise<never> => {
    throw new ExchangeError('no answer', { retryable: true, ambiguous: false })
  }
  assert.is(await heldWords([btc], silent), '1 open positions, whose stops could not be read')
})

test.run()
