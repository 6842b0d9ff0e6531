import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../core/base/errors.ts'
import type { CheckContext, Verdict } from './doctor-check.ts'
import { type ExchangeProbe, exchangeChecks } from './doctor-exchange.ts'

const test = suite('the doctor at an exchange')
const NOTHING = {} as CheckContext

async function verdict(id: string, probe: Partial<ExchangeProbe> | null): Promise<Verdict> {
  const whole = { url: 'https://there', clockAhead: async () => 0, symbols: async () => 500, ...probe }
  const check = exchangeChecks(probe === null ? null : whole, 'paper').find(one => one.id === id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  return await check.run(NOTHING)
}

test('a clock that is off is told by how far, and fails where requests would be turned away', async () => {
  for (const [ahead, status, found] of [
    [0, 'ok', '0.000 s ahead'],
    [200, 'ok', '0.200 s ahead'],
    [-400, 'warning', '0.400 s behind'],
    [1_500, 'failed', '1.500 s ahead'],
    [-1_500, 'warning', '1.500 s behind'],
    [-6_000, 'failed', '6.000 s behind'],
  ] as const) {
    const { status: is, found: says } = await verdict('exchange-clock', { clockAhead: async () => ahead })
    assert.equal([is, says], [status, found])
  }
})

test('an exchange that is away, or lists nothing, fails; what needs a key is skipped', async () => {
  const away = async (): Promise<never> => {
    throw new ExchangeError('ECONNREFUSED', { retryable: true, ambiguous: false })
  }
  assert.is((await verdict('exchange', { symbols: away })).status, 'failed')
  assert.is((await verdict('exchange-clock', { clockAhead: away })).status, 'failed')
  assert.is((await verdict('exchange', { symbols: async () => 0 })).status, 'failed')
  assert.is((await verdict('exchange', {})).found, 'https://there: 500 perpetuals')
  for (const id of ['key-rights', 'key-expiry', 'position-mode', 'margin-mode', 'rate-limits']) {
    assert.equal(await verdict(id, {}), {
      status: 'skipped',
      found: 'paper has no key: only public data are asked for',
    })
  }
  assert.is((await verdict('exchange', null)).status, 'skipped')
})

test.run()
