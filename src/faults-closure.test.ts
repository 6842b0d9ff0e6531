import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Fault } from './core/adapters/sim/faults.fixture.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { ExchangeError } from './core/base/errors.ts'
import { MINUTE, SECOND, type Steps } from './core/base/units.ts'
import { ticks } from './core/decision/view.fixture.ts'
import { CLOSE_PATIENCE } from './core/engine/closure-rules.ts'
import { gridSignal, reversionSignal } from './core/engine/desk.fixture.ts'
import type { Closure, OrderRequest } from './core/engine/protocol.ts'
import { FaultRig, type KillPoint, OTHER, type RigOptions, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('positions that are closed for a person')
const folder = new StoreFolder()
test.after(() => folder.remove())

const GRID = gridSignal(SYMBOL, { order: { type: 'market' } })
const STEPS = 300 as Steps

const FLATTEN: Omit<Closure, 'id'> = {
  kind: 'close',
  symbol: null,
  side: null,
  isForeignToo: false,
  halts: true,
  by: 'me',
  reason: 'a fire',
}

let requests = 0

function asked(rig: FaultRig, over: Partial<Closure> = {}): Promise<void> {
  return rig.hear({ type: 'closure', at: 0, id: `close-${++requests}`, ...FLATTEN, ...over })
}

function held(options: RigOptions = {}): Promise<FaultRig> {
  return FaultRig.held(folder.fresh(), GRID, options)
}

/** The exits of a rig's orders: reduce-only all of them. */
const exits = (rig: FaultRig): readonly OrderRequest[] =>
  rig.sent.flatMap(({ operation, args }) => {
    const order = args[0] as OrderRequest
    return operation === 'place' && order.purpose === 'exit' ? [order] : []
  })

const answers = (rig: FaultRig): readonly string[] =>
  rig.events
    .filter(({ kind, figures }) => kind === 'flat' || (kind === 'refused' && figures.gate === 'close'))
    .map(({ kind, reason, code }) => `${kind} ${code}: ${reason}`)

test('everything of bbw is closed and taken back, what a person holds is left, and entries are halted', async () => {
  const rig = await held()
  await rig.act({ kind: 'open', symbol: OTHER, side: 'short', steps: STEPS })
  await rig.run(MINUTE)
  const { stop } = rig.position() ?? { stop: null }
  await asked(rig)
  assert.is(rig.engine.halted, true)
  assert.is(
    rig.account().positions.find(one => one.symbol === SYMBOL)?.stop,
    stop,
    'the stop stays until then',
  )
  await rig.run(2 * MINUTE)
  assert.equal(
    rig.account().positions.map(one => one.symbol),
    [OTHER],
  )
  assert.equal(rig.account().orders, [])
  assert.equal(
    rig.trades.map(({ symbol, exitReason }) => [symbol, exitReason]),
    [[SYMBOL, 'force-exit']],
  )
  assert.equal(answers(rig), [`flat I141: flat: ${SYMBOL} long; left, not opened by bbw: ${OTHER} short`])
  assert.equal([rig.count('I140'), rig.count('C132'), rig.count('W303')], [1, 1, 1])
  assert.is(rig.nakedMs > 0, true, 'what a person holds has no stop')
  await rig.propose(reversionSignal(SYMBOL, { order: { type: 'market' } }))
  assert.is(rig.entriesAccepted(), 1, 'halted')
  rig.close()
})

test('one symbol is closed without a halt, and traded again once it is flat', async () => {
  const rig = await held()
  await asked(rig, { symbol: SYMBOL, halts: false })
  await rig.propose(reversionSignal(OTHER, { order: { type: 'market' } }))
  assert.is(rig.entriesAccepted(OTHER), 0, 'nothing is entered before the answer')
  await rig.run(2 * MINUTE)
  assert.equal(answers(rig), [`flat I141: flat: ${SYMBOL} long`])
  assert.is(rig.engine.halted, false)
  await rig.propose(
    reversionSignal(SYMBOL, { order: { type: 'market' }, stop: ticks(960), id: `again:${SYMBOL}` }),
  )
  assert.is(rig.entriesAccepted(), 2)
  rig.close()
})

test('an entry that rests is taken back, and one that fills meanwhile is closed', async () => {
  const rig = await FaultRig.open(folder.fresh(), {
    path: [
      [1, 102],
      [5, 97],
    ],
  })
  await rig.propose(reversionSignal(SYMBOL))
  assert.is(rig.account().orders.length, 1)
  // The cancellation gets lost, and the price comes to the entry.
  rig.exchange.inject({ kind: 'lose-request', operation: 'cancel' })
  await asked(rig, { symbol: SYMBOL, halts: false })
  await rig.run(3 * MINUTE)
  rig.exchange.heal()
  await rig.run(2 * MINUTE)
  assert.equal([rig.account().positions, rig.account().orders], [[], []])
  assert.is(rig.trades.length, 1)
  assert.is(rig.trades[0].exitReason, 'force-exit')
  assert.match(answers(rig).at(-1) ?? '', /^flat/)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('what a person holds is closed where that was said, and refused where it was not', async () => {
  const rig = await FaultRig.open(folder.fresh())
  await rig.act({ kind: 'open', symbol: SYMBOL, side: 'short', steps: STEPS })
  await rig.run(MINUTE)
  await asked(rig, { symbol: SYMBOL, halts: false })
  await asked(rig, { symbol: OTHER, halts: false })
  await rig.settle()
  assert.equal(answers(rig), [
    'refused null: close: it was not opened by bbw: say --foreign',
    'refused null: close: it is not held',
  ])
  assert.is(rig.requests('place'), 0)
  await asked(rig, { symbol: SYMBOL, isForeignToo: true, halts: false })
  await rig.run(2 * MINUTE)
  assert.equal(rig.account().positions, [])
  assert.equal(
    exits(rig).map(({ type, side, steps }) => [type, side, steps]),
    [['market', 'short', STEPS]],
  )
  assert.is(answers(rig).at(-1), `flat I141: flat: ${SYMBOL} short`)
  assert.equal(rig.differences(), [], 'the wallet is taken over')
  assert.equal(rig.trades, [], 'it is no trade of bbw')
  rig.close()
})

test('a close of what a person holds that is refused is asked for again, and told when it stays refused', async () => {
  for (const heals of [true, false]) {
    let refuses = true
    const rig = await FaultRig.open(folder.fresh(), {
      mistake: broker => ({
        ...broker,
        place: async order => {
          if (refuses) throw refusal('not now')
          await broker.place(order)
        },
      }),
    })
    await rig.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: STEPS })
    await rig.run(MINUTE)
    await asked(rig, { isForeignToo: true })
    await rig.run(20 * SECOND)
    assert.equal(answers(rig), [], 'it is not flat')
    refuses = !heals
    await rig.run(3 * MINUTE)
    assert.is(rig.account().positions.length, heals ? 0 : 1)
    assert.match(answers(rig)[0], heals ? `flat I141: flat: ${SYMBOL} long` : `refused C221: close: not flat`)
    const sent = exits(rig).length
    refuses = false
    await rig.run(2 * MINUTE)
    assert.is(exits(rig).length, sent, 'a person is not sold out long after the answer')
    assert.is(answers(rig).length, 1, 'and what is still held is not called flat')
    rig.close()
  }
})

test('while the account cannot be read bbw closes what is its own, and says that nothing confirms it', async () => {
  const rig = await held()
  rig.exchange.inject({ kind: 'unreadable', operation: 'account' })
  await asked(rig, { isForeignToo: true })
  await rig.run(3 * MINUTE)
  assert.equal(rig.account().positions, [])
  assert.match(answers(rig).join(), 'not flat after 60 s: the exchange does not answer')
  rig.exchange.heal()
  await rig.run(MINUTE)
  assert.match(answers(rig).at(-1) ?? '', `flat: ${SYMBOL} long`)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('a position that was handed over is closed with the others', async () => {
  const rig = await FaultRig.open(folder.fresh())
  await rig.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: STEPS })
  await rig.run(MINUTE)
  await rig.hear({
    ...{ type: 'handover', at: 0, id: 'adopt', kind: 'adopt', symbol: SYMBOL, side: null, isOwn: false },
    ...{ stop: 95, target: 110, by: 'me' },
  } as Parameters<FaultRig['hear']>[0])
  await asked(rig)
  await rig.run(2 * MINUTE)
  assert.equal([rig.account().positions, rig.account().orders], [[], []])
  assert.is(rig.trades[0].strategy, 'manual')
  rig.close()
})

test('a close that the exchange refuses is told after a minute and goes on until it is done', async () => {
  let refuses = true
  const rig = await held({
    mistake: broker => ({
      ...broker,
      place: async order => {
        if (refuses && order.purpose === 'exit' && order.type === 'market') throw refusal('not now')
        await broker.place(order)
      },
    }),
  })
  await asked(rig)
  await rig.run(CLOSE_PATIENCE + 10 * SECOND)
  const words = `not flat after 60 s: ${SYMBOL} long: not now; what is bbw's is closed on while bbw runs`
  assert.equal(answers(rig), [`refused C221: close: ${words}`])
  assert.is(rig.account().positions.length, 1)
  assert.is(rig.account().positions[0].stop !== null, true)
  refuses = false
  await rig.run(3 * MINUTE)
  assert.equal(rig.account().positions, [])
  assert.is(answers(rig).at(-1), `flat I141: flat: ${SYMBOL} long`)
  rig.close()
})

test('less than the least order is named, left with its stop, and asked for no further', async () => {
  const least = 2_000 as Steps
  const rig = await held({
    mistake: broker => ({
      ...broker,
      place: async order => {
        if (order.purpose === 'exit' && order.type === 'market') throw refusal('below the minimum')
        await broker.place(order)
      },
    }),
  })
  const position = rig.position()
  assert.ok(position !== null)
  await rig.hear({ type: 'instrument', at: 0, instrument: { ...position.instrument, minQty: least } })
  await asked(rig)
  const sent = exits(rig).length
  await rig.run(2 * MINUTE)
  assert.is(rig.count('I604'), 1)
  assert.match(
    answers(rig)[0],
    /^refused C221: close: SOLUSDT long: the rest of .* is below the least order of 2/,
  )
  assert.is(exits(rig).length, sent, 'not asked for again')
  assert.is(rig.account().positions[0].stop, position.stop)
  rig.close()
})

test('a process that ends at any point of a close goes on with it when it starts again', async () => {
  for (const at of ['commit', 'place'] as const) {
    for (const phase of ['before', 'after'] as const) {
      const rig = await held()
      rig.killAt({ at, phase })
      await asked(rig)
      await rig.run(5 * SECOND)
      assert.ok(rig.isDead, `${at} ${phase}`)
      await rig.dark(3 * SECOND)
      await rig.restart()
      // Before the first write nothing was taken down: the queue has the request still, and hands it over again.
      if (at === 'commit' && phase === 'before') await asked(rig)
      await rig.run(3 * MINUTE)
      assert.equal([rig.account().positions, rig.account().orders], [[], []], `${at} ${phase}`)
      assert.equal(rig.differences(), [], `${at} ${phase}`)
      assert.is(rig.engine.halted, true, `${at} ${phase}`)
      assert.match(answers(rig).at(-1) ?? '', /^flat/, `${at} ${phase}`)
      rig.close()
    }
  }
})

test('a restart closes no position of a person that nobody asks for any more', async () => {
  const rig = await FaultRig.open(folder.fresh())
  await rig.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: STEPS })
  await rig.run(MINUTE)
  rig.exchange.inject({ kind: 'lose-request', operation: 'place' })
  await asked(rig, { isForeignToo: true })
  await rig.restart()
  rig.exchange.heal()
  await rig.run(3 * MINUTE)
  assert.is(rig.account().positions.length, 1)
  assert.match(answers(rig).at(-1) ?? '', `left, not opened by bbw: ${SYMBOL} long`)
  rig.close()
})

// --- whatever comes

const OPERATIONS = ['place', 'cancel', 'setStop', 'account', 'lookUp', 'executions'] as const
const CALLS = ['lose-request', 'lose-reply', 'double-request', 'no-clear-answer', 'unreadable'] as const

const callFault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom(...CALLS),
  operation: fc.constantFrom(...OPERATIONS),
  times: fc.integer({ min: 1, max: 6 }),
})
const heldFault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constant('hold-request' as const),
  operation: fc.constantFrom('place' as const, 'cancel' as const),
  forMs: fc.integer({ min: 100, max: 4_900 }),
  times: fc.integer({ min: 1, max: 3 }),
})
const inputFault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('lose-input' as const, 'double-input' as const, 'reverse-inputs' as const),
  times: fc.integer({ min: 1, max: 6 }),
})
const kill: fc.Arbitrary<KillPoint> = fc.record({
  at: fc.constantFrom('commit' as const, 'place' as const, 'cancel' as const),
  phase: fc.constantFrom('before' as const, 'after' as const),
})

const trouble = fc.record({
  faults: fc.array(fc.oneof(callFault, heldFault, inputFault), { maxLength: 4 }),
  kill: fc.option(kill),
  isForeignToo: fc.boolean(),
  hasEntry: fc.boolean(),
  thin: fc.option(fc.integer({ min: 1, max: 400 })),
})

async function survives(
  seen: Map<string, number>,
  one: typeof trouble extends fc.Arbitrary<infer T> ? T : never,
) {
  const rig = await held()
  await rig.act({ kind: 'open', symbol: OTHER, side: 'long', steps: STEPS })
  await rig.run(MINUTE)
  if (one.hasEntry) await rig.propose(reversionSignal(SYMBOL, { stop: ticks(900), id: 'second' }))
  if (one.thin !== null) await rig.act({ kind: 'thin', symbol: SYMBOL, steps: one.thin as Steps })
  for (const fault of one.faults) rig.exchange.inject(fault)
  if (one.kill !== null) rig.killAt(one.kill)
  const id = `close-${++requests}`
  const request = { ...FLATTEN, isForeignToo: one.isForeignToo }
  await rig.hear({ type: 'closure', at: 0, id, ...request })
  await rig.run(30 * SECOND)
  if (rig.isDead) {
    await rig.restart()
    // As the queue does with what was not answered.
    await rig.hear({ type: 'closure', at: 0, id, ...request })
  }
  await rig.run(MINUTE)
  rig.exchange.heal()
  if (one.thin !== null) await rig.act({ kind: 'thin', symbol: SYMBOL, steps: null })
  await rig.run(4 * MINUTE)
  for (const [kind, count] of Object.entries(rig.exchange.fired)) {
    seen.set(kind, (seen.get(kind) ?? 0) + (count ?? 0))
  }
  if (rig.fired.restart > 0) seen.set('kill', (seen.get('kill') ?? 0) + 1)
  const { positions, orders } = rig.account()
  assert.equal(
    positions.filter(({ symbol }) => symbol === SYMBOL),
    [],
    'what is bbw is flat',
  )
  assert.equal(orders, [], 'nothing rests')
  assert.ok(answers(rig).length > 0, 'whoever asked was answered')
  const isLeft = positions.some(({ symbol }) => symbol === OTHER)
  if (one.isForeignToo && isLeft)
    assert.match(answers(rig).join('\n'), /not flat|left, not opened by bbw/, 'told why not')
  if (!one.isForeignToo) assert.ok(isLeft, 'what a person holds is left')
  for (const exit of exits(rig)) assert.is(exit.stop, null)
  assert.equal(rig.differences(), positionsOfOthers(rig))
  rig.close()
}

/** What differs by nature: the books hold nothing of a person's. */
function positionsOfOthers(rig: FaultRig): readonly string[] {
  return rig.differences().filter(words => words.startsWith('positions:') && words.includes(OTHER))
}

test('whatever faults come: after their end all that was to be closed is flat, or it was told why not', async () => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(trouble, one => survives(seen, one)),
    { numRuns: 40, seed: 20_260_728 },
  )
  for (const kind of [...CALLS, 'hold-request', 'lose-input', 'double-input', 'reverse-inputs', 'kill']) {
    assert.ok((seen.get(kind) ?? 0) > 0, `${kind} has come about`)
  }
})

function refusal(words: string): ExchangeError {
  return new ExchangeError(words, { retryable: false, ambiguous: false })
}

test.run()
