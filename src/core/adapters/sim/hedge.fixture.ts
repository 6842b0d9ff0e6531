/** Settings under which an account in hedge mode holds symbols on both sides at once, for tests. */
import { defaultSettings, overlay, type Settings } from '../../engine/settings.ts'
import type { Trade } from '../../portfolio/trade.ts'

/** As a user would write them: longs are entered below a BB% of 79, shorts from 71, and little else stands in the way. */
export const HEDGED = {
  positionMode: 'hedge',
  universe: { neverShort: [] },
  strategies: {
    'mean-reversion': { cooldownHours: 0, longBbPercentBelow: 45, shortBbPercentAbove: 70 },
    'bollinger-grid-long': {
      cooldownAfterStopHours: 0,
      cooldownAfterTargetHours: 0,
      bbPercentBelow: 79,
      entryBelowPercent: 0,
      stopBelowPercent: 12,
    },
    'bollinger-grid-short': {
      cooldownHours: 0,
      bbPercentFrom: 71,
      minAgreement: 0,
      entryAbovePercent: 0,
      maxPositions: 12,
    },
  },
  guards: {
    'score-threshold': { least: 0 },
    universe: { leastBandWidthPercent: 0 },
    confluence: { least: 0 },
    correlation: { refuseAbove: 1, halveAbove: 1 },
    'long-share': { freePositions: 50, percent: 100 },
    'x10-losses': { losses: 1_000 },
    'losing-streak': { losses: 1_000 },
  },
} as const

export function hedged(base: Settings = defaultSettings()): Settings {
  return overlay<Settings & { readonly [key: string]: unknown }>({ ...base }, HEDGED)
}

/** Pairs of trades of a symbol, a long and a short one, that were open at the same time. */
export function opposed(trades: readonly Trade[]): readonly (readonly [long: Trade, short: Trade])[] {
  const [longs, shorts] = [
    trades.filter(one => one.side === 'long'),
    trades.filter(one => one.side === 'short'),
  ]
  return longs.flatMap(long =>
    shorts
      .filter(
        short =>
          short.symbol === long.symbol && short.openedAt < long.closedAt && long.openedAt < short.closedAt,
      )
      .map(short => [long, short] as const),
  )
}
