import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../../base/units.ts'
import { checkKey, type KeyUse, unknownKey } from './key-check.ts'
import type { KeyInfo } from './mapper-account.ts'

const test = suite('bybit key check')

const NOW = Date.UTC(2026, 10, 27)

const KEY: KeyInfo = {
  id: '1',
  isReadOnly: false,
  permissions: { ContractTrade: ['Order', 'Position'], Derivatives: ['DerivativesTrade'], Wallet: [] },
  addresses: ['18.181.170.164'],
  daysLeft: null,
  expires: null,
  isUnified: true,
  isMaster: true,
  userId: '1',
}

function codes(key: Partial<KeyInfo>, use: KeyUse = 'trades'): string {
  const { refused, warned } = checkKey({ ...KEY, ...key }, NOW, use)
  return [...refused.map(({ code }) => code), ...warned.map(({ code }) => code)].join(' ')
}

test('a key is judged by all that it may and all that it lacks, in every combination', () => {
  const told: string[] = []
  for (const canMove of [false, true]) {
    for (const isBound of [true, false]) {
      for (const [end, days] of [
        ['far', 90],
        ['near', 13],
      ] as const) {
        for (const isReadOnly of [false, true]) {
          const key = {
            permissions: { ...KEY.permissions, Wallet: canMove ? ['AccountTransfer', 'Withdraw'] : [] },
            addresses: isBound ? KEY.addresses : [],
            daysLeft: days,
            isReadOnly,
          }
          const name = [
            canMove ? 'moves' : '',
            isBound ? '' : 'unbound',
            end === 'near' ? 'near' : '',
            isReadOnly ? 'reads' : '',
          ]
          told.push(`${name.filter(word => word !== '').join(' ')}: ${codes(key)}`)
        }
      }
    }
  }
  assert.equal(told, [
    ': ',
    'reads: C407',
    'near: W416',
    'near reads: C407 W416',
    'unbound: W416',
    'unbound reads: C407 W416',
    'unbound near: W416 W416',
    'unbound near reads: C407 W416 W416',
    'moves: C415',
    'moves reads: C415 C407',
    'moves near: C415 W416',
    'moves near reads: C415 C407 W416',
    'moves unbound: C415 W416',
    'moves unbound reads: C415 C407 W416',
    'moves unbound near: C415 W416 W416',
    'moves unbound near reads: C415 C407 W416 W416',
  ])
})

test('any right by which money leaves is refused, in whatever group, and a list of transfers moves nothing', () => {
  for (const right of ['Withdraw', 'AccountTransfer', 'SubMemberTransfer']) {
    for (const group of ['Wallet', 'Anything'])
      assert.is(codes({ permissions: { ...KEY.permissions, [group]: [right] } }), 'C415')
  }
  assert.is(codes({ permissions: { ...KEY.permissions, Wallet: ['SubMemberTransferList'] } }), '')
})

test('by whatever way money leaves, in whatever letters, the right is refused and named', () => {
  for (const [group, right] of [
    ['FiatP2P', 'FiatP2POrder'],
    ['FiatP2P', 'Advertising'],
    ['FiatBitPay', 'FaitPayOrder'],
    ['FiatConvertBroker', 'FiatConvertBrokerOrder'],
    ['FiatGlobalPay', 'AnyOrder'],
    ['FiatOfTomorrow', 'AnyOrder'],
    ['BitCard', 'BitCard'],
    ['Earn', 'Earn'],
    ['Wallet', 'withdraw'],
    ['Wallet', 'Anything'],
    ['wallet', 'Anything'],
    ['ContractTrade', 'WITHDRAW'],
    ['Spot', 'SubMemberTransferList'],
  ] as const) {
    const permissions = { ...KEY.permissions, [group]: ['Order', right] }
    const { refused } = checkKey({ ...KEY, permissions }, NOW, 'trades')
    assert.ok(
      refused.some(({ code, words }) => code === 'C415' && words.includes(`${group}: ${right}`)),
      `${group} ${right}`,
    )
  }
})

test('a right that nothing is known of is told of, and the key is used', () => {
  for (const group of [
    'CopyTrading',
    'BlockTrade',
    'NFT',
    'Affiliate',
    'ByXPost',
    'Tomorrow',
    'Spot',
    'constructor',
  ]) {
    const permissions = { ...KEY.permissions, [group]: ['Something'] }
    assert.is(codes({ permissions }), 'W416', group)
    assert.match(checkKey({ ...KEY, permissions }, NOW, 'trades').warned[0].words, `${group}: Something`)
  }
  for (const [group, right] of [
    ['Spot', 'SpotTrade'],
    ['Options', 'OptionsTrade'],
    ['Exchange', 'ExchangeHistory'],
  ] as const) {
    assert.is(codes({ permissions: { ...KEY.permissions, [group]: [right] } }), '')
  }
})

test('a key that has run out is refused, one that will is told of, by whichever end is nearer', () => {
  assert.is(codes({ expires: NOW }), 'C407')
  assert.is(codes({ expires: NOW - DAY, daysLeft: 0 }), 'C407')
  assert.is(codes({ expires: NOW + 20 * DAY, daysLeft: 3 }), 'W416')
  assert.is(codes({ expires: NOW + 5 * DAY, daysLeft: 80 }), 'W416')
  assert.is(codes({ expires: NOW + 14 * DAY }), '')
  const { warned } = checkKey({ ...KEY, expires: NOW + 36 * 3_600_000 }, NOW, 'trades')
  assert.is(warned[0].words, 'the API key ends in 1 day')
})

test('a key that cannot trade will do where nothing is traded', () => {
  assert.is(codes({ isReadOnly: true }, 'reads'), '')
  assert.is(codes({ permissions: { Spot: ['SpotTrade'] } }, 'reads'), '')
  assert.is(codes({ permissions: { Spot: ['SpotTrade'] } }, 'trades'), 'C407')
  assert.is(codes({ permissions: { ContractTrade: ['Order'] } }, 'trades'), '')
})

test('a key that can move money away closes, and is told of; one that cannot trade or has run out does not', () => {
  const moving = { permissions: { ContractTrade: ['Order'], Wallet: ['Withdraw'] } }
  const { refused, warned } = checkKey({ ...KEY, ...moving }, NOW, 'closes')
  assert.equal(refused, [])
  assert.match(warned[0].words, /can move money away \(Wallet: Withdraw\); it is taken to close with alone/)
  assert.is(codes({ ...moving, isReadOnly: true }, 'closes'), 'C407 C415')
  assert.is(codes({ expires: NOW - 1 }, 'closes'), 'C407')
})

test('a key of another environment is told from one that may too much', () => {
  assert.equal(unknownKey('demo').code, 'C976')
  assert.match(unknownKey('demo').words, /none of the demo environment/)
})

test.run()
