import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../core/base/errors.ts'
import { defaultConfig } from './config.ts'
import type { CheckContext, Verdict } from './doctor-check.ts'
import { type AccountProbe, exchangeChecks, type MarketProbe } from './doctor-exchange.ts'

const test = suite('the doctor at an exchange')
const CONTEXT = { loaded: { config: defaultConfig() } } as CheckContext
const { maker, taker } = defaultConfig().fees

const MARKET: MarketProbe = { url: 'https://there', clockAhead: async () => 0, symbols: async () => 500 }
const ACCOUNT: AccountProbe = {
  from: 'environment',
  key: async () => ({ refused: [], warned: [] }),
  positionMode: async () => defaultConfig().positionMode,
  marginMode: async () => 'ISOLATED_MARGIN',
  fees: async () => ({ maker: String(maker), taker: String(taker) }),
}
const KEYED = ['credentials', 'key-rights', 'position-mode', 'margin-mode', 'fees']

const away = async (): Promise<never> => {
  throw new ExchangeError('ECONNREFUSED', { retryable: true, ambiguous: false })
}

async function verdict(
  id: string,
  market: Partial<MarketProbe> | null,
  account: Partial<AccountProbe> | string | null,
  name = 'demo',
): Promise<Verdict> {
  const there = typeof account === 'string' || account === null ? account : { ...ACCOUNT, ...account }
  const checks = exchangeChecks(name, market === null ? null : { ...MARKET, ...market }, there)
  const check = checks.find(one => one.id === id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  return await check.run(CONTEXT)
}

test('where the key is wanting what helps is what its reader says', async () => {
  const of = (remedy?: string): Verdict | Promise<Verdict> | undefined =>
    exchangeChecks('demo', MARKET, 'k.env can be read by others', undefined, remedy)
      .find(({ id }) => id === 'credentials')
      ?.run(CONTEXT)
  assert.is((await of('chmod 600 k.env'))?.remedy, 'chmod 600 k.env')
  assert.match((await of())?.remedy ?? '', 'make a key')
})

test('a clock that is off is told by how far, and fails where requests would be turned away', async () => {
  for (const [ahead, status, found] of [
    [0, 'ok', '0.000 s ahead'],
    [200, 'ok', '0.200 s ahead'],
    [-400, 'warning', '0.400 s behind'],
    [1_500, 'failed', '1.500 s ahead'],
    [-1_500, 'warning', '1.500 s behind'],
    [-6_000, 'failed', '6.000 s behind'],
  ] as const) {
    const { status: is, found: says } = await verdict('exchange-clock', { clockAhead: async () => ahead }, {})
    assert.equal([is, says], [status, found])
  }
})

test('an exchange that is away, or lists nothing, fails; what needs a key is skipped without one', async () => {
  assert.is((await verdict('exchange', { symbols: away }, {})).status, 'failed')
  assert.is((await verdict('exchange-clock', { clockAhead: away }, {})).status, 'failed')
  assert.is((await verdict('exchange', { symbols: async () => 0 }, {})).status, 'failed')
  assert.is((await verdict('exchange', {}, {})).found, 'https://there: 500 perpetuals')
  for (const id of KEYED) {
    assert.equal(await verdict(id, {}, 'paper has no key', 'paper'), {
      status: 'skipped',
      found: 'paper has no key',
    })
    assert.is((await verdict(id, null, null, 'sim')).status, 'skipped')
  }
  assert.is((await verdict('credentials', {}, 'there is no API key')).status, 'failed')
  assert.is((await verdict('key-rights', {}, 'there is no API key')).status, 'skipped')
})

test('an account as it should be passes, and each thing that is not is told with what helps', async () => {
  for (const id of KEYED) assert.is((await verdict(id, {}, {})).status, 'ok', id)
  const finding = { code: 'C415', words: 'it can move money away', remedy: 'another one' } as const
  const soon = { code: 'W416', words: 'it ends in 3 days', remedy: 'make another one' } as const
  assert.equal(
    await verdict('key-rights', {}, { key: async () => ({ refused: [finding], warned: [soon] }) }),
    {
      status: 'failed',
      found: 'C415 it can move money away; W416 it ends in 3 days',
      remedy: 'another one',
    },
  )
  assert.is(
    (await verdict('key-rights', {}, { key: async () => ({ refused: [], warned: [soon] }) })).status,
    'warning',
  )
  const other = defaultConfig().positionMode === 'hedge' ? 'one-way' : 'hedge'
  assert.is((await verdict('position-mode', {}, { positionMode: async () => other })).status, 'warning')
  assert.is(
    (await verdict('margin-mode', {}, { marginMode: async () => 'REGULAR_MARGIN' })).status,
    'warning',
  )
  const dearer = await verdict('fees', {}, { fees: async () => ({ maker: '0.0001', taker: '0.0006' }) })
  assert.equal([dearer.status, dearer.remedy], ['warning', 'fees: {maker: 0.0001, taker: 0.0006}'])
  assert.is((await verdict('fees', {}, { fees: async () => null })).status, 'skipped')
  for (const id of ['key-rights', 'position-mode', 'margin-mode', 'fees']) {
    const probe = { key: away, positionMode: away, marginMode: away, fees: away }
    assert.is((await verdict(id, {}, probe)).status, 'failed', id)
  }
})

test.run()
