/** Proposals and houses for tests of guards. */
import { HOUR } from '../base/units.ts'
import { MIDNIGHT, positionOf, signalOf, steps, ticks } from '../decision/view.fixture.ts'
import type { Side } from '../market/side.ts'
import { emptyPortfolio, type Portfolio } from '../portfolio/portfolio.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import { type Score, score } from '../scoring/score.ts'
import type { House, Proposal, Verdict } from './guard.ts'

/** A score of so many tenths. */
export function scoreOf(tenths: number, rejectedBy: Score['rejectedBy'] = null): Score {
  const any = score({
    side: 'long',
    tier: 'A',
    bbPercent: 10,
    weekBb: 40,
    monthBb: 40,
    turnover: 50e6,
    streak: 3,
    funding: 0,
    width: 10,
    rsi: 30,
  })
  return { ...any, tenths, value: tenths / 10, rejectedBy }
}

/** The grid entry of `signalOf` with a score of 6.5, under the grid's terms. */
export function proposalOf(over: Partial<Proposal> = {}): Proposal {
  return {
    signal: signalOf(),
    score: scoreOf(65),
    terms: {
      leverage: 3,
      risk: 0.2,
      maxPositions: 12,
      cooldown: 0,
      cooldownAfterStop: 4 * HOUR,
      cooldownAfterTarget: HOUR,
      maxHold: null,
      partialTargets: true,
    },
    neverTrade: false,
    entry: 97,
    steps: steps(1),
    margin: 0,
    sizing: '',
    ladder: null,
    addsTo: null,
    skipped: [],
    replaces: null,
    ...over,
  }
}

/** A house with 1,000 USDT, nothing held and nothing lost. */
export function houseOf(over: Partial<House> = {}): House {
  return {
    now: MIDNIGHT,
    portfolio: emptyPortfolio(1000),
    equity: 1000,
    realisedToday: 0,
    positionMode: 'one-way',
    pausedUntil: 0,
    pauseReason: '',
    halted: false,
    blocks: [],
    cooldowns: new Map(),
    accepted: new Map(),
    losses: [],
    hours: new Map(),
    lacking: 'refuse',
    live: null,
    takerFee: 0.00055,
    sizingLayers: [],
    ladder: null,
    ...over,
  }
}

/** A pending long of 3 coins at 100 with a margin of 100, unless said otherwise. */
export function pendingOf(over: Partial<PendingEntry> = {}): PendingEntry {
  const signal = signalOf()
  return {
    clientOrderId: `entry-${over.symbol ?? signal.symbol}`,
    signalId: signal.id,
    strategy: signal.strategy,
    timeframe: '1d',
    symbol: signal.symbol,
    side: 'long',
    instrument: signal.instrument,
    score: 6.5,
    steps: steps(3000),
    price: 100,
    stop: ticks(950),
    target: null,
    leverage: 3,
    margin: 100,
    candleStart: signal.candleStart,
    sentAt: MIDNIGHT,
    weekBb: 40,
    reason: signal.reason,
    ...over,
  }
}

/** Books with these positions and pending entries. */
export function booksOf(positions: readonly Position[], pending: readonly PendingEntry[] = []): Portfolio {
  return {
    ...emptyPortfolio(1000),
    positions: new Map(positions.map(one => [positionKey(one.symbol, one.side), one])),
    pending: new Map(pending.map(one => [one.clientOrderId, one])),
  }
}

/** So many positions of other coins. */
export function many(count: number, side: Side, over: Partial<Position> = {}): readonly Position[] {
  return Array.from({ length: count }, (_, i) => positionOf({ symbol: `${side}${i}USDT`, side, ...over }))
}

/** The gate that refused, or `admitted`. */
export function outcome(verdict: Verdict): string {
  return 'refused' in verdict ? verdict.refused.gate : 'admitted'
}
