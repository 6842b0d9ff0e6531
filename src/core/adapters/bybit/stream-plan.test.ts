import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { requestsOf, shared } from './stream-plan.ts'

const test = suite('plan of streams')

test('requests have so many topics at most, in order, and none is lost', () => {
  const topics = Array.from({ length: 401 }, (_, k) => `t${k}`)
  const requests = requestsOf(topics)
  assert.equal(
    requests.map(request => request.length),
    [200, 200, 1],
  )
  assert.equal(requests.flat(), topics)
  assert.equal(requestsOf([]), [])
})

test('connections have at most 18,000 characters of topics each, and a new one is opened only for want of room', () => {
  const topics = Array.from({ length: 3_000 }, (_, k) => `kline.15.COIN${k}USDT`)
  const used: number[] = []
  const at = shared(topics, used)
  const characters = used.map((_, k) =>
    topics.filter((_topic, one) => at[one] === k).reduce((sum, topic) => sum + topic.length + 1, 0),
  )
  assert.equal(characters, used)
  assert.ok(characters.every(count => count <= 18_000))
  assert.is(used.length, Math.ceil(characters.reduce((a, b) => a + b) / 18_000))
  assert.equal(shared(['tickers.BTCUSDT'], used), [used.length - 1])
})

test.run()
