import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SimHost } from '../core/adapters/sim/host.ts'
import { marketsOf, tradingFrom, venueOf } from '../core/adapters/sim/market.fixture.ts'
import { HeldError, StoreError } from '../core/base/errors.ts'
import { DAY, type Timestamp } from '../core/base/units.ts'
import { openSimHost, tradingStart } from './sim-host.ts'
import { Folder } from './world.fixture.ts'

const test = suite('exchange of a data folder')

const MARKETS = marketsOf(5, 6, { symbols: 2 })
const FROM = tradingFrom(MARKETS)

const folder = new Folder()
test.after(() => folder.remove())

const opened = (path: string | null, began: (Timestamp | null)[] = []): Promise<SimHost> =>
  openSimHost(path, at => {
    began.push(at)
    return venueOf(MARKETS)
  })

test('it goes on where it stood, and knows when trading began', async () => {
  const path = join(folder.path, 'made', 'here')
  const began: (Timestamp | null)[] = []
  const first = await opened(path, began)
  first.act({ kind: 'deposit', usdt: 50 })
  while (first.now < FROM + 2 * DAY) first.advance(FROM + 2 * DAY)
  first.close()
  assert.ok(existsSync(join(path, 'sim.db')))
  assert.is(statSync(path).mode & 0o777, 0o700)
  const again = await opened(path, began)
  assert.equal([again.now, again.turn, again.account().wallet], [first.now, first.turn, 1050])
  assert.equal(began, [null, FROM])
  again.close()
})

test('one process at a time has it, and a refused one takes nothing away', async () => {
  const path = join(folder.path, 'one')
  const first = await opened(path)
  const second = await opened(path).catch((error: unknown) => error)
  assert.ok(second instanceof HeldError && second.holder.pid === process.pid)
  assert.match(second.message, /the exchange of .*one runs in process \d+ on/)
  rmSync(join(path, 'sim-holder.json'))
  const third = await opened(path).catch((error: unknown) => error)
  assert.ok(third instanceof StoreError && third.trouble === 'lease-lost', 'the lock is what counts')
  first.act({ kind: 'deposit', usdt: 5 })
  first.close()
  const other = await openSimHost(path, () => venueOf(marketsOf(6, 6, { symbols: 2 }))).catch(
    (error: unknown) => error,
  )
  assert.ok(other instanceof StoreError)
  assert.match(other.message, /written on another market/)
  const last = await opened(path)
  assert.is(last.account().wallet, 1005)
  last.close()
})

test('without a folder nothing is kept', async () => {
  const host = await opened(null)
  host.act({ kind: 'deposit', usdt: 50 })
  host.close()
  assert.is((await opened(null)).account().wallet, 1000)
})

test('trading begins after some history, but not later than half way', () => {
  const first = MARKETS[0].candles.get('1d')?.start[0] ?? Number.NaN
  assert.is(tradingStart(MARKETS), first + 75 * DAY)
  assert.is(tradingStart(marketsOf(1, 400, { symbols: 1 })), first - 394 * DAY + 200 * DAY)
  assert.is(tradingStart([]), null)
})

test.run()
