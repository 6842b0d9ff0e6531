import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { BybitAccount } from './account.ts'
import { type EnvironmentName, environmentOf } from './environments.ts'
import { ok, refused, type Sent, Wire } from './loopback.fixture.ts'
import { POSITION } from './rows.fixture.ts'

const test = suite('bybit account')

function account(answer: (sent: Sent, nth: number) => object): {
  readonly wire: Wire
  readonly account: BybitAccount
} {
  const wire = new Wire(answer)
  return { wire, account: new BybitAccount(wire.client()) }
}

async function thrownBy(work: Promise<unknown>): Promise<ExchangeError> {
  try {
    await work
  } catch (error) {
    if (error instanceof ExchangeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const flat = (symbol: string, positionIdx: number): object => ({
  ...POSITION,
  symbol,
  positionIdx,
  size: '0',
  side: '',
})
const held = (symbol: string, positionIdx: number): object => ({ ...POSITION, symbol, positionIdx })

/** Answers position questions: what is listed of the probe, and pages of what is held. */
function positions(
  probe: readonly object[],
  ...pages: readonly (readonly object[])[]
): (sent: Sent) => object {
  return ({ url }) => {
    const { searchParams } = new URL(url)
    if (searchParams.has('symbol')) return ok({ category: 'linear', list: probe, nextPageCursor: '' })
    const page = Number(searchParams.get('cursor') ?? 0)
    const next = page + 1 < pages.length ? String(page + 1) : ''
    return ok({ category: 'linear', list: pages[page] ?? [], nextPageCursor: next })
  }
}

test('the mode of an account without positions is seen by what is listed of one symbol', async () => {
  assert.is(await account(positions([flat('BTCUSDT', 0)])).account.positionMode(), 'one-way')
  assert.is(
    await account(positions([flat('BTCUSDT', 1), flat('BTCUSDT', 2)])).account.positionMode(),
    'hedge',
  )
})

test('a symbol that is held in another mode is an error, on whatever page it stands', async () => {
  const mixed = positions([flat('BTCUSDT', 0)], [held('ETHUSDT', 0)], [held('SOLUSDT', 2)])
  const error = await thrownBy(account(mixed).account.positionMode())
  assert.is(error.why, 'position-mode')
  assert.match(error.message, /ETHUSDT, SOLUSDT/)
  const same = positions([flat('BTCUSDT', 0)], [held('ETHUSDT', 0)], [held('SOLUSDT', 0)])
  assert.is(await account(same).account.positionMode(), 'one-way')
})

test('on an exchange without that symbol one that it lists tells the mode, or what is held does', async () => {
  const listed = {
    ...{ contractType: 'LinearPerpetual', status: 'Trading', baseCoin: 'XRP', quoteCoin: 'USDT' },
    ...{ settleCoin: 'USDT', launchTime: '1', deliveryTime: '0', fundingInterval: 480 },
    leverageFilter: { minLeverage: '1', maxLeverage: '50', leverageStep: '0.01' },
    priceFilter: { tickSize: '0.1', minPrice: '0.1', maxPrice: '1000' },
    lotSizeFilter: { qtyStep: '1', minOrderQty: '1', maxOrderQty: '100', maxMktOrderQty: '50' },
  }
  const of = (unknown: object, rows: readonly object[]): ReturnType<typeof account> =>
    account(({ path, url }) => {
      const asked = new URL(url).searchParams.get('symbol')
      const list = (items: readonly object[]): object =>
        ok({ category: 'linear', list: items, nextPageCursor: '' })
      if (path === '/v5/market/instruments-info')
        return list([
          { ...listed, symbol: 'XRPPERP', quoteCoin: 'USDC', settleCoin: 'USDC' },
          { ...listed, symbol: 'XRPUSDT' },
        ])
      if (asked === 'BTCUSDT') return unknown
      return list(asked === null ? rows : asked === 'XRPUSDT' ? [flat('XRPUSDT', 1), flat('XRPUSDT', 2)] : [])
    })
  const none = ok({ category: 'linear', list: [], nextPageCursor: '' })
  for (const unknown of [refused(10_001, 'params error: symbol invalid'), none]) {
    assert.is(await of(unknown, []).account.positionMode(), 'hedge')
    const holding = of(unknown, [held('ETHUSDT', 0)])
    assert.is(await holding.account.positionMode(), 'one-way')
    assert.not(holding.wire.sent.some(({ path }) => path === '/v5/market/instruments-info'))
  }
  // What says nothing of the symbol is no answer.
  assert.is((await thrownBy(of(refused(10_016, 'busy'), []).account.positionMode())).why, 'busy')
})

test('nothing listed, and a list without an end, are no mode', async () => {
  assert.match((await thrownBy(account(positions([])).account.positionMode())).message, /E313/)
  const endless = account(() => ok({ category: 'linear', list: [held('ETHUSDT', 0)], nextPageCursor: 'x' }))
  assert.match(
    (await thrownBy(endless.account.positionMode())).message,
    /E313 the list of positions does not end/,
  )
  const other = account(() => ok({ category: 'inverse', list: [held('ETHUSDT', 0)], nextPageCursor: '' }))
  assert.is((await thrownBy(other.account.positionMode())).why, 'unreadable')
})

test('a mode is switched for all of USDT, and one that is there already is a success', async () => {
  const { wire, account: free } = account(() => ok({}))
  assert.is(await free.setPositionMode('hedge'), null)
  assert.equal(JSON.parse(wire.sent[0].body ?? ''), { category: 'linear', coin: 'USDT', mode: 3 })
  assert.is(
    await account(() => refused(110_025, 'Position mode is not modified')).account.setPositionMode('one-way'),
    null,
  )
})

test('what is in the way of a switch is said, and what is unknown is thrown', async () => {
  for (const code of [110_024, 110_028]) {
    assert.match(
      (await account(() => refused(code, 'x')).account.setPositionMode('hedge')) ?? '',
      /in the way/,
    )
  }
  const lost = account(() => refused(10_016, 'busy'))
  assert.is((await thrownBy(lost.account.setPositionMode('hedge'))).ambiguous, true)
  assert.is(lost.wire.sent.length, 1)
})

test('a key is checked at its environment, and rejected in the words of the exchange', async () => {
  const key = { id: '1', readOnly: 0, permissions: { ContractTrade: ['Order'] }, ips: [], deadlineDay: 90 }
  const reply = { ...key, expiredAt: '', uta: 1, userID: 7, isMaster: true }
  const verdict = async (answer: object, name: EnvironmentName): Promise<string> => {
    const { refused: no, warned } = await account(() => answer).account.checkedKey(
      environmentOf(name),
      'trades',
    )
    return [...no, ...warned].map(({ code }) => code).join(' ')
  }
  assert.is(await verdict(ok(reply), 'live'), 'W416')
  assert.is(
    await verdict(ok({ ...reply, permissions: { Wallet: ['Withdraw'], ContractTrade: ['Order'] } }), 'live'),
    'C415 W416',
  )
  assert.is(await verdict(refused(10_003, 'API key is invalid.'), 'testnet'), 'C976')
  for (const code of [10_004, 10_005, 10_010, 33_004])
    assert.is(await verdict(refused(code, 'no'), 'demo'), 'C407')
  const wrong = account(() => refused(10_004, 'error sign!')).account
  const { refused: says } = await wrong.checkedKey(environmentOf('demo'), 'trades')
  assert.match(says[0].remedy, 'the secret is not that of the key')
  // Demo accounts may not have the question; a real one that does not answer it is not to be trusted.
  assert.is(await verdict({ status: 404, body: '' }, 'demo'), 'W416')
  const error = await thrownBy(
    account(() => ({ status: 404, body: '' })).account.checkedKey(environmentOf('live'), 'trades'),
  )
  assert.is(error.why, 'unreadable')
  const closing = account(() => ({ status: 404, body: '' }))
  assert.equal((await closing.account.checkedKey(environmentOf('live'), 'closes')).refused, [])
  const away = account(() => ({ status: 503, body: '' }))
  const { refused: none, warned, owner } = await away.account.checkedKey(environmentOf('live'), 'closes')
  assert.equal([none, warned.map(({ code }) => code), owner], [[], ['W416'], null])
  assert.is((await thrownBy(away.account.checkedKey(environmentOf('demo'), 'trades'))).why, 'busy')
})

test('a key that the exchange rejects is not tried again', async () => {
  const { wire, account: one } = account(() => refused(10_003, 'API key is invalid.'))
  await one.checkedKey(environmentOf('live'), 'trades')
  assert.is(wire.sent.length, 1)
})

test('key, terms and margin mode are read', async () => {
  const answers: { readonly [path: string]: object } = {
    '/v5/user/query-api': {
      id: '1',
      readOnly: 0,
      permissions: {},
      ips: [],
      deadlineDay: 5,
      expiredAt: '',
      uta: 1,
      userID: 7,
      isMaster: true,
    },
    '/v5/account/info': { marginMode: 'REGULAR_MARGIN', unifiedMarginStatus: 5, updatedTime: '1' },
    '/v5/account/fee-rate': {
      list: [{ symbol: 'ETHUSDT', takerFeeRate: '0.00055', makerFeeRate: '0.0002' }],
    },
  }
  const { wire, account: one } = account(({ path }) => ok(answers[path]))
  assert.is((await one.key()).daysLeft, 5)
  assert.is((await one.info()).marginMode, 'REGULAR_MARGIN')
  assert.equal(await one.fees(), [{ symbol: 'ETHUSDT', taker: '0.00055', maker: '0.0002' }])
  assert.is(new URL(wire.sent[2].url).search, '?category=linear')
})

test('what of the equity is maintenance margin is read where it is told, or follows from the coin in isolated margin', async () => {
  const use = async (accountMMRate: string, coins: readonly object[]): Promise<number | null> => {
    const wallet = { accountType: 'UNIFIED', accountMMRate, coin: coins }
    const { account: one } = account(({ path }) =>
      ok(
        path === '/v5/account/info'
          ? { marginMode: 'ISOLATED_MARGIN', unifiedMarginStatus: 5, updatedTime: '1' }
          : { list: [wallet] },
      ),
    )
    return (await one.terms()).marginUse
  }
  const usdt = (equity: string, totalPositionMM: string): object => ({
    coin: 'USDT',
    walletBalance: equity,
    equity,
    totalPositionMM,
  })
  assert.is(await use('0.25', [usdt('100', '80')]), 0.25)
  assert.is(await use('', [{ ...usdt('1', '1'), coin: 'BTC' }, usdt('100', '80')]), 0.8)
  assert.is(await use('', [usdt('0', '0')]), 0)
  assert.is(await use('', [usdt('-3', '80')]), 1)
  assert.is(await use('', [usdt('100', '')]), null)
  assert.is(await use('', []), null)
})

test.run()
