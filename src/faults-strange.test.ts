/**
 * Rows of the exchange's lists that make no sense, over real sockets: what is bbw's on other symbols is seen, managed and
 * protected, and nothing is concluded from what cannot be read. One who leaves such rows out is found out.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpPort } from './core/adapters/bybit/http.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { HOUR, MINUTE, SECOND } from './core/base/units.ts'
import { held, rigs } from './faults-complaints.fixture.ts'
import { bound, OTHER, type RigOptions, type StreamRig, SYMBOL } from './faults-streams-rig.fixture.ts'

const test = suite('faults of strange rows')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { withRig } = rigs(folder)

const CREATE = 'POST /v5/order/create'
type Row = { readonly [name: string]: unknown }

/** Rows of lists are changed on their way in, while it is on. */
class Spoiler {
  path = ''
  isOn = false
  change: (row: Row) => Row = row => row

  /** From now on. */
  begin(path: string, change: (row: Row) => Row): void {
    Object.assign(this, { path, change, isOn: true })
  }

  /** A field of the rows of a symbol. */
  field(path: string, symbol: string, name: string, junk: unknown): void {
    this.begin(path, row => (row.symbol === symbol ? { ...row, [name]: junk } : row))
  }

  readonly http = (http: HttpPort): HttpPort => {
    return async asked => {
      const reply = await http(asked)
      if (!this.isOn || new URL(asked.url).pathname !== this.path) return reply
      const body: { readonly result: { readonly list: readonly Row[] } } = JSON.parse(reply.body)
      const result = { ...body.result, list: body.result.list.map(row => this.change(row)) }
      return { ...reply, body: JSON.stringify({ ...body, result }) }
    }
  }
}

/** Both symbols are held. */
async function both(rig: StreamRig): Promise<void> {
  await held(rig)
  await rig.propose(OTHER)
  assert.ok(rig.position(OTHER) !== null)
  await rig.run(35 * SECOND)
}

const withSpoiler = (
  options: RigOptions,
  work: (rig: StreamRig, spoiler: Spoiler) => Promise<void>,
): Promise<void> => {
  const spoiler = new Spoiler()
  return withRig({ ...options, http: spoiler.http }, rig => work(rig, spoiler))
}

/** What is wrong after a quarter of an hour in which a row of the one position cannot be read. */
async function wrongWith(rig: StreamRig, spoiler: Spoiler, begin: () => void): Promise<readonly string[]> {
  const wrong: string[] = []
  await both(rig)
  begin()
  await rig.run(5 * MINUTE, SECOND)
  if (rig.position() === null || rig.position(OTHER) === null) wrong.push('a position is gone from the books')
  if (rig.engine.halted) wrong.push('entries are halted')
  if (rig.count('W315') !== 1) wrong.push(`W315 was told ${rig.count('W315')} times`)
  if (rig.count('W308') > 0) wrong.push('all of the account was taken for unreadable')
  // The other one is protected as ever: somebody takes its stop away.
  await rig.cause({ fault: 'human-cancel-all', symbol: OTHER })
  await rig.run(35 * SECOND, 50)
  if (rig.count('W207') === 0) wrong.push('the stop of the other one was not set again')
  // It closes at its own target or by a person, and the books follow.
  await rig.cause({ fault: 'human-close', symbol: OTHER })
  await rig.run(35 * SECOND)
  if (rig.position(OTHER) !== null) wrong.push('the other one is held on')
  await rig.propose()
  const before = rig.requests(CREATE)
  await rig.propose(OTHER)
  if (rig.requests(CREATE) !== before + 1) wrong.push('nothing is entered on the other one')
  spoiler.isOn = false
  await rig.run(35 * SECOND)
  return [...wrong, ...(await rig.differences())]
}

const SPOILT: readonly (readonly [path: string, name: string, junk: unknown])[] = [
  ['/v5/position/list', 'size', 'abc'],
  ['/v5/position/list', 'size', '0'],
  ['/v5/position/list', 'stopLoss', '-1'],
  ['/v5/position/list', 'riskId', {}],
]

test('C8: a row of a position that cannot be read concerns its symbol alone: the other one is managed, protected and entered', async () => {
  for (const [path, name, junk] of SPOILT) {
    await withSpoiler({}, async (rig, spoiler) => {
      const wrong = await wrongWith(rig, spoiler, () => spoiler.field(path, SYMBOL, name, junk))
      assert.equal(wrong, [], `${name} ${JSON.stringify(junk)}`)
      const told = rig.events.find(({ code }) => code === 'W315')
      assert.is(told?.symbol, SYMBOL)
      assert.match(told?.reason ?? '', new RegExp(`\\.${name} has to be`))
    })
  }
})

test('C8: who takes a row that cannot be read for one that is not there is found out', async () => {
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    account: async () => ({ ...(await one.account()), unread: [] }),
  })
  await withSpoiler({ broker }, async (rig, spoiler) => {
    const wrong = await wrongWith(rig, spoiler, () =>
      spoiler.field('/v5/position/list', SYMBOL, 'size', 'abc'),
    )
    assert.ok(wrong.includes('a position is gone from the books'), wrong.join('; '))
  })
})

test('a row that does not even say its symbol keeps entries from all, and nothing that is held is given up', async () => {
  await withSpoiler({}, async (rig, spoiler) => {
    await both(rig)
    spoiler.begin('/v5/position/list', row => (row.symbol === SYMBOL ? { ...row, symbol: 'Buy' } : row))
    await rig.run(5 * MINUTE, SECOND)
    assert.equal(
      [rig.position() !== null, rig.position(OTHER) !== null, rig.engine.halted],
      [true, true, false],
    )
    await rig.cause({ fault: 'human-close', symbol: OTHER })
    await rig.run(35 * SECOND)
    assert.is(rig.position(OTHER), null)
    const before = rig.requests(CREATE)
    await rig.propose(OTHER)
    assert.is(rig.requests(CREATE), before, 'it may be anywhere')
    spoiler.isOn = false
    await rig.run(65 * SECOND)
    await rig.propose(OTHER)
    assert.is(rig.requests(CREATE), before + 1)
    assert.equal(await rig.differences(), [])
  })
})

test('an execution and a wallet that cannot be read are unknown, and all else goes on', async () => {
  for (const [path, change, isAny] of [
    ['/v5/order/realtime', (row: Row) => ({ ...row, ...(row.symbol === SYMBOL ? { qty: 'x' } : {}) }), false],
    [
      '/v5/execution/list',
      (row: Row) => ({ ...row, ...(row.symbol === SYMBOL ? { execPrice: 'x' } : {}) }),
      false,
    ],
    [
      '/v5/account/wallet-balance',
      (row: Row) => ({ ...row, coin: [{ coin: 'USDT', walletBalance: [] }] }),
      true,
    ],
  ] as const) {
    await withSpoiler({}, async (rig, spoiler) => {
      await both(rig)
      spoiler.begin(path, change)
      await rig.restart()
      await rig.run(2 * MINUTE)
      assert.equal([rig.count('W315'), rig.count('W308'), rig.engine.halted], [1, 0, false], path)
      const asked = rig.requests('GET /v5/position/list', rig.now - MINUTE)
      assert.ok(asked <= 30, `${path}: it is asked ${asked} times in a minute`)
      await rig.cause({ fault: 'human-close', symbol: OTHER })
      await rig.run(35 * SECOND)
      assert.is(rig.position(OTHER), null, path)
      const before = rig.requests(CREATE)
      await rig.propose(OTHER)
      assert.is(rig.requests(CREATE), before + (isAny ? 0 : 1), path)
      spoiler.isOn = false
      await rig.run(35 * SECOND)
      assert.equal(await rig.differences(), [], path)
    })
  }
})

test('an instrument that cannot be read is left out with a word, one that is held goes on by what was known of it', async () => {
  await withSpoiler({}, async (rig, spoiler) => {
    await both(rig)
    for (const symbol of [SYMBOL, OTHER]) {
      spoiler.field('/v5/market/instruments-info', symbol, 'lotSizeFilter', { qtyStep: 'x' })
      await rig.restart()
      await rig.run(35 * SECOND)
      assert.ok(rig.count('W513') > 0)
      // Both are priced, and have their stops.
      for (const one of [SYMBOL, OTHER])
        assert.is(rig.engine.snapshot().positions.find(({ symbol: of }) => of === one)?.symbol, one)
      assert.equal(await rig.differences(), [])
      spoiler.isOn = false
    }
    await rig.cause({ fault: 'human-stop', symbol: OTHER, ticks: 0 })
    await rig.run(35 * SECOND, 50)
    assert.equal(await rig.differences(), [])
    await rig.run(HOUR, MINUTE)
    assert.is(rig.count('C602'), 0, 'it was never taken for one that is not listed')
  })
})

test.run()
