import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND } from '../../../base/units.ts'
import { type Minutes, marketOf, START, still, TestClient } from './bybit.fixture.ts'
import type { BybitOptions } from './bybit.ts'
import type { FaultRule } from './fault-plan.ts'

const test = suite('exposure')

const NEVER = { count: 0, totalMs: 0, longestMs: 0 }
const UNDISTURBED = { ...NEVER, longestAfterMs: 0 }
const OWN = { side: 'Buy', stopLoss: '95' }

/** A client that has listened to its account for a while. */
function listening(rules: readonly FaultRule[] = [], options: Partial<BybitOptions> = {}): TestClient {
  const client = new TestClient([marketOf(still(100))], { faults: rules, ...options })
  client.socket('private', ['order', 'execution'])
  client.pass(MINUTE)
  return client
}

function bare(client: TestClient): ReturnType<TestClient['sim']['exposure']['report']> {
  return client.sim.exposure.report(client.sim.now)
}

test('a position whose stop comes with its order is never without one', () => {
  const client = listening()
  client.order({ ...OWN, orderLinkId: 'a' })
  client.pass(10 * SECOND)
  client.order({ side: 'Sell', reduceOnly: true, orderLinkId: 'b' })
  client.pass(10 * SECOND)
  assert.equal(bare(client), { now: [], answered: NEVER, disturbed: UNDISTURBED })
})

test('the time from the loss of a stop to a new one counts, whoever took it away', () => {
  const client = listening()
  client.order({ ...OWN, orderLinkId: 'a' })
  client.pass(SECOND)
  assert.is(client.sim.cause({ fault: 'human-stop', symbol: 'XUSDT', ticks: 0 }), null)
  client.pass(3 * SECOND)
  assert.equal(bare(client).now, ['XUSDT 0'])
  client.post('/v5/position/trading-stop', { symbol: 'XUSDT', positionIdx: 0, stopLoss: '96' })
  client.pass(SECOND)
  const { now, answered, disturbed } = bare(client)
  assert.equal([now, answered.count, disturbed], [[], 1, UNDISTURBED])
  assert.ok(answered.longestMs >= 2 * SECOND && answered.longestMs <= 4 * SECOND, `${answered.longestMs} ms`)
})

test('a stop for less than is held is none', () => {
  const client = listening()
  client.order({ ...OWN, orderLinkId: 'a' })
  client.post('/v5/position/trading-stop', { symbol: 'XUSDT', positionIdx: 0, stopLoss: '0' })
  client.post('/v5/position/trading-stop', {
    ...{ symbol: 'XUSDT', positionIdx: 0, tpslMode: 'Partial', stopLoss: '95', slSize: '0.4' },
  })
  client.pass(SECOND)
  assert.equal(bare(client).now, ['XUSDT 0'])
})

test('what lasts counts too, and an end by a close is an end', () => {
  const client = listening([{ fault: 'lose-stop', symbol: 'XUSDT', from: 0 }])
  client.pass(SECOND)
  client.order({ ...OWN, orderLinkId: 'a' })
  client.pass(5 * SECOND)
  assert.is(bare(client).answered.longestMs, 5 * SECOND)
  client.order({ side: 'Sell', reduceOnly: true })
  client.pass(10 * SECOND)
  assert.is(bare(client).answered.longestMs, 5 * SECOND)
  assert.equal(bare(client).now, [])
})

test('what somebody opens in the app is theirs to protect', () => {
  const client = listening()
  client.order({ side: 'Buy' })
  client.pass(10 * SECOND)
  assert.equal(bare(client), { now: [], answered: NEVER, disturbed: UNDISTURBED })
})

test('a client that is not answered, not told or not there is not blamed', () => {
  const stopless = { side: 'Buy', orderLinkId: 'a' } as const
  const unanswered = listening([{ fault: 'status-after', only: '/v5/position/list', most: 1 }])
  unanswered.order(stopless)
  unanswered.pass(SECOND)
  unanswered.raw('GET', '/v5/position/list', { category: 'linear', symbol: 'XUSDT' })
  const untold = listening([{ fault: 'lose-push', only: 'execution', most: 1 }])
  untold.order(stopless)
  const absent = new TestClient([marketOf(still(100))])
  absent.order(stopless)
  const banned = listening()
  banned.order(stopless)
  banned.sim.cause({ fault: 'ban', ms: SECOND })
  for (const client of [unanswered, untold, absent, banned]) {
    client.pass(5 * SECOND)
    const { answered, disturbed } = bare(client)
    assert.equal([answered.count, disturbed.count], [0, 1])
    assert.ok(answered.longestMs <= SECOND, 'but for what has passed before')
  }
})

test('faults that keep nothing from the client are no excuse', () => {
  const client = listening([
    { fault: 'html', only: '/v5/market/tickers' },
    { fault: 'duplicate-push', only: 'order' },
  ])
  client.order({ side: 'Buy', orderLinkId: 'a' })
  client.raw('GET', '/v5/market/tickers', { category: 'linear' })
  client.pass(5 * SECOND)
  assert.equal([bare(client).answered.count, bare(client).disturbed.count], [1, 0])
  assert.equal(Object.keys(client.sim.plan.counts).sort(), ['duplicate-push', 'html'])
})

test('what passes before or long after a disturbance counts as answered', () => {
  const client = listening([{ fault: 'lose-push', only: 'order', most: 1 }])
  client.order({ ...OWN, orderLinkId: 'a' })
  client.pass(60 * SECOND)
  client.sim.cause({ fault: 'human-stop', symbol: 'XUSDT', ticks: 0 })
  client.pass(5 * SECOND)
  assert.equal([bare(client).answered.count, bare(client).disturbed.count], [1, 0])
})

test('what has passed before a disturbance counts as answered, and what passes after each of them is told', () => {
  const client = listening()
  client.order({ side: 'Buy', orderLinkId: 'a' })
  client.pass(5 * SECOND)
  client.sim.cause({ fault: 'clock-skew', ms: 0 })
  client.pass(20 * SECOND)
  client.sim.cause({ fault: 'clock-skew', ms: 0 })
  client.pass(3 * SECOND)
  assert.equal(bare(client), {
    now: ['XUSDT 0'],
    answered: { ...NEVER, longestMs: 5 * SECOND },
    disturbed: { count: 1, totalMs: 28 * SECOND, longestMs: 28 * SECOND, longestAfterMs: 20 * SECOND },
  })
})

test('a client that does not listen is away until it reads its positions, and then has half a minute', () => {
  const client = new TestClient([marketOf(still(100))], { slowWhenBare: true, speed: 40 })
  client.order({ side: 'Buy', orderLinkId: 'a' })
  client.pass(10 * MINUTE)
  assert.equal([bare(client).disturbed.longestAfterMs, client.sim.pace.present], [0, 40])
  client.raw('GET', '/v5/position/list', { category: 'linear', symbol: 'XUSDT' })
  client.pass(7 * SECOND)
  assert.equal([bare(client).disturbed.longestAfterMs, client.sim.pace.present], [7 * SECOND, 1])
  client.pass(30 * SECOND)
  client.sim.cause({ fault: 'human-close', symbol: 'XUSDT' })
  client.order({ side: 'Buy', orderLinkId: 'b', stopLoss: '95' })
  client.pass(MINUTE)
  assert.is(client.sim.pace.present, 40)
  assert.is(bare(client).answered.count, 0)
})

test('what is kept back on a socket that hears nothing any more is a disturbance, its silence alone is none', () => {
  const client = listening()
  client.raw('GET', '/v5/position/list', { category: 'linear', symbol: 'XUSDT' })
  client.sim.cause({ fault: 'half-open', only: 'private' })
  client.pass(SECOND)
  client.raw('GET', '/v5/position/list', { category: 'linear', symbol: 'XUSDT' })
  client.pass(MINUTE)
  client.order({ side: 'Buy', orderLinkId: 'a' })
  client.pass(5 * SECOND)
  assert.equal([bare(client).answered.count, bare(client).disturbed.count], [0, 1])
  client.pass(60 * SECOND)
  assert.ok(bare(client).disturbed.longestAfterMs >= 60 * SECOND)
})

test('one whose address is blocked has to keep silent for ten minutes after each time that it is told so', () => {
  const client = listening()
  client.order({ side: 'Buy', orderLinkId: 'a' })
  client.sim.cause({ fault: 'ban', ms: MINUTE })
  client.pass(30 * SECOND)
  client.raw('GET', '/v5/position/list', { category: 'linear', symbol: 'XUSDT' })
  client.pass(10 * MINUTE)
  assert.is(bare(client).disturbed.longestAfterMs, 0)
  client.pass(SECOND)
  assert.is(bare(client).disturbed.longestAfterMs, SECOND)
})

test('for one that keeps silent the clock does not slow down', () => {
  const client = listening([], { speed: 40, slowWhenBare: true })
  client.order({ side: 'Buy', orderLinkId: 'a' })
  assert.is(client.sim.pace.present, 1)
  client.sim.cause({ fault: 'ban', ms: MINUTE })
  client.raw('GET', '/v5/position/list', { category: 'linear', symbol: 'XUSDT' })
  for (let k = 0; k < 9; k++) {
    client.pass(MINUTE)
    assert.is(client.sim.pace.present, 40)
  }
  client.pass(MINUTE)
  assert.is(client.sim.pace.present, 1)
})

test('a position that was filled since the last look has been bare since its fill', () => {
  const prices = [...still(100, 2), [100, 100, 90, 90], ...still(90, 30)] as Minutes
  const client = new TestClient([marketOf(prices)])
  client.socket('private', ['order'])
  client.order({ side: 'Buy', orderType: 'Limit', price: '95', orderLinkId: 'a' })
  client.pass(MINUTE)
  client.sim.advance(START + 3 * MINUTE)
  // The price falls by a tenth in the middle third of the minute: that piece of its way ends 20 s before the minute does.
  assert.is(bare(client).answered.longestMs, 20 * SECOND)
})

test.run()
