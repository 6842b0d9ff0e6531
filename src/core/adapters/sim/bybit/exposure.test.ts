import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SECOND } from '../../../base/units.ts'
import { marketOf, still, TestClient } from './bybit.fixture.ts'
import type { FaultRule } from './fault-plan.ts'

const test = suite('exposure')

const NEVER = { count: 0, totalMs: 0, longestMs: 0 }
const OWN = { side: 'Buy', stopLoss: '95' }

/** A client that listens to its account. */
function listening(rules: readonly FaultRule[] = []): TestClient {
  const client = new TestClient([marketOf(still(100))], { faults: rules })
  client.socket('private', ['order', 'execution'])
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
  assert.equal(bare(client), { now: [], answered: NEVER, disturbed: NEVER })
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
  assert.equal([now, answered.count, disturbed], [[], 1, NEVER])
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
  assert.is(bare(client).answered.longestMs, 4 * SECOND)
  client.order({ side: 'Sell', reduceOnly: true })
  client.pass(10 * SECOND)
  assert.is(bare(client).answered.longestMs, 5 * SECOND)
  assert.equal(bare(client).now, [])
})

test('what somebody opens in the app is theirs to protect', () => {
  const client = listening()
  client.order({ side: 'Buy' })
  client.pass(10 * SECOND)
  assert.equal(bare(client), { now: [], answered: NEVER, disturbed: NEVER })
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
    assert.equal([answered, disturbed.count], [NEVER, 1])
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

test.run()
