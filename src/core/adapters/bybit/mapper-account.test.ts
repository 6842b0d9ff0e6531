import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { Fields } from './fields.ts'
import { accountInfo, feeRate, keyInfo, transaction, walletRow } from './mapper-account.ts'

const test = suite('bybit account mapper')

const row = (value: unknown): Fields => new Fields(value, 'result.list[0]')

function fieldRefused(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof DataError) return error.place?.field
    throw error
  }
}

const KEY = {
  id: '13770661',
  readOnly: 0,
  permissions: { ContractTrade: ['Order', 'Position'], Wallet: [] },
  ips: ['18.181.170.164'],
  deadlineDay: -2,
  expiredAt: '1970-01-01T00:00:00Z',
  unified: 0,
  uta: 1,
  userID: 24_617_703,
  isMaster: true,
}

test('a wallet has its coins digit for digit', () => {
  const coin = {
    coin: 'USDT',
    walletBalance: '1000.50',
    equity: '999.75',
    unrealisedPnl: '',
    totalOrderIM: '',
  }
  const wallet = walletRow(row({ accountType: 'UNIFIED', totalEquity: '999.75', coin: [coin] }))
  assert.equal(
    [wallet.coins[0].wallet, wallet.coins[0].equity, wallet.coins[0].unrealised],
    ['1000.50', '999.75', null],
  )
  const blank = { coin: [{ ...coin, walletBalance: '' }] }
  assert.is(
    fieldRefused(() => walletRow(row(blank))),
    'result.list[0].coin[0].walletBalance',
  )
  assert.is(
    fieldRefused(() => walletRow(row({}))),
    'result.list[0].coin',
  )
})

test('fees and transactions keep their signs', () => {
  assert.equal(feeRate(row({ symbol: 'ETHUSDT', takerFeeRate: '0.00055', makerFeeRate: '-0.00005' })), {
    symbol: 'ETHUSDT',
    taker: '0.00055',
    maker: '-0.00005',
  })
  const funding = {
    id: '1',
    type: 'SETTLEMENT',
    symbol: 'XRPUSDT',
    side: 'None',
    funding: '-0.003676',
    fee: '0',
    cashFlow: '0',
    change: '-0.003676',
    cashBalance: '5086.55',
    currency: 'USDT',
    transactionTime: '1672128000000',
  }
  const read = transaction(row(funding))
  assert.equal(
    [read.funding, read.change, read.side, read.time],
    ['-0.003676', '-0.003676', null, 1_672_128_000_000],
  )
  assert.is(
    fieldRefused(() => transaction(row({ ...funding, change: 'NaN' }))),
    'result.list[0].change',
  )
})

test('the mode of the margin is one of three', () => {
  const info = { marginMode: 'ISOLATED_MARGIN', unifiedMarginStatus: 5, updatedTime: '1697078946000' }
  assert.is(accountInfo(info).marginMode, 'ISOLATED_MARGIN')
  assert.is(
    fieldRefused(() => accountInfo({ ...info, marginMode: 'CROSS' })),
    'result.marginMode',
  )
})

test('a key tells its rights, its addresses and when it ends', () => {
  const key = keyInfo(KEY)
  assert.equal(key.permissions, { ContractTrade: ['Order', 'Position'], Wallet: [] })
  assert.equal(
    [key.addresses, key.daysLeft, key.expires, key.isUnified],
    [['18.181.170.164'], null, null, true],
  )
  const free = keyInfo({ ...KEY, ips: ['*'], deadlineDay: 12, expiredAt: '2026-12-09T07:20:25Z', uta: 0 })
  assert.equal(
    [free.addresses, free.daysLeft, free.expires, free.isUnified],
    [[], 12, Date.UTC(2026, 11, 9, 7, 20, 25), false],
  )
  assert.is(
    fieldRefused(() => keyInfo({ ...KEY, permissions: { Wallet: [1] } })),
    'result.permissions.Wallet[0]',
  )
  assert.is(
    fieldRefused(() => keyInfo({ ...KEY, permissions: undefined })),
    'result.permissions',
  )
  assert.is(
    fieldRefused(() => keyInfo({ ...KEY, expiredAt: 'soon' })),
    'result.expiredAt',
  )
})

test.run()
