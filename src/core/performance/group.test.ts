import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closingMonth, closingYear, groupTrades } from './group.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('group')

test('every trade is in exactly one group, groups ascend and trades keep their order', () => {
  const trades = [
    testTrade({ id: '1', symbol: 'ETHUSDT', side: 'short' }),
    testTrade({ id: '2', symbol: 'BTCUSDT', side: 'short' }),
    testTrade({ id: '3', symbol: 'ETHUSDT', side: 'long' }),
  ]
  const ids = (key: Parameters<typeof groupTrades>[1]) =>
    [...groupTrades(trades, key)].map(([name, group]) => [name, group.map(trade => trade.id).join()])
  assert.equal(
    ids(trade => trade.symbol),
    [
      ['BTCUSDT', '2'],
      ['ETHUSDT', '1,3'],
    ],
  )
  assert.equal(
    ids(trade => trade.side),
    [
      ['long', '3'],
      ['short', '1,2'],
    ],
  )
})

test('months and years are those of the close in UTC, and midnight begins the new one', () => {
  const newYear = Date.UTC(2026, 0, 1)
  const cases: readonly (readonly [number, string, string])[] = [
    [newYear - 1, '2025-12', '2025'],
    [newYear, '2026-01', '2026'],
    [Date.UTC(2024, 1, 29, 23, 59), '2024-02', '2024'],
  ]
  for (const [closedAt, month, year] of cases) {
    const trade = testTrade({ openedAt: Date.UTC(2020, 5, 1), closedAt })
    assert.is(closingMonth(trade), month)
    assert.is(closingYear(trade), year)
  }
})

test('no trades make no groups', () => {
  assert.is(groupTrades([], trade => trade.symbol).size, 0)
})

test.run()
