import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError, UsageError } from '../../base/errors.ts'
import { ENVIRONMENTS, environmentAt, environmentLine, environmentOf } from './environments.ts'

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

const LOOPBACK = 'http://127.0.0.1:8790'

test('an address of this machine counts for market and account, over requests and streams', () => {
  for (const name of ['demo', 'testnet', 'live'] as const) {
    const at = environmentAt(name, `${LOOPBACK}/`)
    assert.equal(at.market, { rest: LOOPBACK, stream: 'ws://127.0.0.1:8790/v5/public/linear' })
    assert.equal(at.account, { rest: LOOPBACK, stream: 'ws://127.0.0.1:8790/v5/private' })
    assert.is(at.movesMoney, environmentOf(name).movesMoney)
  }
  assert.is(environmentAt('paper', LOOPBACK).account, null)
})

test('its own address is its own address, and the market of a demo account stays the real one', () => {
  for (const name of ENVIRONMENTS) {
    assert.equal(environmentAt(name, undefined), environmentOf(name))
    const { account } = environmentOf(name)
    if (account !== null) assert.equal(environmentAt(name, account.rest), environmentOf(name))
  }
  assert.is(environmentAt('demo', 'https://api-demo.bybit.com/').market?.rest, 'https://api.bybit.com')
})

test('a key goes to no host of another environment, and what is given there is said', () => {
  for (const [name, given, says] of [
    ['demo', 'https://api.bybit.com', /the account of --exchange live/],
    ['testnet', 'https://api-demo.bybit.com', /the account of --exchange demo/],
    ['live', 'https://api-testnet.bybit.com', /the account of --exchange testnet/],
    ['live', 'https://example.com', /nowhere that bbw knows/],
    ['demo', 'https://api-demo.bybit.com:8443', /nowhere that bbw knows/],
    ['demo', 'https://127.0.0.1.example.com', /nowhere that bbw knows/],
  ] as const) {
    try {
      environmentAt(name, given)
      assert.unreachable(`${name} ${given}`)
    } catch (error) {
      assert.instance(error, ConfigError)
      assert.match((error as ConfigError).message, says)
    }
  }
  assert.throws(
    () => environmentAt('demo', 'http://example.com'),
    (error: unknown) => error instanceof UsageError,
  )
})

test('without a key the market may be anywhere that is encrypted', () => {
  assert.is(environmentAt('paper', 'https://example.com').market?.rest, 'https://example.com')
})

test('the line at the start names the hosts that are reached', () => {
  assert.match(environmentLine(environmentOf('sim')), /^sim: .*no money$/)
  const demo = '(api.bybit.com, stream.bybit.com, api-demo.bybit.com, stream-demo.bybit.com)'
  assert.ok(environmentLine(environmentOf('demo')).endsWith(demo))
  assert.match(
    environmentLine(environmentOf('live')),
    /^live: .*real money \(api.bybit.com, stream.bybit.com\)$/,
  )
  assert.match(environmentLine(environmentAt('live', LOOPBACK)), /real money \(127.0.0.1:8790\)$/)
})

test.run()
