/** The process dies half way through exchanging one position for another, over real sockets. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketOf, START } from './core/adapters/sim/bybit/bybit.fixture.ts'
import { instrument } from './core/adapters/sim/exchange.fixture.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import type { Code } from './core/base/codes.ts'
import { DAY, MINUTE, type Milliseconds, SECOND } from './core/base/units.ts'
import { CandleSeries } from './core/market/candles.ts'
import type { SymbolMarket } from './core/market/symbol-market.ts'
import { fails, rigs } from './faults-complaints.fixture.ts'
import { CREATE, crashes, type Life, request } from './faults-crash.fixture.ts'
import type { KillPoint } from './faults-mortal.fixture.ts'
import { SETTINGS } from './faults-rotation.fixture.ts'
import { levels, OTHER, type Plants, type RigOptions, SYMBOL } from './faults-streams-rig.fixture.ts'

const test = suite('faults of crashes in rotations')
const folder = new StoreFolder()
test.after(() => folder.remove())
const complaintsOf = crashes(rigs(folder))

const HISTORY = 40
const MIDNIGHT = Math.floor(START / DAY) * DAY

/** Quiet days, bands about 95, 100 and 105, and then a price that stands at 102; longs pay `rate` since eight. */
function quiet(symbol: string, rate: number): SymbolMarket {
  const of = { ...instrument, symbol }
  const { candles } = marketOf(levels([240, 102]), of)
  const daily = new CandleSeries(symbol, '1d', HISTORY)
  for (let day = HISTORY; day > 0; day--) {
    const close = day === 1 ? 102 : 97.5 + 5 * (day % 2)
    daily.push(MIDNIGHT - day * DAY, close, close, close, close, 1, 50e6)
  }
  return {
    instrument: of,
    candles: new Map([...candles, ['1d', daily] as const]),
    mark: new Map(),
    funding: { time: Float64Array.of(START - 30 * MINUTE), rate: Float64Array.of(rate) },
  }
}

/** What is held pays for it, and the other one is paid. */
const PAYING: RigOptions = {
  markets: [quiet(SYMBOL, 0.001), quiet(OTHER, -0.001)],
  settings: {
    ...SETTINGS,
    universe: { ...SETTINGS.universe, tiers: { ...SETTINGS.universe.tiers, A: ['A', 'B'] } },
  },
  intervals: ['1d', '15m'],
}

/** What is held is exchanged, and the process dies over it and is away for so long; `left` is held in the end. */
const exchanged =
  (left: string, code: Code, away: Milliseconds = 3 * SECOND): Life =>
  async (rig, point) => {
    await rig.propose(SYMBOL, { last: 102, target: null })
    assert.ok(rig.position() !== null, 'something is held')
    rig.killAt(point)
    await rig.run(5 * MINUTE, 2 * SECOND)
    await rig.run(away, 5 * SECOND)
    await rig.restart()
    await rig.run(9 * MINUTE, 5 * SECOND)
    const wrong: string[] = []
    const holds = (await rig.account()).positions.map(({ symbol }) => symbol).sort()
    if (holds.join() !== left) wrong.push(`held: ${holds.join(' and ')}`)
    for (const one of ['W213', 'I214'] as const) {
      const times = rig.count(one)
      if (times !== (one === code ? 1 : 0)) wrong.push(`${one} was told ${times} times`)
    }
    if (rig.engine.books().ledger.rotation?.running !== null) wrong.push('it has come to no end')
    const begun = rig.engine.books().ledger.rotation?.begun.length
    if (begun !== 1) wrong.push(`${begun} exchanges were begun`)
    if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
    return [...wrong, ...(await rig.differences())]
  }

const entry = (phase: 'before' | 'taken'): KillPoint =>
  request(phase, CREATE, ({ symbol, reduceOnly }) => symbol === OTHER && reduceOnly !== true)
const exit = (phase: 'before' | 'taken'): KillPoint =>
  request(
    phase,
    CREATE,
    ({ symbol, reduceOnly, orderType }) => symbol === SYMBOL && reduceOnly === true && orderType === 'Market',
  )

/** It does not remember what it was exchanging. */
const forgetful: Plants = {
  memory: books => ({ ...books, ledger: { ...books.ledger, rotation: NO_ROTATION } }),
}
/** Nor the order that was to be sent for it. */
const blank: Plants = {
  memory: books => ({ ...books, orders: [], ledger: { ...books.ledger, rotation: NO_ROTATION } }),
}
const NO_ROTATION = { running: null, begun: [], flagged: [], refused: [] }

test('B13: over the wire an exchange that is cut off half way is gone on with or given up, and one who forgets it is found out', async () => {
  for (const [point, left, code] of [
    [entry('before'), SYMBOL, 'W213'],
    [entry('taken'), OTHER, 'I214'],
    [exit('before'), OTHER, 'I214'],
    [exit('taken'), OTHER, 'I214'],
  ] as const) {
    const where = `${point.phase} ${left}`
    assert.equal(await complaintsOf(point, PAYING, exchanged(left, code), code), [], where)
  }
  const late = exchanged(SYMBOL, 'W213', 90 * SECOND)
  assert.equal(await complaintsOf(entry('before'), PAYING, late, 'W213'), [])
  const told = (point: KillPoint, plants: Plants, left: string, code: Code): Promise<readonly string[]> =>
    complaintsOf(point, { ...PAYING, ...plants }, exchanged(left, code))
  fails(await told(entry('taken'), forgetful, OTHER, 'I214'), `held: ${SYMBOL} and ${OTHER}`)
  fails(await told(entry('before'), blank, SYMBOL, 'W213'), 'W213 was told 0 times')
})

test.run()
