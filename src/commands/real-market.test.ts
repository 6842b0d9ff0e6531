import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { environmentOf } from '../core/adapters/bybit/environments.ts'
import { UsageError } from '../core/base/errors.ts'
import { restOf } from './real-market.ts'

const test = suite('real market')

const parsed = (url?: string): Parameters<typeof restOf>[0] => ({
  flags: url === undefined ? {} : { url },
  args: [],
})

test('requests go to the environment’s own address, or to the one that is given', () => {
  const cases = [
    ['paper', 'market', 'https://api.bybit.com'],
    ['demo', 'market', 'https://api.bybit.com'],
    ['demo', 'account', 'https://api-demo.bybit.com'],
    ['testnet', 'market', 'https://api-testnet.bybit.com'],
    ['testnet', 'account', 'https://api-testnet.bybit.com'],
    ['live', 'account', 'https://api.bybit.com'],
  ] as const
  for (const [name, kind, url] of cases) {
    assert.is(restOf(parsed(), environmentOf(name), kind), url)
    assert.is(restOf(parsed('http://127.0.0.1:8790'), environmentOf(name), kind), 'http://127.0.0.1:8790')
  }
})

test('an address that others could read along is refused, and an environment without an account has none', () => {
  try {
    restOf(parsed('http://example.com'), environmentOf('live'), 'account')
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof UsageError)
  }
  assert.throws(() => restOf(parsed(), environmentOf('paper'), 'account'), /paper has no account/)
})

test.run()
