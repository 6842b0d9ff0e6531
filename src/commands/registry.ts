import type { CommandSpec } from './command.ts'

/** A command by what the overview needs; the rest is loaded when it is the one that was asked for. */
export interface RegistryEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<CommandSpec>
}

/** All commands, in the order of the overview. The name and the summary are those of the command's own file. */
export const REGISTRY: readonly RegistryEntry[] = [
  {
    name: 'scan',
    summary: 'look at the market once and print the signals of all entry strategies',
    load: async () => (await import('./scan.ts')).scanCommand,
  },
  {
    name: 'score',
    summary: 'rate signals 0 to 10 with the nine parts and the verdict',
    load: async () => (await import('./score.ts')).scoreCommand,
  },
  {
    name: 'trade',
    summary: 'put scored signals through the guards and say what would be done',
    load: async () => (await import('./trade.ts')).tradeCommand,
  },
  {
    name: 'backtest',
    summary: 'replay candles through the engine and report its trades',
    load: async () => (await import('./backtest.ts')).backtestCommand,
  },
  {
    name: 'run',
    summary: 'the live loop of three cycles on the embedded exchange',
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    name: 'data',
    summary: 'bring market data in, list and check them',
    load: async () => (await import('./data.ts')).dataCommand,
  },
]
