/**
 * What each gate does without what it judges by: the table of fail-closed and fail-open. A gate that is left out of it
 * fails the test.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { instrumentOf, MIDNIGHT, positionOf, signalOf, ticks } from '../decision/view.fixture.ts'
import type { House, Proposal } from './guard.ts'
import { GUARDS } from './list.ts'
import { booksOf, houseOf, many, proposalOf, scoreOf } from './proposal.fixture.ts'

const test = suite('gates without their data')

type Outcome = 'refused' | 'skipped' | 'admitted'

interface Case {
  readonly gate: string
  readonly lacks: string
  readonly proposal?: Partial<Proposal>
  readonly house?: Partial<House>
  /** Where lacking data refuse, and where such a gate is skipped. */
  readonly live: Outcome
  readonly backtest: Outcome
}

/** Refused in either case: what is lacking there is no matter of candles of the past. */
const CLOSED = { live: 'refused', backtest: 'refused' } as const
/** Nothing the gate looks at can be lacking: it knows all there is. */
const KNOWS = { live: 'admitted', backtest: 'admitted' } as const

const NAN = Number.NaN
const HELD = booksOf([positionOf({ symbol: 'ADAUSDT' })])
const undated = [0, 0, 0].map(() => ({ at: MIDNIGHT, spread: 2 * DAY, leverage: 10 }))

const CASES: readonly Case[] = [
  {
    gate: 'kill-switch',
    lacks: 'a word from a person',
    house: { blocks: [{ gate: 'kill-switch', symbol: null, reason: 'halted' }] },
    ...CLOSED,
  },
  {
    gate: 'readiness',
    lacks: 'an account that can be read',
    house: { blocks: [{ gate: 'readiness', symbol: null, reason: 'the account cannot be read' }] },
    ...CLOSED,
  },
  { gate: 'live-switch', lacks: 'the switch', house: { live: [] }, ...CLOSED },
  {
    gate: 'universe',
    lacks: 'the width of the bands',
    proposal: { signal: signalOf({ width: NAN }) },
    ...CLOSED,
  },
  {
    gate: 'score-threshold',
    lacks: 'a score',
    proposal: { score: { ...scoreOf(90), value: NAN } },
    ...CLOSED,
  },
  {
    gate: 'fresh-signal',
    lacks: 'the candle',
    proposal: { signal: signalOf({ candleEnd: NAN }) },
    ...CLOSED,
  },
  {
    gate: 'stale-data',
    lacks: 'the time of the price',
    proposal: { signal: signalOf({ lastAt: NAN }) },
    ...CLOSED,
  },
  { gate: 'stale-data', lacks: 'candles', proposal: { signal: signalOf({ missingCandles: 1 }) }, ...CLOSED },
  { gate: 'distance-to-stop', lacks: 'a price', proposal: { signal: signalOf({ last: NAN }) }, ...CLOSED },
  {
    gate: 'confluence',
    lacks: 'weekly and monthly bands',
    proposal: { signal: signalOf({ weekBb: null, monthBb: null }) },
    ...CLOSED,
  },
  { gate: 'cascade', lacks: 'a price to enter at', proposal: { entry: NAN }, ...CLOSED },
  {
    gate: 'cascade',
    lacks: 'the maintenance margin',
    proposal: {
      signal: signalOf({ leverage: 10, stop: ticks(880), instrument: instrumentOf({ source: 'inferred' }) }),
    },
    live: 'refused',
    backtest: 'skipped',
  },
  { gate: 'one-position', lacks: 'nothing: positions and entries are the books', ...KNOWS },
  { gate: 'cooldown', lacks: 'nothing: rests are the books', ...KNOWS },
  { gate: 'position-limits', lacks: 'nothing: positions and entries are the books', ...KNOWS },
  { gate: 'daily-loss', lacks: 'a mark, and so equity', house: { equity: NAN }, ...CLOSED },
  { gate: 'daily-loss', lacks: "the day's result", house: { realisedToday: NAN }, ...CLOSED },
  { gate: 'drawdown', lacks: 'the end of a pause', house: { pausedUntil: NAN }, ...CLOSED },
  {
    gate: 'losing-streak',
    lacks: 'when trades have closed',
    house: { losses: undated },
    live: 'refused',
    backtest: 'skipped',
  },
  {
    gate: 'x10-losses',
    lacks: 'when trades have closed',
    proposal: { signal: signalOf({ leverage: 10 }) },
    house: { losses: undated },
    live: 'refused',
    backtest: 'skipped',
  },
  { gate: 'long-share', lacks: 'shorts', house: { portfolio: booksOf(many(5, 'long')) }, ...CLOSED },
  { gate: 'sizing', lacks: 'equity', house: { equity: NAN }, ...CLOSED },
  { gate: 'sizing', lacks: 'a price', proposal: { entry: NAN }, ...CLOSED },
  {
    gate: 'correlation',
    lacks: 'hourly candles',
    house: { portfolio: HELD },
    live: 'refused',
    backtest: 'skipped',
  },
  { gate: 'total-margin', lacks: 'equity', house: { equity: NAN }, ...CLOSED },
  { gate: 'total-margin', lacks: 'its margin', proposal: { margin: NAN }, ...CLOSED },
]

for (const { gate, lacks, proposal, house, live, backtest } of CASES) {
  test(`${gate} without ${lacks}: ${live}, in a backtest ${backtest}`, () => {
    const guard = GUARDS.find(one => one.id === gate)
    assert.ok(guard !== undefined, `${gate} is a gate`)
    if (guard === undefined) return
    const outcome = (lacking: House['lacking']): Outcome => {
      const verdict = guard.check(proposalOf(proposal), houseOf({ ...house, lacking }), guard.params)
      if ('refused' in verdict) return 'refused'
      return verdict.admitted.skipped.includes(gate) ? 'skipped' : 'admitted'
    }
    assert.is(outcome('refuse'), live)
    assert.is(outcome('skip'), backtest)
  })
}

test('incident 43: what each gate does without its data stands in one table', () => {
  const named = new Set(CASES.map(one => one.gate))
  assert.equal(
    GUARDS.map(guard => guard.id).filter(id => !named.has(id)),
    [],
  )
})

test.run()
