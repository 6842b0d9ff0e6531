import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isHidden } from '../../engine/reach-rules.ts'
import { brokerOn, hidesNobody, leavesNobodyOut, spoilt } from './strange-rows.fixture.ts'

const test = suite('strange rows')
const SEED = 20_261_127

test(`whatever one field is, the others are read, and its own symbol is never flat without a word (seed ${SEED})`, () =>
  hidesNobody(SEED, 400))

test(`whatever one field of the market is, the others are listed and priced (seed ${SEED})`, () =>
  leavesNobodyOut(SEED, 300))

test('a balance that cannot be read is unknown, and nothing of the positions is hidden by it', async () => {
  const path = '/v5/account/wallet-balance'
  const account = await brokerOn(spoilt({ path, row: 1, field: 'walletBalance', junk: 'much' })).account()
  assert.is(account.wallet, null)
  assert.equal(
    account.unread?.map(({ what, symbol }) => [what, symbol]),
    [['wallet', null]],
  )
  assert.match(account.unread?.[0].reason ?? '', /walletBalance has to be a decimal number and is "much"/)
  assert.is(isHidden(account.unread, 'AUSDT', 'position'), false)
  const other = await brokerOn(spoilt({ path, row: 0, field: 'walletBalance', junk: 'much' })).account()
  assert.is(other.wallet, 1000.5, 'what another coin has is no matter')
})

test.run()
