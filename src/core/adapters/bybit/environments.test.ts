import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ENVIRONMENTS, environmentLine, environmentOf } from './environments.ts'

const test = suite('bybit environments')

test('one environment alone moves money, and says so', () => {
  const all = ENVIRONMENTS.map(environmentOf)
  assert.equal(
    all.filter(({ movesMoney }) => movesMoney).map(({ name }) => name),
    ['live'],
  )
  for (const one of all) assert.is(/real money/.test(environmentLine(one)), one.movesMoney)
})

test('no account is reached by another way than its own', () => {
  const hosts = ENVIRONMENTS.flatMap(name => {
    const { account } = environmentOf(name)
    return account === null ? [] : [account.rest, account.stream].map(url => `${name} ${new URL(url).host}`)
  })
  assert.equal(hosts, [
    'demo api-demo.bybit.com',
    'demo stream-demo.bybit.com',
    'testnet api-testnet.bybit.com',
    'testnet stream-testnet.bybit.com',
    'live api.bybit.com',
    'live stream.bybit.com',
  ])
})

test('the demo accounts see the real market, and every address is encrypted', () => {
  assert.equal(environmentOf('demo').market, environmentOf('live').market)
  assert.equal(environmentOf('paper').market, environmentOf('live').market)
  for (const name of ENVIRONMENTS) {
    const { market, account } = environmentOf(name)
    for (const url of [market?.rest, market?.stream, account?.rest, account?.stream]) {
      if (url !== undefined) assert.match(url, /^(?:https|wss):\/\//)
    }
  }
})

test('the line at the start names the hosts that are reached', () => {
  assert.match(environmentLine(environmentOf('sim')), /^sim: .*no money$/)
  assert.match(environmentLine(environmentOf('demo')), /\(api.bybit.com, api-demo.bybit.com\)$/)
  assert.match(environmentLine(environmentOf('live')), /^live: .*real money \(api.bybit.com\)$/)
})

test.run()
