/** Measures speed beside others: `make bench`. Machines are noisy: compare ratios within one run. */
import os from 'node:os'
import process from 'node:process'
import { benchBacktest } from './backtest.ts'
import { benchCycles } from './cycles.ts'
import { benchExchange } from './exchange.ts'
import { benchIndicators } from './indicators.ts'
import { benchStartup } from './startup.ts'
import { benchStatus } from './status.ts'

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

print(
  `${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.availableParallelism()} cores, Node ${process.version}`,
)
await benchIndicators(print)
await benchBacktest(print)
benchCycles(print)
benchStartup(print)
await benchStatus(print)
await benchExchange(print)
