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
    summary:
      'put scored signals through the guards, say why, close or hand over positions, pause, resume or halt',
    load: async () => (await import('./trade.ts')).tradeCommand,
  },
  {
    name: 'backtest',
    summary: 'replay candles through the engine and report its trades',
    load: async () => (await import('./backtest.ts')).backtestCommand,
  },
  {
    name: 'run',
    summary: 'the live loop: on the embedded exchange, the real market on paper, a demo, a testnet or live',
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    name: 'replay',
    summary: 'make the decisions of a run again and name every difference',
    load: async () => (await import('./replay.ts')).replayCommand,
  },
  {
    name: 'parity',
    summary: 'compare the trades of two exports and explain every difference',
    load: async () => (await import('./parity.ts')).parityCommand,
  },
  {
    name: 'status',
    summary: 'what is held, protected, earned and refused, and how healthy the loop is',
    load: async () => (await import('./status-command.ts')).statusCommand,
  },
  {
    name: 'sim',
    summary: 'the embedded exchange as a process of its own',
    load: async () => (await import('./sim.ts')).simCommand,
  },
  {
    name: 'data',
    summary: 'bring market data in, list and check them',
    load: async () => (await import('./data.ts')).dataCommand,
  },
  {
    name: 'config',
    summary: 'write, check and show the configuration',
    load: async () => (await import('./config-command.ts')).configCommand,
  },
  {
    name: 'db',
    summary: 'back up, check and restore the state',
    load: async () => (await import('./db.ts')).dbCommand,
  },
  {
    name: 'doctor',
    summary: 'look for what would keep bbw from working, and say what helps',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'explain',
    summary: 'what a code such as E971 means, what bbw does and what you can do',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
]
