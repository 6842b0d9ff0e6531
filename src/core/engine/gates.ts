/** What the loss limits remember, and how they follow equity. Pure: the engine asks once a light cycle. */
import { DAY, HOUR, type Timestamp, type Usdt } from '../base/units.ts'
import type { Figures, House, Loss } from '../guards/guard.ts'
import { lossPause, lossRules } from '../guards/loss-pauses.ts'
import { type Rule, THE_HOUSE } from './rule.ts'
import type { Settings } from './settings.ts'

export interface Gates {
  /** Equity peak that drawdowns are counted from, and the highest equity ever. */
  readonly peak: Usdt
  readonly high: Usdt
  /** End of the present pause, 0 without one. */
  readonly pausedUntil: Timestamp
  readonly pauseReason: string
  /** Beginnings of the pauses within the days that count towards a halt. */
  readonly pauses: readonly Timestamp[]
  readonly halted: boolean
}

/** Something to be said about the gates. */
export interface GateChange {
  readonly kind: 'resumed' | 'paused' | 'halted'
  readonly reason: string
  readonly figures: Figures
}

/** The gates before a look at equity, which is `NaN` where a mark is not known. */
export interface SeenEquity {
  readonly gates: Gates
  readonly equity: Usdt
  readonly now: Timestamp
}

/** What a light cycle makes of the loss limits. */
export interface LossCourse extends NextGates {
  /** The drawdown for which everything is closed, in words; `null`: nothing is. */
  readonly closes: string | null
}

/** Without portfolio gates the loss limits follow equity and close nothing. */
export const DRAWDOWN: Rule<SeenEquity, LossCourse> = {
  kind: 'drawdown',
  about: () => THE_HOUSE,
  decide({ gates, equity, now }, { portfolioGates, drawdown }) {
    const next = nextGates(gates, equity, now, portfolioGates ? drawdown : null)
    const begun = drawdown.closeAll ? next.changes.filter(({ kind }) => kind !== 'resumed').at(-1) : undefined
    return { ...next, closes: begun?.reason ?? null }
  },
  isSilent: ({ changes }) => changes.length === 0,
}

/** Trades that lost, as a pause follows from them. */
export interface SeenLosses {
  readonly gate: string
  readonly losses: readonly Loss[]
  /** Where data may lack, losses whose time is not known well enough are left out. */
  readonly lacking: House['lacking']
  /** Its end as it was before. */
  readonly before: Timestamp
}

/** Until when a pause after losses lasts; 0: there is none. */
export const LOSS_PAUSE: Rule<SeenLosses, Timestamp> = {
  kind: 'loss-pause',
  about: ({ gate }) => ({ ...THE_HOUSE, id: gate }),
  decide({ gate, losses, lacking }, { guards }) {
    const rule = lossRules(guards).find(([id]) => id === gate)?.[1]
    return rule === undefined ? 0 : lossPause(losses, rule, lacking === 'refuse').until
  },
  isSilent: (until, { before }) => until === before,
}

/** The gates after a look, with what has changed. */
export interface NextGates {
  readonly gates: Gates
  readonly changes: readonly GateChange[]
}

/** The gates after a person has resumed: nothing is paused or halted, and the peaks begin at the present equity. */
export function resumedGates(gates: Gates, equity: Usdt): Gates {
  const from = Number.isNaN(equity) ? gates.peak : equity
  return openGates(from)
}

const NO_CHANGE: readonly GateChange[] = Object.freeze([])

/** The gates of a house that has never lost anything. */
export function openGates(equity: Usdt): Gates {
  return { peak: equity, high: equity, pausedUntil: 0, pauseReason: '', pauses: [], halted: false }
}

/**
 * The gates after a look at equity (USDT) at `now`, with what has changed. A pause that is over restarts the peak at
 * the present equity; a drawdown from the peak begins a pause; too many pauses, or too much below the highest equity
 * ever, is a halt, which only a person ends. `rules` of `null` follow equity and close nothing. Equity that is not
 * known (`NaN`, a position without a price) says nothing: the gates stay as they are.
 */
export function nextGates(
  gates: Gates,
  equity: Usdt,
  now: Timestamp,
  rules: Settings['drawdown'] | null,
): NextGates {
  if (Number.isNaN(equity)) return { gates, changes: NO_CHANGE }
  let { peak, pausedUntil, pauses, halted, pauseReason } = gates
  const changes: GateChange[] = []
  const high = Math.max(gates.high, equity)
  if (pausedUntil > 0 && now >= pausedUntil && !halted) {
    changes.push({
      kind: 'resumed',
      reason: `the pause is over: the peak restarts at ${equity.toFixed(2)} USDT`,
      figures: { peakBefore: peak, peak: equity },
    })
    peak = equity
    pausedUntil = 0
    pauseReason = ''
  }
  peak = Math.max(peak, equity)
  if (rules !== null && !halted) {
    const fromPeak = 100 * (1 - equity / peak)
    const fromHigh = 100 * (1 - equity / high)
    if (pausedUntil === 0 && fromPeak >= rules.percent) {
      pausedUntil = now + rules.pauseHours * HOUR
      pauses = [...pauses.filter(at => at > now - rules.haltDays * DAY), now]
      pauseReason = `drawdown of ${fromPeak.toFixed(2)} % from the peak of ${peak.toFixed(2)} USDT`
      changes.push({
        kind: 'paused',
        reason: `${pauseReason}: no entries for ${rules.pauseHours} h`,
        figures: { equity, peak, drawdownPercent: fromPeak, until: pausedUntil },
      })
    }
    const often = pauses.length >= rules.haltPauses
    if (often || fromHigh >= rules.haltPercent) {
      halted = true
      pauseReason = often
        ? `${pauses.length} drawdown pauses in ${rules.haltDays} days`
        : `equity is ${fromHigh.toFixed(2)} % below its highest`
      changes.push({
        kind: 'halted',
        reason: `${pauseReason}: no entries until a person resumes`,
        figures: { equity, high },
      })
    }
  }
  return { gates: { peak, high, pausedUntil, pauseReason, pauses, halted }, changes }
}
