/**
 * How the trader of a simulation is set up. The plain one is bbw as it comes; after the day's first loss it enters nothing
 * more. In a busy one a seed draws the settings, limits that end a day's trading are out of reach, entries are proposed
 * often, and their stops are near: positions come and go all the time, and what goes wrong meets them.
 */
import { type Config, defaultConfig } from '../commands/config.ts'
import type { Usdt } from '../core/base/units.ts'
import type { Draws } from './draws.fixture.ts'
import { PLAIN, type Proposing } from './signals.fixture.ts'

export interface Setup {
  readonly wallet: Usdt
  readonly config: Config
  readonly proposing: Proposing
  /** How often a person asks for something beside what goes wrong: shares of the occasions. */
  readonly asking: { readonly [kind in 'close' | 'adopt' | 'release']: number }
}

const STARTING: Usdt = 1_000
/** So many losses in a row are out of reach. */
const NO_LOSSES = 1_000

export function plainSetup(): Setup {
  return {
    wallet: STARTING,
    config: liveConfig(),
    proposing: PLAIN,
    asking: { close: 0, adopt: 0, release: 0 },
  }
}

/** The settings that a seed draws. */
export function busySetup(draws: Draws): Setup {
  const config = liveConfig()
  const { guards } = config
  const strategies = Object.fromEntries(
    Object.entries(config.strategies).map(([id, one]) => [id, restless(one)]),
  )
  const isLaddered = draws.next('setup ladder') < 0.4
  return {
    wallet: draws.pick('setup wallet', [1_000, 5_000, 20_000]),
    config: {
      ...config,
      strategies: {
        ...strategies,
        'dca-ladder': { ...strategies['dca-ladder'], enabled: isLaddered } as never,
      },
      positionMode: draws.next('setup mode') < 0.3 ? 'hedge' : 'one-way',
      guards: {
        ...guards,
        'daily-loss': { percent: 100, usdt: null },
        'losing-streak': { ...guards['losing-streak'], losses: NO_LOSSES },
        'x10-losses': { ...guards['x10-losses'], losses: NO_LOSSES },
        'long-share': { ...guards['long-share'], percent: 100 },
        'distance-to-stop': { leastPercent: 0.1 },
        'score-threshold': { least: 2 },
        correlation: { refuseAbove: 1, halveAbove: 1 },
      },
      drawdown: { ...config.drawdown, percent: 90, haltPercent: 95 },
      risk: { ...config.risk, cascadeClose: draws.next('setup cascade') < 0.5 },
    },
    proposing: { share: 0.5, reach: draws.pick('setup reach', [0.2, 0.4, 0.8]), fits: true },
    asking: { close: 0.02, adopt: 0.05, release: 0.01 },
  }
}

/** A strategy that rests after nothing. */
function restless<T extends object>(strategy: T): T {
  return Object.fromEntries(
    Object.entries(strategy).map(([name, value]) => [name, name.startsWith('cooldown') ? 0 : value]),
  ) as T
}

/** The defaults, without what would end all trading for days after a few losses. */
function liveConfig(): Config {
  const config = defaultConfig()
  const strategies = Object.fromEntries(
    Object.entries(config.strategies).map(([id, one]) => [id, 'live' in one ? { ...one, live: true } : one]),
  )
  return {
    ...config,
    strategies,
    drawdown: { ...config.drawdown, percent: 60, haltPercent: 90 },
    operations: { ...config.operations, snapshotSeconds: 60 },
  }
}
