import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listingOf } from './listing.ts'

const test = suite('listing')

type Listed = NonNullable<Parameters<typeof listingOf>[1]>

const TRADING: Listed = { status: 'Trading', auctionPhase: null, deliveryTime: null }

test('what trades is told with the end of its trading, where that is announced', () => {
  assert.equal(listingOf('XUSDT', TRADING), { symbol: 'XUSDT', status: 'trading', delistsAt: null })
  assert.is(listingOf('XUSDT', { ...TRADING, deliveryTime: 5 }).delistsAt, 5)
})

test('what is missing in the lists is unlisted, what is not trading is stopped', () => {
  assert.equal(listingOf('XUSDT', undefined), { symbol: 'XUSDT', status: 'unlisted', delistsAt: null })
  for (const status of ['PreLaunch', 'Delivering', 'Closed'] as const) {
    assert.is(listingOf('XUSDT', { ...TRADING, status }).status, 'stopped', status)
  }
})

test('a phase of an auction takes no stops, one of continuous trading is as any other', () => {
  for (const auctionPhase of ['NotStarted', 'CallAuction', 'CallAuctionNoCancel', 'CrossMatching'] as const) {
    assert.is(
      listingOf('XUSDT', { ...TRADING, status: 'PreLaunch', auctionPhase }).status,
      'auction',
      auctionPhase,
    )
  }
  for (const auctionPhase of ['ContinuousTrading', 'Finished'] as const) {
    assert.is(listingOf('XUSDT', { ...TRADING, auctionPhase }).status, 'trading', auctionPhase)
  }
})

test.run()
