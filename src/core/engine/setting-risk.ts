/** Which changes of the configuration raise risk: a running loop takes over at once only what does not. */
import { ENTRY_STRATEGIES, LADDERS, ROTATIONS } from './cycles.ts'
import { pathPattern } from './setting-ranges.ts'

/**
 * When a change raises risk: when the number grows, when it shrinks, when a switch is put on or off, when a name leaves
 * the list, when both sides of a symbol may be held; never. What is in no row raises it whichever way it changes, as nobody has said that it does not.
 */
type Raises = 'more' | 'less' | 'on' | 'off' | 'fewer-names' | 'both-sides' | 'never'

const ENTRIES = [...ENTRY_STRATEGIES, ...LADDERS, ...ROTATIONS].map(
  ({ id }) => [`strategies.${id}.enabled`, 'on'] as const,
)

/** By path, `*` within one level, `**.` any number of levels; the first that fits counts. */
const DIRECTIONS: readonly (readonly [pattern: string, raises: Raises])[] = [
  ['operations.**.*', 'never'],
  ['alerts.**.*', 'never'],
  ...ENTRIES,
  // Management locks profits in and sizing cuts: without them more is at risk.
  ['strategies.*.enabled', 'off'],
  ['strategies.*.live', 'on'],
  ['strategies.*.leverage', 'more'],
  ['strategies.*.risk', 'more'],
  ['strategies.*.maxPositions', 'more'],
  ['strategies.*.cooldown*Hours', 'less'],
  ['strategies.*.maxHoldHours', 'more'],
  ['strategies.*.stop*Percent', 'more'],
  ['strategies.*.longBbPercentBelow', 'more'],
  ['strategies.*.shortBbPercentAbove', 'less'],
  ['strategies.*.longBbPercentTo', 'more'],
  ['strategies.*.shortBbPercentFrom', 'less'],
  ['strategies.*.longRsiBelow', 'more'],
  ['strategies.*.shortRsiAbove', 'less'],
  ['strategies.*.costMultiple', 'less'],
  ['strategies.*.slippageBasisPoints', 'less'],
  ['strategies.funding-rotation.paysOverPercent', 'less'],
  ['strategies.funding-rotation.quietMinutes', 'less'],
  ['strategies.funding-rotation.maxPerDay', 'more'],
  ['strategies.funding-rotation.coinRestHours', 'less'],
  ['strategies.*.bbPercentBelow', 'more'],
  ['strategies.*.bbPercentFrom', 'less'],
  ['strategies.*.minAgreement', 'less'],
  ['strategies.*.riskPercent', 'more'],
  ['strategies.dca-ladder.*Margin', 'more'],
  ['strategies.*.bbPercentUpTo', 'more'],
  ['strategies.atr-risk-sizing.highLeverageTolerance', 'more'],
  ['strategies.atr-risk-sizing.alertTolerance', 'more'],
  ['strategies.trailing-*.*LockPercent', 'less'],
  ['guards.universe.leastBandWidthPercent', 'less'],
  ['guards.score-threshold.least', 'less'],
  ['guards.stale-data.*', 'more'],
  ['guards.distance-to-stop.leastPercent', 'less'],
  ['guards.confluence.least', 'less'],
  ['guards.daily-loss.*', 'more'],
  ['guards.cascade.stopMultiple', 'less'],
  ['guards.losing-streak.losses', 'more'],
  ['guards.losing-streak.*', 'less'],
  ['guards.x10-losses.losses', 'more'],
  ['guards.x10-losses.highLeverage', 'more'],
  ['guards.x10-losses.*', 'less'],
  ['guards.correlation.*', 'more'],
  ['guards.long-share.*', 'more'],
  ['guards.total-margin.*', 'more'],
  ['guards.sizing.leastEquity', 'less'],
  ['guards.sizing.parts', 'less'],
  ['guards.sizing.leastMargin', 'more'],
  ['guards.sizing.mostOfRisk', 'more'],
  ['guards.sizing.factor*', 'more'],
  ['guards.sizing.agreement*', 'more'],
  ['positionMode', 'both-sides'],
  ['portfolioGates', 'off'],
  ['drawdown.percent', 'more'],
  ['drawdown.pauseHours', 'less'],
  ['drawdown.haltPauses', 'more'],
  ['drawdown.haltDays', 'less'],
  ['drawdown.haltPercent', 'more'],
  ['drawdown.closeAll', 'off'],
  ['risk.cascadeClose', 'off'],
  ['risk.liquidationAlertPercent', 'never'],
  ['recovery.haltSeconds', 'more'],
  ['recovery.stopTries', 'more'],
  ['recovery.windowSeconds', 'less'],
  ['maxBars', 'more'],
  ['universe.neverTrade', 'fewer-names'],
  ['universe.neverShort', 'fewer-names'],
]

const COMPILED = DIRECTIONS.map(([pattern, raises]) => ({ pattern: pathPattern(pattern), raises }))

/** Daily decisions on all symbols rather than on those of highest turnover. */
const ALL_SYMBOLS = 0

/** Whether changing the setting at a path from one value to another raises risk; where nobody knows it does. */
export function raisesRisk(path: string, from: unknown, to: unknown): boolean {
  if (path === 'universe.top') return scope(to) > scope(from)
  const raises = COMPILED.find(({ pattern }) => pattern.test(path))?.raises
  switch (raises) {
    case 'never':
      return false
    case 'on':
      return to !== false
    case 'off':
      return to !== true
    case 'more':
      return !(limit(to) <= limit(from))
    case 'less':
      return !(limit(to) >= limit(from))
    case 'fewer-names':
      return !(Array.isArray(from) && Array.isArray(to) && from.every(name => to.includes(name)))
    case 'both-sides':
      return to !== 'one-way'
    case undefined:
      return true
  }
}

/** A limit that is not set lets everything through; what is no limit at all compares with nothing. */
function limit(value: unknown): number {
  if (value === null) return Number.POSITIVE_INFINITY
  return typeof value === 'number' ? value : Number.NaN
}

function scope(top: unknown): number {
  return top === ALL_SYMBOLS || typeof top !== 'number' ? Number.POSITIVE_INFINITY : top
}
