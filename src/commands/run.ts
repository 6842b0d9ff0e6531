import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG } from './config.ts'
import { DEFAULT_SPEED, RECORDS_FLAG } from './flags.ts'
import { MARKET_FLAGS } from './market.ts'
import { SIMULATION_FLAGS } from './simulate.ts'
import { EXCHANGE_FLAGS } from './trading-place.ts'

export const runCommand: CommandSpec = {
  name: 'run',
  summary: 'the live loop: on the embedded exchange, the real market on paper, a demo, a testnet or live',
  description:
    'Runs the loop (light every 30 s, heavy every 120 s, x10 every 480 s, daily at 00:05 UTC) on the exchange embedded in bbw, whose market is the synthetic fixtures or any recorded candles, or on one that bbw sim serve runs in another process; with --exchange paper on the real market, where fills are simulated and no key is needed; with --exchange demo, testnet or live on an account at Bybit, where it sends orders. Every entry, fill, target, stop move, exit and refusal is a line; on a terminal a dashboard shows them. Books and exchange are kept in the data folder: whatever ends it, the next run compares them and goes on. It ends with a summary when the candles end, at --until, by Ctrl-C (130) or SIGTERM (0), and with 5 where it leaves something open (C712). A second run on the same folder ends with 79.',
  examples: [
    'bbw run',
    'bbw run --market cache --symbol BTCUSDT,ETHUSDT --speed 3600',
    'bbw run --no-state --speed max --ndjson --until 2025-10-01',
    'bbw run --sim-url http://127.0.0.1:8790',
    'bbw run --exchange paper',
    'bbw run --exchange demo',
  ],
  flags: [
    ...EXCHANGE_FLAGS,
    { flags: '--new', description: 'put the state of earlier runs aside and begin anew' },
    {
      flags: '--no-state',
      description:
        'keep nothing: no books, no journal, nothing to go on from; not where orders go to an account',
    },
    ...MARKET_FLAGS,
    ...SIMULATION_FLAGS,
    { flags: '--speed <n>', description: `market seconds a second, or max`, default: String(DEFAULT_SPEED) },
    { flags: '--until <time>', description: 'end there, 2025-10-15' },
    {
      flags: '--export <file>',
      description:
        'write the trades and the summary: FILE.db as a database, else as records; - as a database',
    },
    { flags: '--decisions', description: 'take every decision down, for bbw replay' },
    { flags: '--plain', description: 'lines instead of the dashboard, on a terminal too' },
    CONFIG_FLAG,
    { ...RECORDS_FLAG, description: 'a record for every event and trade instead of a line' },
  ],
  run: async (world, parsed) => (await import('./run-loop.ts')).runLoop(world, parsed),
}
