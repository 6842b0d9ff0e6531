import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { DAY, HOUR, MINUTE, type Steps } from './core/base/units.ts'
import { gridSignal, reversionSignal } from './core/engine/desk.fixture.ts'
import type { AccountTerms, Listing } from './core/engine/protocol.ts'
import { FaultRig, OTHER, type RigOptions, START, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('faults of listings and accounts')
const folder = new StoreFolder()
test.after(() => folder.remove())

const FLAT = [
  [1, 102],
  [1_000, 99],
] as const

const open = (options: RigOptions = {}): Promise<FaultRig> => FaultRig.open(folder.fresh(), options)

const held = (options: RigOptions = {}): Promise<FaultRig> =>
  FaultRig.held(folder.fresh(), reversionSignal(), { path: FLAT, ...options })

let earlier = 0
/** Another signal of the grid at the market. */
const another = (symbol: string = OTHER) =>
  gridSignal(symbol, { order: { type: 'market' }, candleStart: gridSignal().candleStart - ++earlier })

/** Whether an entry on a symbol leaves. */
async function enters(rig: FaultRig, symbol: string = OTHER): Promise<boolean> {
  const before = rig.requests('place', 'entry')
  await rig.propose(another(symbol))
  return rig.requests('place', 'entry') > before
}

const listed = (rig: FaultRig, over: Partial<Listing>): Promise<void> =>
  rig.hear({ type: 'listing', at: 0, symbol: SYMBOL, status: 'trading', delistsAt: null, ...over })

test('F2: what is held of a perpetual that is delisted is closed a day before, and told of twice at most', async () => {
  const rig = await held({ minutes: 400 })
  await listed(rig, { delistsAt: START + DAY + 3 * HOUR })
  await rig.run(MINUTE)
  assert.is(rig.count('C602'), 1)
  await rig.restart()
  await rig.run(2 * HOUR)
  assert.equal([rig.count('C602'), rig.account().positions.length], [1, 1])
  await rig.run(HOUR)
  assert.equal(
    rig.trades.map(({ exitReason }) => exitReason),
    ['delisting'],
  )
  assert.is(rig.count('C602'), 2)
  assert.ok((rig.trades[0]?.closedAt ?? 0) <= START + 3 * HOUR + 2 * MINUTE)
  assert.is(await enters(rig, SYMBOL), false)
  assert.is(await enters(rig), true, 'another symbol is none of it')
  await listed(rig, {})
  assert.is(await enters(rig, SYMBOL), true, 'the announcement was taken back')
  rig.close()
})

test('F2: a position of a person is told of and left, an adopted one is closed', async () => {
  const rig = await open({ path: FLAT })
  await rig.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: 1_000 as Steps })
  await rig.run(MINUTE)
  await listed(rig, { delistsAt: START + HOUR })
  await rig.run(10 * MINUTE)
  assert.is(rig.count('C602'), 1)
  assert.is(rig.account().positions.length, 1)
  await rig.hear({
    type: 'handover',
    at: 0,
    id: 'h',
    kind: 'adopt',
    symbol: SYMBOL,
    side: null,
    stop: 90,
    target: null,
    isOwn: false,
    by: 'a person',
  })
  await rig.run(10 * MINUTE)
  assert.is(rig.account().positions.length, 0)
  rig.close()
})

test('F2: the embedded exchange delists at the moment that it has announced', async () => {
  const rig = await held({ minutes: 400 })
  await rig.act({ kind: 'delist', symbol: SYMBOL, minutes: 60 })
  await rig.run(3 * MINUTE)
  assert.is(rig.account().positions.length, 0, 'less than a day is left')
  await rig.run(2 * HOUR)
  await listed(rig, {})
  assert.is(await enters(rig, SYMBOL), true)
  assert.is(rig.count('W414'), 1, 'nothing is traded there any more')
  rig.close()
})

test('F3: a held perpetual that is missing in the lists stays in the books, with its stop', async () => {
  const rig = await held()
  await listed(rig, { status: 'unlisted' })
  await rig.run(HOUR)
  assert.equal(rig.differences(), [])
  assert.is(rig.position()?.stop, 950)
  assert.is(rig.count('C602'), 1)
  assert.is(await enters(rig, SYMBOL), false)
  rig.close()
})

test('F11: nothing is entered in an auction, in which nothing can have a stop', async () => {
  const rig = await open()
  await listed(rig, { status: 'auction' })
  assert.is(await enters(rig, SYMBOL), false)
  const { signals } = rig.engine.why(SYMBOL, 'long')
  assert.equal(signals, [])
  await listed(rig, {})
  rig.exchange.inject({ kind: 'refuse', why: 'auction', operation: 'place', times: 1 })
  await enters(rig, SYMBOL)
  assert.is(rig.count('I611'), 1, 'one that nobody has told of is refused by the exchange')
  assert.is(await enters(rig, SYMBOL), false)
  rig.close()
})

const ISOLATED: AccountTerms = {
  marginMode: 'isolated',
  accountType: 'unified',
  mayOnlyReduce: false,
  marginUse: 0.1,
}

const trades = (rig: FaultRig, over: Partial<AccountTerms> = {}): Promise<void> =>
  rig.hear({ type: 'account-terms', at: 0, terms: { ...ISOLATED, ...over } })

test('F9: margin that is low keeps entries away until there is room again', async () => {
  const rig = await open()
  await trades(rig, { marginUse: 0.49 })
  assert.is(await enters(rig), true)
  await trades(rig, { marginUse: 0.5 })
  await trades(rig, { marginUse: 0.6 })
  assert.equal([await enters(rig), rig.count('C609')], [false, 1])
  await trades(rig, { marginUse: 0.45 })
  assert.is(await enters(rig), false, 'not yet')
  await trades(rig, { marginUse: 0.39 })
  assert.is(await enters(rig, SYMBOL), true)
  rig.close()
})

test('F10: a margin mode that somebody has changed keeps entries away until it is back, whoever resumes', async () => {
  const rig = await open()
  await trades(rig)
  await trades(rig, { marginMode: 'cross' })
  assert.equal([await enters(rig), rig.count('C610')], [false, 1])
  await rig.restart()
  await rig.run(MINUTE)
  assert.is(await enters(rig), false, 'nor after a restart')
  await trades(rig)
  assert.is(await enters(rig), true)
  await trades(rig, { marginMode: 'cross' })
  assert.is(await enters(rig, SYMBOL), false)
  await rig.hear({ type: 'command', at: 0, id: 'r', command: 'resume', by: 'a person', reason: 'meant' })
  assert.equal([await enters(rig, SYMBOL), rig.count('W137')], [false, 1], 'the cause stands, which is said')
  await trades(rig)
  assert.is(await enters(rig, SYMBOL), true)
  rig.close()
})

test('F10: another type of the account is accepted by a person who resumes', async () => {
  const rig = await open()
  await trades(rig)
  await trades(rig, { accountType: 'other' })
  assert.is(await enters(rig), false)
  await rig.hear({ type: 'command', at: 0, id: 'r', command: 'resume', by: 'a person', reason: 'meant' })
  assert.equal([await enters(rig), rig.count('W137')], [true, 0])
  rig.close()
})

test('C616: an account that was never isolated enters nothing, whoever resumes, until it is', async () => {
  const rig = await open()
  await trades(rig, { marginMode: 'REGULAR_MARGIN' })
  assert.equal([await enters(rig), rig.count('C616'), rig.count('C610')], [false, 1, 0])
  await rig.hear({ type: 'command', at: 0, id: 'r', command: 'resume', by: 'a person', reason: 'meant' })
  assert.equal([await enters(rig), rig.count('W137')], [false, 1])
  await trades(rig, { marginMode: 'ISOLATED_MARGIN' })
  assert.equal([await enters(rig), rig.count('C610')], [true, 0])
  rig.close()
})

test('D8: an account that says that it may only reduce enters nothing, and its targets fill', async () => {
  const rig = await held({
    path: [
      [1, 102],
      [30, 99],
      [200, 112],
    ],
  })
  await rig.act({ kind: 'restrict', onlyReduce: true })
  assert.equal([await enters(rig), rig.count('C408')], [false, 1])
  await rig.run(HOUR)
  assert.equal(
    rig.trades.map(({ exitReason }) => exitReason),
    ['target'],
  )
  await rig.act({ kind: 'restrict', onlyReduce: false })
  assert.is(await enters(rig), true)
  rig.close()
})

test('D4: entries end five minutes before announced maintenance, and everything is compared after it', async () => {
  const rig = await held()
  const [from, until] = [rig.now + 20 * MINUTE, rig.now + 50 * MINUTE]
  await rig.hear({ type: 'maintenance', at: 0, from, until })
  await rig.run(14 * MINUTE)
  assert.equal([await enters(rig), rig.count('W404')], [true, 0])
  await rig.run(90_000)
  assert.is(rig.count('W404'), 1)
  assert.is(await enters(rig, SYMBOL), false)
  await rig.restart()
  await rig.run(20 * MINUTE)
  const before = rig.requests('place', 'entry')
  await rig.propose(another('SOLUSDT'))
  assert.is(rig.requests('place', 'entry'), before, 'nor after a restart')
  rig.exchange.inject({ kind: 'lose-input', when: ({ type }) => type === 'fill' })
  await rig.act({ kind: 'reduce', symbol: SYMBOL, side: 'long', steps: 100_000 as Steps })
  await rig.run(30 * MINUTE)
  assert.ok(rig.events.some(({ reason }) => reason === 'maintenance is over'))
  assert.is(rig.position(), null)
  assert.equal(rig.differences(), [])
  assert.is(rig.count('W404'), 1)
  assert.is(await enters(rig, SYMBOL), true)
  rig.close()
})

test('D4: maintenance that is called off keeps nothing away', async () => {
  const rig = await open()
  await rig.hear({ type: 'maintenance', at: 0, from: rig.now, until: null })
  await rig.run(MINUTE)
  assert.is(await enters(rig), false)
  await rig.hear({ type: 'maintenance', at: 0, from: null, until: null })
  assert.is(await enters(rig), true)
  rig.close()
})

const OTHER_GRIDS = [
  ['0.01', '0.001'],
  ['0.5', '0.001'],
  ['0.3', '0.01'],
  ['0.1', '0.0001'],
] as const

test('F1: filters that change while something is held are followed without adding risk', async () => {
  for (const [tick, step] of OTHER_GRIDS) {
    const rig = await held()
    const before = rig.position()
    assert.ok(before !== null)
    const price = (ticks: number): number => Number(before.instrument.tick) * ticks
    await rig.act({ kind: 'refilter', symbol: SYMBOL, tick, step })
    await rig.run(2 * MINUTE)
    const now = rig.position()
    const name = `tick ${tick}, step ${step}`
    assert.ok(now !== null, name)
    assert.equal(rig.differences(), [], name)
    assert.is(rig.count('I601'), 1, name)
    const stop = now.stop * Number(tick)
    assert.ok(stop >= price(before.stop) - 1e-9, `${name}: a stop at ${stop} is looser`)
    assert.ok(stop - price(before.stop) < Number(tick), `${name}: a stop at ${stop} is too tight`)
    const qty = now.steps * Number(step)
    const was = before.steps * Number(before.instrument.step)
    assert.ok(qty <= was + 1e-9 && was - qty < Number(step), `${name}: ${qty} of ${was}`)
    const target = (now.target ?? 0) * Number(tick)
    assert.ok(target <= price(before.target ?? 0) + 1e-9, `${name}: a target at ${target}`)
    await rig.restart()
    await rig.run(2 * MINUTE)
    assert.equal([rig.differences(), rig.count('I601')], [[], 1], name)
    rig.close()
  }
})

test('F1: filters that have changed while bbw was not there are found at its start', async () => {
  const rig = await held()
  await rig.dark(MINUTE)
  rig.exchange.inject({ kind: 'lose-input', when: ({ type }) => type === 'instrument', times: 1 })
  await rig.act({ kind: 'refilter', symbol: SYMBOL, tick: '0.01', step: '0.001' })
  assert.is(rig.exchange.fired['lose-input'], 1)
  await rig.restart()
  await rig.run(2 * MINUTE)
  assert.equal([rig.differences(), rig.count('I601'), rig.position()?.stop], [[], 1, 9_500])
  rig.close()
})

test('F1: an entry that rests is taken back, and what was lost is sent again in the units of now', async () => {
  const rig = await open()
  await rig.propose(reversionSignal())
  assert.is(rig.account().orders.length, 1)
  await rig.act({ kind: 'refilter', symbol: SYMBOL, tick: '0.01', step: '0.001' })
  await rig.run(MINUTE)
  assert.equal([rig.account().orders.length, rig.engine.portfolio.pending.size], [0, 0])
  rig.exchange.inject({ kind: 'lose-request', operation: 'place', times: 1 })
  await rig.propose(reversionSignal(OTHER))
  await rig.act({ kind: 'refilter', symbol: OTHER, tick: '0.01', step: '0.001' })
  await rig.run(MINUTE)
  assert.equal(rig.differences(), [])
  assert.ok(rig.account().orders.every(({ price }) => price === 10_000))
  rig.close()
})

test.run()
