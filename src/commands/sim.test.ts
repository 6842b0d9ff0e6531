import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EmbeddedExchange } from '../core/adapters/sim/embedded.ts'
import { RemoteExchange } from '../core/adapters/sim/remote.ts'
import { ScriptedTrader } from '../core/adapters/sim/trader.fixture.ts'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { DAY, HOUR } from '../core/base/units.ts'
import type { World } from './command.ts'
import { readCommandLine } from './command-line.ts'
import { defaultConfig } from './config.ts'
import { failureOf } from './failures.ts'
import { loadMarket } from './market.ts'
import { simCommand } from './sim.ts'
import { tradingStart } from './sim-host.ts'
import { venueOf } from './simulate.ts'
import { dailyFixtures, Folder, UNWATCHED } from './world.fixture.ts'

const test = suite('sim')

const folder = new Folder()
const market = dailyFixtures(folder)
const cache = process.env.NODE_COMPILE_CACHE
const env = { HOME: folder.path, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) }
const FIXTURE = join(import.meta.dirname, 'sim.fixture.ts')
const SYMBOL = 'ETHUSDT'
const MARKET_WORDS = ['--market', market, '--symbol', `BTCUSDT,${SYMBOL}`]

const children = new Set<ChildProcess>()
test.after(() => {
  for (const child of children) child.kill('SIGKILL')
  folder.remove()
})

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Starts `bbw` with words; `line` is its first line of data, `ended` what it came to. */
function start(words: readonly string[]): {
  readonly child: ChildProcess
  readonly line: Promise<string>
  readonly ended: Promise<Ended>
} {
  const child = spawn(process.execPath, [FIXTURE, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let out = ''
  let err = ''
  const line = Promise.withResolvers<string>()
  const ended = Promise.withResolvers<Ended>()
  line.promise.catch(() => {})
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
    const end = out.indexOf('\n')
    if (end >= 0) line.resolve(out.slice(0, end))
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.on('close', code => {
    children.delete(child)
    line.reject(new Error(`it ended with ${code}: ${err}`))
    ended.resolve({ code, out, err })
  })
  return { child, line: line.promise, ended: ended.promise }
}

/** The same in this process. */
async function run(words: readonly string[]): Promise<Ended> {
  const entry = { name: 'sim', summary: '', load: () => Promise.resolve(simCommand) }
  const line = await readCommandLine(words, [entry], '0.0.0', 100)
  let out = ''
  let err = ''
  if (line.kind !== 'run') return { code: 2, out, err: line.text }
  const write = async (text: string | Uint8Array): Promise<void> => {
    out += String(text)
  }
  const tell = (text: string): void => {
    err += text
  }
  const world: World = {
    env,
    cwd: folder.path,
    stdin: Object.assign(process.stdin, { isTTY: false }),
    stdout: { isTTY: false, columns: 100, write },
    stderr: { isTTY: false, columns: 100, write: tell },
    clock: { now: () => Date.now(), monotonic: () => 0, sleep: () => Promise.resolve() },
    signal: new AbortController().signal,
    hangup: { listen: () => () => {} },
    watchdog: async () => UNWATCHED,
    redactor: new Redactor([]),
    color: false,
    quiet: false,
    verbose: false,
  }
  try {
    return { code: await line.run(world, line.parsed), out, err }
  } catch (error) {
    const { code, lines } = failureOf(error, false)
    return { code, out, err: lines.join('\n') }
  }
}

interface Ready {
  readonly url: string
  readonly key: string
  readonly secret: string
}

/** A server on a data folder, ready. */
async function serve(
  data: string,
  port = '0',
): Promise<ReturnType<typeof start> & { readonly ready: Ready }> {
  const started = start(['sim', 'serve', '--data-dir', data, '--port', port, ...MARKET_WORDS])
  return { ...started, ready: JSON.parse(await started.line) as Ready }
}

test('it says where it is, is found without a secret in a flag, and lets others act on its account', async () => {
  const data = join(folder.path, 'first')
  const { child, ended, ready } = await serve(data)
  assert.match(ready.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.match(`${ready.key} ${ready.secret}`, /^[0-9a-f]{24} [0-9a-f]{64}$/)
  const announced = join(folder.path, '.local/state/bbw/sim', `${new URL(ready.url).port}.json`)
  assert.ok(existsSync(announced))
  const deposit = await run(['sim', 'act', '{"kind":"deposit","usdt":500}', '--sim-url', ready.url])
  assert.equal([deposit.code, deposit.out, deposit.err], [0, '', 'deposit: done\n'])
  const open = JSON.stringify({ kind: 'open', symbol: SYMBOL, side: 'short', steps: 10 })
  assert.is((await run(['sim', 'act', open, '--sim-url', ready.url])).code, 0)
  const account = JSON.parse((await run(['sim', 'account', '--sim-url', ready.url])).out)
  assert.ok(account.wallet > 1_490 && account.wallet < 1_500)
  const [position] = account.positions
  assert.equal([position.symbol, position.side, position.steps, position.stop], [SYMBOL, 'short', 10, null])
  const refused = await run([
    'sim',
    'act',
    JSON.stringify({ kind: 'liquidate', symbol: SYMBOL, side: 'long' }),
    '--sim-url',
    ready.url,
  ])
  assert.is(refused.code, 5)
  assert.match(refused.err, /no long position on ETHUSDT/)
  child.kill('SIGTERM')
  const { code, out, err } = await ended
  assert.is(code, 0)
  assert.is(out.trimEnd().split('\n').length, 1)
  assert.match(err, /2 symbols, .* UTC, kept in/)
  assert.not.ok(existsSync(announced))
  assert.equal(JSON.parse(readFileSync(join(data, 'sim-credentials.json'), 'utf8')), {
    key: ready.key,
    secret: ready.secret,
  })
  const gone = await run(['sim', 'account', '--sim-url', ready.url, '--data-dir', data])
  assert.equal([gone.code, /ECONNREFUSED/.test(gone.err)], [5, true])
})

test('a second one on its folder or its port is refused, and Ctrl-C ends it with 130', async () => {
  const data = join(folder.path, 'second')
  const { child, ended, ready } = await serve(data)
  const { port } = new URL(ready.url)
  const sameFolder = await run(['sim', 'serve', '--data-dir', data, ...MARKET_WORDS])
  assert.is(sameFolder.out, '')
  assert.is(sameFolder.code, 79)
  assert.match(sameFolder.err, new RegExp(`E801 the exchange of .*second runs in process ${child.pid} on`))
  const samePort = await run([
    'sim',
    'serve',
    '--data-dir',
    join(folder.path, 'third'),
    '--port',
    port,
    ...MARKET_WORDS,
  ])
  assert.equal([samePort.code, samePort.out], [4, ''])
  assert.match(samePort.err, new RegExp(`port ${port} on 127.0.0.1 is in use`))
  child.kill('SIGINT')
  assert.is((await ended).code, 130)
})

test('wrong words are refused with what is wrong', async () => {
  for (const [words, code, pattern] of [
    [['sim', 'act', '{"kind"'], 2, /the act is not JSON/],
    [['sim', 'act', '{"kind":"explode"}'], 2, /kind has to be one of open, reduce/],
    [['sim', 'act', '{"kind":"deposit","usdt":5}'], 2, /which exchange is not said/],
    [['sim', 'account', '--sim-url', 'http://evil.example:80'], 2, /not the address of an exchange/],
    [['sim', 'account', '--sim-url', 'http://127.0.0.1:1'], 4, /no credentials/],
    [['sim', 'serve', '--port', '70000'], 2, /--port 70000 is not a number from 0 to 65535/],
    [['sim', 'serve', '--host', '0.0.0.0'], 2, /127\.0\.0\.1/],
    [['sim', 'serve', '--speed', '60'], 2, /--speed is for Bybit's protocol/],
    [['sim', 'serve', '--protocol', 'bybit', '--speed', '0', ...MARKET_WORDS], 2, /--speed 0/],
    [['sim', 'serve', '--protocol', 'kraken'], 2, /bybit/],
  ] as const) {
    const ended = await run(words)
    assert.equal([ended.code, ended.out], [code, ''], words.join(' '))
    assert.match(ended.err, pattern)
  }
})

test("it speaks Bybit's protocol too, with its market in the present and its own clock", async () => {
  const words = ['--protocol', 'bybit', '--speed', '30', '--starting-balance', '250', ...MARKET_WORDS]
  const { child, line, ended } = start(['sim', 'serve', ...words])
  const ready = JSON.parse(await line)
  assert.equal([ready.protocol, ready.speed], ['bybit', 30])
  assert.match(`${ready.key} ${ready.secret}`, /^[0-9a-f]{24} [0-9a-f]{64}$/)
  const ask = async (
    path: string,
  ): Promise<{ result: { list: { [name: string]: string }[] }; time: number }> =>
    (await fetch(`${ready.url}${path}`)).json() as never
  const { time } = await ask('/v5/market/time')
  assert.ok(Math.abs(time - Date.now()) < HOUR)
  const tickers = await ask('/v5/market/tickers?category=linear')
  assert.equal(
    tickers.result.list.map(({ symbol }) => symbol),
    ['BTCUSDT', SYMBOL],
  )
  const days = await ask(`/v5/market/kline?category=linear&symbol=${SYMBOL}&interval=D&limit=60`)
  assert.is(days.result.list.length, 60)
  child.kill('SIGTERM')
  const { code, err } = await ended
  assert.is(code, 0)
  assert.match(err, /2 symbols, .* UTC, 30 s of it in a second/)
  assert.match(err, /of 2 symbols no risk tiers are stored/)
})

test('killed at any moment and started again on its folder and port, it loses nothing and tells nothing twice', async () => {
  const data = join(folder.path, 'killed')
  let server = await serve(data)
  const { port } = new URL(server.ready.url)
  let kills = 0
  let troubles = 0
  const exchange = await RemoteExchange.connect({
    ...server.ready,
    wall: () => Date.now(),
    random: () => 0.5,
    onTrouble: () => troubles++,
    sleep: async () => {
      if (server.child.killed) server = await serve(data, port)
    },
  })
  const { markets } = await loadMarket(
    { env: {}, cwd: '/', stdin: process.stdin },
    { flags: { market, symbol: `BTCUSDT,${SYMBOL}` }, args: [] },
    'replay',
    null,
  )
  const from = tradingStart(markets)
  const local = new EmbeddedExchange(venueOf(markets, defaultConfig(), { from, to: null }, true))
  const until = local.clock.now() + 60 * DAY
  const go = (): Promise<boolean> => Promise.resolve(true)
  assert.equal(await exchange.history(), await local.history())
  const trader = new ScriptedTrader(exchange, SYMBOL)
  let idles = 0
  await exchange.run(
    async () => {
      await trader.idle()
      // Between instants and within them.
      if (++idles % 37 !== 0 || kills === 3) return
      kills++
      server.child.kill('SIGKILL')
    },
    go,
    until,
  )
  const whole = new ScriptedTrader(local, SYMBOL)
  await local.run(() => whole.idle(), go, until)
  assert.equal([kills, troubles], [3, 3])
  assert.ok(whole.heard.length > 200)
  assert.equal(trader.heard, whole.heard)
  assert.equal(await exchange.account(), await local.account())
  assert.equal(await exchange.executions(0), await local.executions(0))
  exchange.close()
  server.child.kill('SIGKILL')
  await server.ended
  const other = await run(['sim', 'serve', '--data-dir', data, ...MARKET_WORDS, '--starting-balance', '7'])
  assert.match(other.err, /the starting balance was 1000 and is 7\n.*another folder/s)
})

test.run()
