import { ACT_KINDS, actFrom } from '../core/adapters/sim/acts.ts'
import { RemoteExchange } from '../core/adapters/sim/remote.ts'
import { LOOPBACK, SimServer } from '../core/adapters/sim/server.ts'
import { DataError, ExchangeError, UsageError } from '../core/base/errors.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { EXIT } from './exit-codes.ts'
import { textFlag, timerangeFlag } from './flags.ts'
import { minute, say } from './lines.ts'
import { loadMarket, MARKET_FLAGS } from './market.ts'
import { bybitOver, freshCredentials, PROTOCOL_FLAGS, wantsBybit } from './sim-bybit.ts'
import { announce, ownCredentials, SIM_URL_FLAG, simCredentials, simUrlFlag } from './sim-credentials.ts'
import { openSimHost, tradingStart } from './sim-host.ts'
import { VENUE_FLAGS, venueOf, withFlags } from './simulate.ts'

const DATA_DIR_FLAG = MARKET_FLAGS.filter(({ flags }) => flags.startsWith('--data-dir'))

const serve: CommandSpec = {
  name: 'serve',
  summary: 'run the exchange until it is stopped',
  description:
    "Runs the embedded exchange as a process of its own, on the loopback. It prints one JSON line with url, key and secret when it is ready. Its market stands still until a trader (bbw run --exchange sim --sim-url URL) asks for the next step. Everything that is asked of it is written to sim.db in the data folder, so that it goes on where it stood when it is started again on the same folder, market and settings. With --protocol bybit it speaks Bybit's v5 REST and WebSocket instead, for bbw and for any other client of Bybit: its market moves by a clock of its own, and its account lives as long as the process. SIGTERM ends it with 0, Ctrl-C with 130.",
  examples: [
    'bbw sim serve',
    'bbw sim serve --protocol bybit --speed 60',
    'bbw sim serve --port 8790 --data-dir ~/exchange --market cache --symbol BTCUSDT',
  ],
  flags: [
    { flags: '--port <number>', description: 'where it listens; 0 for any that is free', default: '0' },
    {
      flags: '--host <address>',
      description: 'the loopback is the only one',
      default: LOOPBACK,
      choices: [LOOPBACK],
    },
    ...PROTOCOL_FLAGS,
    ...MARKET_FLAGS,
    ...VENUE_FLAGS,
    CONFIG_FLAG,
  ],
  async run(world, parsed) {
    if (wantsBybit(parsed)) return serveBybit(world, parsed)
    const config = withFlags(await loadConfig(world, parsed), parsed)
    const port = portFlag(parsed)
    const range = timerangeFlag(parsed)
    const folder = ensureDirectory(dataDirectory(world, textFlag(parsed, 'dataDir')))
    const { markets, name, warnings } = await loadMarket(world, parsed, 'replay', range.to)
    for (const warning of warnings) say(world, warning)
    let isNew = true
    const host = await openSimHost(
      folder,
      began => {
        isNew = began === null
        const from = range.from ?? began ?? tradingStart(markets)
        return venueOf(markets, config, { from, to: range.to }, parsed.flags.detail !== false, 'all')
      },
      { isEager: true },
    )
    try {
      // Later on the account is its trader's, who has it in the mode that is wanted.
      if (isNew) host.setPositionMode(config.positionMode)
      else if (host.positionMode !== config.positionMode) {
        say(world, `the account is in ${host.positionMode} mode, and positionMode is ${config.positionMode}`)
      }
      const credentials = ownCredentials(folder, freshCredentials)
      const server = await SimServer.listen(host, { ...credentials, port, wall: () => world.clock.now() })
      const forget = announce(world, server.port, credentials)
      try {
        await world.stdout.write(`${JSON.stringify({ url: server.url, ...credentials })}\n`)
        say(world, `${name}: ${markets.length} symbols, ${minute(host.now)} UTC, kept in ${folder}`)
        const fault = await Promise.race([server.fault, aborted(world.signal)])
        if (fault !== null) throw fault
        return world.signal.reason === 'SIGTERM' ? EXIT.ok : EXIT.interrupted
      } finally {
        forget()
        await server.close()
      }
    } finally {
      host.close()
    }
  },
}

/** Serves Bybit's own protocol until it is stopped. */
async function serveBybit(world: World, parsed: ParsedArguments): Promise<number> {
  const config = withFlags(await loadConfig(world, parsed), parsed)
  const port = portFlag(parsed)
  const range = timerangeFlag(parsed)
  const { markets, name, warnings } = await loadMarket(world, parsed, 'replay', range.to)
  for (const warning of warnings) say(world, warning)
  const start = range.from ?? tradingStart(markets) ?? world.clock.now()
  const credentials = freshCredentials()
  const { sim, speed, from } = await bybitOver(world, parsed, markets, config, credentials, start)
  const { BybitServer } = await import('../core/adapters/sim/bybit/server.ts')
  const server = await BybitServer.listen(sim, {
    port,
    wall: () => world.clock.monotonic(),
    stamp: () => world.clock.now(),
    sleep: (ms, signal) => world.clock.sleep(ms, signal),
  })
  const forget = announce(world, server.port, credentials)
  try {
    const line = { url: server.url, ...credentials, protocol: 'bybit', speed }
    await world.stdout.write(`${JSON.stringify(line)}\n`)
    say(world, `${name}: ${markets.length} symbols, ${minute(from)} UTC, ${speed} s of it in a second`)
    const untiered = markets.filter(({ tiers }) => tiers === undefined).length
    if (untiered > 0) {
      say(world, `of ${untiered} symbols no risk tiers are stored: one each, by the greatest leverage`)
    }
    const fault = await Promise.race([server.fault, aborted(world.signal)])
    if (fault !== null) throw fault
    return world.signal.reason === 'SIGTERM' ? EXIT.ok : EXIT.interrupted
  } finally {
    forget()
    await server.close()
  }
}

const act: CommandSpec = {
  name: 'act',
  summary: 'do something to its account that bbw has not asked for',
  description: `Does what a person with the app, a second bot or the exchange itself does: ${ACT_KINDS.join(', ')}. Prices are whole ticks, quantities whole steps of the symbol. bbw hears of it as it would at a real exchange.`,
  examples: [
    'bbw sim act \'{"kind":"remove-stop","symbol":"BTCUSDT","side":"long"}\' --sim-url http://127.0.0.1:8790',
    'bbw sim act \'{"kind":"open","symbol":"BTCUSDT","side":"long","steps":10}\' --sim-url http://127.0.0.1:8790',
    'bbw sim act \'{"kind":"thin","symbol":"BTCUSDT","steps":5}\' --sim-url http://127.0.0.1:8790',
    'bbw sim act \'{"kind":"deposit","usdt":-100}\' --sim-url http://127.0.0.1:8790',
  ],
  arguments: [{ name: '<json>', description: 'the act, one JSON object' }],
  flags: [SIM_URL_FLAG, ...DATA_DIR_FLAG],
  async run(world, parsed) {
    const wanted = actFrom(jsonOf(parsed.args[0] ?? ''))
    return connected(world, parsed, async exchange => {
      const refusal = await exchange.act(wanted)
      if (refusal !== null) throw new ExchangeError(refusal, { retryable: false, ambiguous: false })
      say(world, `${wanted.kind}: done`)
    })
  },
}

const account: CommandSpec = {
  name: 'account',
  summary: 'print its account as JSON',
  examples: ['bbw sim account --sim-url http://127.0.0.1:8790'],
  flags: [SIM_URL_FLAG, ...DATA_DIR_FLAG],
  async run(world, parsed) {
    return connected(world, parsed, async exchange => {
      await world.stdout.write(`${JSON.stringify(await exchange.account())}\n`)
    })
  },
}

export const simCommand: CommandSpec = {
  name: 'sim',
  summary: 'the embedded exchange as a process of its own',
  examples: [
    'bbw sim serve --port 8790',
    'bbw sim account --sim-url http://127.0.0.1:8790',
    'bbw sim act \'{"kind":"deposit","usdt":500}\' --sim-url http://127.0.0.1:8790',
  ],
  commands: [serve, act, account],
}

/** Talks to the exchange that the flags name, for one command. */
async function connected(
  world: World,
  parsed: ParsedArguments,
  use: (exchange: RemoteExchange) => Promise<void>,
): Promise<number> {
  const url = simUrlFlag(parsed)
  if (url === undefined) {
    throw new UsageError('which exchange is not said', 'give --sim-url as bbw sim serve prints it')
  }
  const exchange = await RemoteExchange.connect({
    url,
    ...simCredentials(world, parsed, url),
    wall: () => world.clock.now(),
    sleep: ms => world.clock.sleep(ms, world.signal),
    random: () => Math.random(),
    onTrouble: words => say(world, words),
  })
  try {
    await use(exchange)
    return EXIT.ok
  } finally {
    exchange.close()
  }
}

function portFlag(parsed: ParsedArguments): number {
  const text = textFlag(parsed, 'port') ?? '0'
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new UsageError(`--port ${text} is not a number from 0 to 65535`, 'for example: --port 8790')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DataError('the act is not JSON', undefined, 'for example: {"kind":"deposit","usdt":500}')
  }
}

/** Resolves with `null` when the user asks for the end. */
function aborted(signal: AbortSignal): Promise<null> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
}
