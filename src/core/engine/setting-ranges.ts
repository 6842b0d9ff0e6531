/**
 * What the values of the configuration may be, beyond the type that their defaults give: one table of path patterns,
 * and the pairs of settings that contradict each other.
 */
import { POSITION_MODES } from '../market/side.ts'

/** What the values of one setting may be. */
export type SettingRule =
  | {
      readonly kind: 'number'
      readonly least: number
      readonly most: number
      /** `least` itself is not allowed. */
      readonly above: boolean
      readonly whole: boolean
    }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'text'; readonly pattern: RegExp; readonly words: string }

function from(least: number, most: number): SettingRule {
  return { kind: 'number', least, most, above: false, whole: false }
}

function above(least: number, most: number): SettingRule {
  return { kind: 'number', least, most, above: true, whole: false }
}

function whole(least: number, most: number): SettingRule {
  return { kind: 'number', least, most, above: false, whole: true }
}

/** A year of hours: no rest and no hold is longer. */
const MOST_HOURS = 8_760
/** A day of minutes. */
const MOST_MINUTES = 1_440
/** A day of seconds. */
const MOST_SECONDS = 86_400
/** No amount of money is greater. */
const MOST_USDT = 1e12

/**
 * By path, `*` being any text within one level and `**.` any number of levels; the first that fits counts. What a name
 * says of itself (`...Percent`, `...Hours`) stands last, so that a new setting has a range from its name alone.
 */
const RULES: readonly (readonly [pattern: string, rule: SettingRule])[] = [
  ['startingBalance', above(0, MOST_USDT)],
  ['maxBars', whole(1, 100_000)],
  ['positionMode', { kind: 'choice', of: POSITION_MODES }],
  ['mode', { kind: 'choice', of: ['dry', 'live'] }],
  [
    'account.alias',
    { kind: 'text', pattern: /^[\w-]{2,40}$/, words: 'a word of 2 to 40 letters and digits' },
  ],
  ['account.keyFile', { kind: 'text', pattern: /^[^\p{Cc}]+$/u, words: 'the path of a file' }],
  ['fees.*', from(0, 0.1)],
  ['simulation.slippageOfRange', from(0, 1)],
  ['simulation.*', from(0, 0.1)],
  ['universe.top', whole(0, 100_000)],
  ['universe.quote', { kind: 'text', pattern: /^[A-Z]{2,10}$/, words: 'a coin in capitals, such as USDT' }],
  ['strategies.*.risk', above(0, 1)],
  ['strategies.*.maxPositions', whole(0, 1_000)],
  ['strategies.*.maxHoldHours', above(0, MOST_HOURS)],
  ['strategies.*.minAgreement', whole(0, 3)],
  ['strategies.*.stop*Percent', above(0, 99)],
  ['strategies.*.entry*Percent', from(0, 99)],
  ['strategies.*.*BbPercent*', from(0, 100)],
  ['strategies.*.bbPercent*', from(0, 100)],
  ['strategies.*.*Rsi*', from(0, 100)],
  ['strategies.*.costMultiple', from(0, 100)],
  ['strategies.*.*BasisPoints', from(0, 1_000)],
  ['strategies.*.*Progress', from(0, 1)],
  ['strategies.*.fallingDays', whole(1, 365)],
  ['strategies.*.leastTurnover', from(0, MOST_USDT)],
  ['strategies.*.changePercentFrom', from(0, 1e6)],
  ['strategies.*.max*s', whole(0, 1_000)],
  ['strategies.*.maxPerDay', whole(0, 1_000)],
  ['strategies.*.leastParentScore', from(0, 10)],
  ['strategies.*.*MovePercent', from(0, 1_000)],
  ['strategies.*.roePercent', from(0, 100_000)],
  ['strategies.partial-tp.highLess', from(0, 100)],
  ['strategies.dca-ladder.*Margin', above(0, MOST_USDT)],
  ['strategies.dca-ladder.*BelowPercent', above(0, 99)],
  ['strategies.*.riskPercent', above(0, 100)],
  ['strategies.atr-risk-sizing.atrMultiple', above(0, 100)],
  ['strategies.atr-risk-sizing.highLeverageTolerance', above(0, 10)],
  ['strategies.atr-risk-sizing.alertTolerance', from(1, 100)],
  ['guards.score-threshold.least', from(0, 10)],
  ['guards.confluence.least', whole(0, 3)],
  ['guards.long-share.freePositions', whole(0, 1_000)],
  ['guards.cascade.stopMultiple', from(1, 100)],
  ['guards.losing-streak.losses', whole(1, 1_000)],
  ['guards.losing-streak.pauseMinutes', from(0, 60 * MOST_HOURS)],
  ['guards.x10-losses.losses', whole(1, 1_000)],
  ['guards.correlation.*', from(-1, 1)],
  ['guards.stale-data.*', above(0, 3_600)],
  ['guards.sizing.least*', from(0, MOST_USDT)],
  ['guards.sizing.parts', above(0, 1_000)],
  ['guards.sizing.mostOfRisk', above(0, 1)],
  ['guards.sizing.factor*', from(0, 10)],
  ['guards.sizing.agreement*', from(0, 10)],
  ['guards.sizing.fixedNotional', above(0, MOST_USDT)],
  ['alerts.*.windowHours', above(0, MOST_HOURS)],
  ['alerts.*.changePercent', from(0, 1e6)],
  ['alerts.*.*Bars', whole(1, 250)],
  ['alerts.*.leastTurnover', from(0, MOST_USDT)],
  ['alerts.*.volumeRatio', from(0, 1e6)],
  ['alerts.pump.quarterChangePercent', from(0, 1e6)],
  ['alerts.squeeze.percentile', from(0, 100)],
  ['drawdown.percent', above(0, 100)],
  ['drawdown.haltPercent', above(0, 100)],
  ['drawdown.haltPauses', whole(1, 1_000)],
  ['drawdown.haltDays', above(0, 3_650)],
  ['recovery.resends', whole(0, 100)],
  ['recovery.stopTries', whole(1, 100)],
  ['recovery.*Seconds', above(0, MOST_SECONDS)],
  ['operations.log.level', { kind: 'choice', of: ['trace', 'debug', 'info', 'warn', 'error'] }],
  ['operations.log.file', { kind: 'text', pattern: /^[^\p{Cc}]+$/u, words: 'the path of a file' }],
  ['operations.log.maxMegabytes', above(0, 10_000)],
  ['operations.backupKeep', whole(1, 1_000)],
  ['operations.snapshotSeconds', from(0, 3_600)],
  ['operations.decisions.keepDays', whole(1, 3_650)],
  ['**.leverage', whole(1, 100)],
  ['**.highLeverage', whole(1, 100)],
  ['**.leverageBelow', whole(1, 101)],
  ['**.leverageFrom', whole(1, 101)],
  ['**.*Percent', from(0, 100)],
  ['**.percent', from(0, 100)],
  ['**.*Hours', from(0, MOST_HOURS)],
  ['**.*Minutes', from(0, MOST_MINUTES)],
  ['**.*Seconds', from(0, MOST_SECONDS)],
  ['**.usdt', from(0, MOST_USDT)],
]

/** The pattern of a path as an expression: `*` stays within a level, `**.` does not. */
export function pathPattern(pattern: string): RegExp {
  const source = pattern
    .split('**.')
    .map(part =>
      part
        .split('*')
        .map(text => text.replace(/[.]/g, '\\.'))
        .join('[^.]*'),
    )
    .join('(?:.*\\.)?')
  return new RegExp(`^${source}$`)
}

const COMPILED = RULES.map(([pattern, rule]) => ({ pattern: pathPattern(pattern), rule }))

/** What the setting at a path (`strategies.mean-reversion.leverage`) may be; `undefined` where its type is all. */
export function ruleOf(path: string): SettingRule | undefined {
  return COMPILED.find(({ pattern }) => pattern.test(path))?.rule
}

/** The rule in words that go on after "has to be": `a whole number from 1 to 100`. */
export function ruleWords(rule: SettingRule): string {
  switch (rule.kind) {
    case 'choice':
      return `one of ${rule.of.join(', ')}`
    case 'text':
      return rule.words
    case 'number': {
      const least = rule.above ? `above ${rule.least} and up` : `from ${rule.least}`
      return `a ${rule.whole ? 'whole ' : ''}number ${least} to ${rule.most}`
    }
  }
}

/** Whether a value is one that the rule allows. */
export function fits(rule: SettingRule, value: unknown): boolean {
  switch (rule.kind) {
    case 'choice':
      return typeof value === 'string' && rule.of.includes(value)
    case 'text':
      return typeof value === 'string' && rule.pattern.test(value)
    case 'number':
      return (
        typeof value === 'number' &&
        value >= rule.least &&
        value <= rule.most &&
        !(rule.above && value === rule.least) &&
        !(rule.whole && !Number.isInteger(value))
      )
  }
}

type Tree = { readonly [key: string]: unknown }

/** Two settings of which the first may not be greater than the second (`<=`), or has to be smaller (`<`). */
export const PAIRS: readonly (readonly [
  smaller: string,
  relation: '<' | '<=',
  greater: string,
  why: string,
])[] = [
  [
    'drawdown.percent',
    '<=',
    'drawdown.haltPercent',
    'the pause has to come before the halt, or it never comes',
  ],
  [
    'strategies.mean-reversion.longBbPercentBelow',
    '<',
    'strategies.mean-reversion.shortBbPercentAbove',
    'between the two the strategy would want both sides',
  ],
  [
    'strategies.bb-scalping.longBbPercentTo',
    '<',
    'strategies.bb-scalping.shortBbPercentFrom',
    'between the two the strategy would want both sides',
  ],
  [
    'strategies.partial-tp.halfwayProgress',
    '<=',
    'strategies.partial-tp.nearProgress',
    'halfway comes before near the target',
  ],
  [
    'strategies.dca-ladder.firstBelowPercent',
    '<',
    'strategies.dca-ladder.secondBelowPercent',
    'the second add lies below the first',
  ],
  [
    'strategies.trailing-3x.firstMovePercent',
    '<',
    'strategies.trailing-3x.secondMovePercent',
    'the second step would never come',
  ],
  [
    'strategies.trailing-3x.firstLockPercent',
    '<=',
    'strategies.trailing-3x.secondLockPercent',
    'a further move has to lock no less',
  ],
  [
    'strategies.trailing-x10.evenMovePercent',
    '<=',
    'strategies.trailing-x10.firstMovePercent',
    'breakeven comes before the first step',
  ],
  [
    'strategies.trailing-x10.firstMovePercent',
    '<',
    'strategies.trailing-x10.secondMovePercent',
    'the second step would never come',
  ],
  [
    'strategies.trailing-x10.firstLockPercent',
    '<=',
    'strategies.trailing-x10.secondLockPercent',
    'a further move has to lock no less',
  ],
  [
    'strategies.trailing-x10.leverageFrom',
    '<=',
    'strategies.trailing-3x.leverageBelow',
    'positions between the two would have no trailing stop',
  ],
  ['guards.correlation.halveAbove', '<=', 'guards.correlation.refuseAbove', 'what is refused is not halved'],
  [
    'guards.stale-data.tickerSecondsMarket',
    '<=',
    'guards.stale-data.tickerSeconds',
    'a market order needs the fresher price',
  ],
]

/** Settings that contradict each other. */
export interface SettingConflict {
  readonly paths: readonly [string, string]
  readonly message: string
}

/** The pairs of a whole configuration that contradict each other; none for the defaults. */
export function conflicts(settings: Tree): readonly SettingConflict[] {
  return PAIRS.flatMap(([one, relation, other, why]) => {
    const [less, more] = [numberAt(settings, one), numberAt(settings, other)]
    if (less === undefined || more === undefined) return []
    if (relation === '<' ? less < more : less <= more) return []
    const words = relation === '<' ? 'has to be below' : 'may not be above'
    return [{ paths: [one, other] as const, message: `${one} (${less}) ${words} ${other} (${more}): ${why}` }]
  })
}

function numberAt(settings: Tree, path: string): number | undefined {
  let value: unknown = settings
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Tree)[key]
  }
  return typeof value === 'number' ? value : undefined
}
