import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, said, simulate, throughJson, WALLET } from '../adapters/sim/market.fixture.ts'
import { isRecorded, RECORDED_SYMBOLS, recordedMarkets } from '../adapters/sim/recorded.fixture.ts'
import { instrumentOf, MIDNIGHT, positionOf } from '../decision/view.fixture.ts'
import { houseOf, proposalOf } from '../guards/proposal.fixture.ts'
import { DECISION_KINDS, fromText, RULE_KINDS } from './decision-record.ts'
import { everythingOn, journaled, VERSION } from './decisions.fixture.ts'
import { Engine } from './engine.ts'
import type { Rule } from './rule.ts'
import { defaultSettings } from './settings.ts'
import { Cursor, SymbolState } from './symbol.ts'
import { Witness } from './witness.ts'

const test = suite('witness')

const FINE = { minutes15Days: 31, minutes5Days: 30, minutes5Symbols: 2 }

/** A strategy whose answers are given one after another. */
function answering(...answers: readonly unknown[]): {
  readonly id: string
  decide(view: unknown, params: unknown, ...rest: readonly unknown[]): unknown
} {
  let asked = 0
  return { id: 'answering', decide: () => answers[asked++] }
}

function pointed(position = true): Cursor {
  const settings = defaultSettings()
  const symbol = new SymbolState(instrumentOf(), settings.universe)
  const cursor = new Cursor(settings.fees)
  return position ? cursor.pointAt(symbol, MIDNIGHT, positionOf()) : cursor.pointAt(symbol, MIDNIGHT)
}

test('a run says the same to the last bit whether its decisions are taken down or not', () => {
  for (const [seed, options] of [
    [3, {}],
    [7, FINE],
  ] as const) {
    const markets = marketsOf(seed, seed === 3 ? 120 : 30, options)
    const settings = everythingOn()
    const { journal, run } = journaled(markets, settings)
    assert.is(said(run), said(simulate(markets, { settings })))
    assert.ok(journal.decisions.length > 100, `${journal.decisions.length} decisions`)
  }
})

const withData = isRecorded ? test : test.skip
withData(
  isRecorded
    ? 'it does on recorded candles, of days and of minutes'
    : 'on recorded candles: skipped, as ../shared/data is not there',
  async () => {
    const [from, to] = [Date.UTC(2025, 8, 24), Date.UTC(2025, 9, 4)]
    const markets = await recordedMarkets(RECORDED_SYMBOLS.slice(0, 3), ['1d', '15m', '5m'], from)
    const settings = everythingOn()
    const { journal, run } = journaled(markets, settings, { from, to })
    assert.is(said(run), said(simulate(markets, { settings, from, to })))
    assert.ok(journal.decisions.length > 1_000, `${journal.decisions.length} decisions`)
  },
)

test('with everything on, every kind of decision is taken down, and each can be made again', () => {
  const settings = everythingOn()
  const daily = journaled(marketsOf(3, 200), settings).journal.decisions
  const fine = journaled(marketsOf(7, 30, FINE), settings).journal.decisions
  const decisions = [...daily, ...fine]
  const kinds = new Set(decisions.map(({ kind }) => kind))
  // There are few symbols: all are looked at. What rules decide in trouble alone is not met here: rules.test.ts has it.
  const ruled = new Set<string>(RULE_KINDS)
  assert.equal(
    [...kinds, 'universe'].filter(kind => !ruled.has(kind)).sort(),
    DECISION_KINDS.filter(kind => !ruled.has(kind)).sort(),
  )
  assert.ok(kinds.has('expiry'))
  for (const { seen, row } of decisions) {
    const value = fromText(seen)
    assert.ok(typeof value === 'object' && value !== null)
    assert.not.ok('unrecordable' in value, `row ${row}: ${seen.slice(0, 200)}`)
  }
})

test('the journal can be left out without any effect of it', () => {
  const engine = new Engine(defaultSettings(), { wallet: WALLET })
  assert.equal(engine.save().told, [])
})

test('what a symbol is known by beside candles and instrument comes back whole from what was seen', () => {
  const { universe } = defaultSettings()
  const before = new SymbolState(instrumentOf(), universe)
  before.price(MIDNIGHT, 101, 102)
  before.funding = 0.0003
  before.decided['1d'] = MIDNIGHT
  const after = new SymbolState(instrumentOf(), universe)
  after.see(before.seen())
  assert.equal(after.save(), before.save())
  // Candles are told by hashes, and hours are in what guards see; whatever else is saved of a symbol is seen.
  const { instrument: _, daily: __, hours: _____, minutes15: ___, minutes5: ____, ...rest } = before.save()
  assert.equal(before.seen(), rest)
})

test('every interval whose candles a view shows is taken by its name', () => {
  const symbol = new SymbolState(instrumentOf(), defaultSettings().universe)
  const candle = { start: MIDNIGHT, open: 1, high: 2, low: 1, close: 2, volume: 3, turnover: 4 }
  const empty = symbol.save()
  assert.is(symbol.close('1d', candle), true)
  assert.is(symbol.close('15m', candle), true)
  assert.is(symbol.close('5m', candle), true)
  assert.is(symbol.close('1h', candle), false)
  const filled = symbol.save()
  for (const key of ['daily', 'minutes15', 'minutes5'] as const) assert.not.equal(filled[key], empty[key])
})

test('all entry strategies on one symbol make one decision, in which the silent have their names', () => {
  const witness = new Witness(defaultSettings(), VERSION)
  const silent = witness.strategy({ ...answering([]), id: 'silent' })
  const loud = witness.strategy({ ...answering([{ kind: 'hold', reason: 'x' }]), id: 'loud' })
  witness.during('heavy', 'scan')
  const view = pointed(false)
  silent.decide(view, {})
  loud.decide(view, {})
  const batch = witness.take()
  assert.is(batch?.decisions.length, 1)
  const [decision] = batch?.decisions ?? []
  assert.equal(fromText(decision.answer), [['silent'], ['loud', [{ kind: 'hold', reason: 'x' }]]])
  assert.equal(
    [decision.kind, decision.cycle, decision.step, decision.symbol],
    ['scan', 'heavy', 'scan', view.symbol],
  )
})

test('a look outside of a cycle is no decision', () => {
  const witness = new Witness(defaultSettings(), VERSION)
  witness.strategy(answering([{ kind: 'hold', reason: 'x' }])).decide(pointed(false), {})
  assert.is(witness.take(), null)
})

test('an answer about a position is taken down when it changes, and an exit each time', () => {
  const hold = [{ kind: 'hold', reason: 'a' }]
  const exit = [{ kind: 'exit', reason: 'b' }]
  const witness = new Witness(defaultSettings(), VERSION)
  const strategy = witness.strategy(answering([], hold, hold, [], exit, exit))
  const taken: boolean[] = []
  for (let k = 0; k < 6; k++) {
    strategy.decide(pointed(), {})
    taken.push(witness.take() !== null)
  }
  assert.equal(taken, [false, true, false, true, true, true])
})

test('what a rule decides is taken down each time, and that nothing is to be done when it was otherwise before', () => {
  const witness = new Witness(defaultSettings(), VERSION)
  const rule: Rule<number, string | null> = {
    kind: 'expiry',
    about: () => ({ strategy: 'one', symbol: 'SOLUSDT', side: 'long' }),
    decide: () => null,
  }
  const taken = [null, 'act', 'act', null, null].map((answer, seen) => {
    witness.ruled(rule, seen, answer, MIDNIGHT)
    const [decision] = witness.take()?.decisions ?? []
    return decision === undefined ? undefined : [decision.kind, decision.seen, decision.answer]
  })
  assert.equal(taken, [
    undefined,
    ['expiry', '1', '"act"'],
    ['expiry', '2', '"act"'],
    ['expiry', '3', 'null'],
    undefined,
  ])
})

test('an attempt that is refused as the time before is taken down once, with all that was decided on the way', () => {
  const witness = new Witness(defaultSettings(), VERSION)
  const hold = [{ kind: 'hold', reason: 'a' }]
  const enter = [{ kind: 'enter' }]
  const strategy = witness.strategy(answering(...Array.from({ length: 7 }, () => [hold, enter]).flat()))
  const kinds = ['gate', 'gate', 'other', 'other', null, 'other', 'other'].map(gate => {
    strategy.decide(pointed(), {})
    witness.attempted(
      () => strategy.decide(pointed(), {}),
      () => ['this', gate],
    )
    return (witness.take()?.decisions ?? []).map(({ answer }) => (answer.includes('hold') ? 'hold' : 'enter'))
  })
  assert.equal(kinds, [
    ['hold', 'enter'],
    // What was answered before the attempt stands: it has not changed.
    ['hold'],
    ['enter'],
    ['hold'],
    ['enter'],
    // It was not refused in between.
    ['hold', 'enter'],
    ['hold'],
  ])
})

test('further arguments of a verb are kept, and one without a text is told', () => {
  const witness = new Witness(defaultSettings(), VERSION)
  const strategy = witness.strategy(
    answering([{ kind: 'exit', reason: 'a' }], [{ kind: 'exit', reason: 'b' }]),
  )
  strategy.decide('trailing', pointed(), {}, 7, ['x'])
  strategy.decide(pointed(), {}, () => 1)
  const [first, second] = witness.take()?.decisions ?? []
  const { before, rest } = fromText(first.seen) as { readonly [name: string]: unknown }
  assert.equal([before, rest], [['trailing'], [7, ['x']]])
  assert.match(
    String((fromText(second.seen) as { readonly unrecordable: unknown }).unrecordable),
    'is a function',
  )
})

test('the verdicts on one signal make one decision, with what each guard has changed', () => {
  const witness = new Witness(defaultSettings(), VERSION)
  const guardOf = (id: string, margin: number | null) =>
    witness.guard({
      guard: {
        id,
        scope: 'signal',
        reads: 'market',
        params: {},
        check: proposal =>
          margin === null
            ? { refused: { gate: id, reason: 'no', figures: {} } }
            : { admitted: { ...proposal, margin }, figures: {} },
      },
      params: {},
    })
  const proposal = proposalOf()
  const house = houseOf()
  for (const { guard, params } of [
    guardOf('same', proposal.margin),
    guardOf('more', 7),
    guardOf('no', null),
  ]) {
    guard.check(proposal, house, params)
  }
  const [decision, ...others] = witness.take()?.decisions ?? []
  assert.is(others.length, 0)
  assert.equal(fromText(decision.answer), [
    ['same', 'admitted'],
    ['more', { changed: { margin: 7 } }],
    ['no', { refused: { gate: 'no', reason: 'no', figures: {} } }],
  ])
  const seen = fromText(decision.seen) as { readonly house: object; readonly proposal: object }
  // What follows from the settings is put together anew; everything else of the house is there.
  const kept = Object.keys(house).filter(key => !['takerFee', 'sizingLayers', 'ladder'].includes(key))
  assert.equal(Object.keys(seen.house).sort(), kept.sort())
  assert.equal(Object.keys(seen.proposal).sort(), Object.keys(proposal).sort())
})

test('settings and instruments are handed on once, and what candles were told survives a save', () => {
  const settings = everythingOn()
  const { journal } = journaled(marketsOf(3, 40), settings)
  const contexts = new Set(journal.decisions.map(({ context }) => context))
  assert.is(contexts.size, 1)
  const options = { wallet: WALLET, decisions: { version: VERSION } }
  const engine = new Engine(settings, options)
  engine.step({ type: 'instrument', at: 0, instrument: instrumentOf() })
  const { symbol } = instrumentOf()
  const candle = { start: 0, open: 1, high: 2, low: 1, close: 2, volume: 3, turnover: 4 }
  engine.step({ type: 'candle', at: 86_400_000, symbol, interval: '1d', ...candle })
  const saved = throughJson(engine.save())
  assert.is(saved.told.length, 1)
  assert.equal(Engine.load(settings, options, saved).save().told, engine.save().told)
})

test.run()
