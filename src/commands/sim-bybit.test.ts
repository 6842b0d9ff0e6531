import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, tradingFrom } from '../core/adapters/sim/market.fixture.ts'
import { DAY, HOUR } from '../core/base/units.ts'
import type { ParsedArguments } from './command.ts'
import { defaultConfig } from './config.ts'
import { failureOf } from './failures.ts'
import { bybitOver, freshCredentials, wantsBybit } from './sim-bybit.ts'
import { Folder } from './world.fixture.ts'

const test = suite('sim bybit')

const folder = new Folder()
test.after(() => folder.remove())

const NOW = Date.UTC(2026, 5, 3, 15, 30)
const markets = marketsOf(3, 40)
const start = tradingFrom(markets)

function parsed(flags: ParsedArguments['flags']): ParsedArguments {
  return { flags, args: [] }
}

async function over(flags: ParsedArguments['flags']): ReturnType<typeof bybitOver> {
  const clock = { now: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() }
  return bybitOver(
    { clock, cwd: folder.path },
    parsed(flags),
    markets,
    defaultConfig(),
    freshCredentials(),
    start,
  )
}

test('the market is moved by whole weeks so that its trading has begun by now', async () => {
  const { sim, from, speed } = await over({})
  assert.equal([from, speed], [NOW, 1])
  const [symbol] = [...sim.desk.feeds.keys()]
  const shift = sim.desk.feed(symbol).firstAt - (markets[0].candles.get('1d')?.start[0] ?? 0)
  assert.is(shift % (7 * DAY), 0)
  assert.ok(start + shift <= NOW && start + shift > NOW - 7 * DAY)
  assert.is(sim.desk.funding(symbol).announced(NOW).next % (8 * HOUR), 0)
})

test('a market of a few days is moved by whole days, so that it has not ended by now', async () => {
  const few = marketsOf(3, 2)
  const clock = { now: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() }
  const world = { clock, cwd: folder.path }
  const begun = tradingFrom(few)
  const { sim } = await bybitOver(world, parsed({}), few, defaultConfig(), freshCredentials(), begun)
  const [symbol] = [...sim.desk.feeds.keys()]
  const shift = sim.desk.feed(symbol).firstAt - (few[0].candles.get('1d')?.start[0] ?? 0)
  assert.is(shift % DAY, 0)
  assert.ok(sim.desk.isTrading(symbol))
})

test('recorded dates are left as they are', async () => {
  const { sim, from } = await over({ dates: 'recorded', speed: '60' })
  assert.equal([from, sim.now], [start, start])
  assert.ok(sim.desk.isTrading([...sim.desk.feeds.keys()][0]))
})

test('the account begins in the position mode of the configuration', async () => {
  const clock = { now: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() }
  const config = { ...defaultConfig(), positionMode: 'hedge' as const }
  const world = { clock, cwd: folder.path }
  const { sim } = await bybitOver(world, parsed({}), markets, config, freshCredentials(), start)
  assert.is(sim.desk.mode, 'hedge')
})

test('the account begins in the margin mode that is said', async () => {
  assert.is((await over({})).sim.desk.marginMode, 'ISOLATED_MARGIN')
  assert.is((await over({ marginMode: 'cross' })).sim.desk.marginMode, 'REGULAR_MARGIN')
})

test('risk tiers that are stored are those of the exchange', async () => {
  const [first, second] = markets
  const { symbol } = first.instrument
  const tier = {
    date: '2026-01-01',
    symbol,
    id: 7,
    limit: '1000',
    maintenanceMargin: 0.01,
    initialMargin: 0.02,
    maxLeverage: '50',
    deduction: null,
  }
  const clock = { now: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() }
  const world = { clock, cwd: folder.path }
  const tiered = [{ ...first, tiers: [tier] }, second]
  const { sim } = await bybitOver(world, parsed({}), tiered, defaultConfig(), freshCredentials(), start)
  assert.equal(
    [symbol, second.instrument.symbol].map(name => sim.desk.tiers(name).map(({ id, limit }) => [id, limit])),
    [[[7, 1_000]], [[1, 2_000_000]]],
  )
})

test('the flags of the protocol are for the protocol, and a speed has bounds', async () => {
  assert.not(wantsBybit(parsed({})))
  assert.ok(wantsBybit(parsed({ protocol: 'bybit', speed: '60' })))
  assert.throws(() => wantsBybit(parsed({ seed: 'x' })), /--seed is for Bybit/)
  assert.throws(() => wantsBybit(parsed({ marginMode: 'cross' })), /--margin-mode is for Bybit/)
  assert.throws(() => wantsBybit(parsed({ slowWhenBare: true })), /--slow-when-bare is for Bybit/)
  for (const speed of ['0', '-1', 'fast', '0.01', '4000']) {
    await over({ speed }).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, /is not from 0.1 to 3600/),
    )
  }
})

test('its clock waits for positions without a stop where that is asked for', async () => {
  for (const slowWhenBare of [true, false]) {
    const { sim } = await over({ slowWhenBare, speed: '40' })
    assert.equal([sim.pace.isSlowing, sim.pace.speed], [slowWhenBare, 40])
  }
})

test('what goes wrong is read from a file, and a file that is none is refused', async () => {
  writeFileSync(join(folder.path, 'plan.json'), '[{"fault":"lose-reply","chance":0.5}]')
  writeFileSync(join(folder.path, 'odd.json'), '[{"fault":"lose"}]')
  writeFileSync(join(folder.path, 'text.json'), 'x')
  const [first] = markets.map(({ instrument }) => instrument.symbol)
  const rules = [first, 'NOSUCHUSDT', 'NORUSDT'].map(symbol => ({ fault: 'delist', symbol }))
  writeFileSync(join(folder.path, 'elsewhere.json'), JSON.stringify(rules))
  const { sim } = await over({ faults: 'plan.json' })
  assert.equal(sim.plan.rules, [{ fault: 'lose-reply', chance: 0.5 }])
  for (const [faults, pattern] of [
    ['absent.json', /cannot be read/],
    ['text.json', /is not JSON/],
    ['elsewhere.json', /the market does not have rules\[1\].symbol NOSUCHUSDT, rules\[2\].symbol NORUSDT/],
    ['odd.json', /rules\[0\].fault has to be one of/],
  ] as const) {
    await over({ faults }).then(
      () => assert.unreachable(),
      (error: unknown) => {
        const [line] = failureOf(error, false).lines
        assert.match(line, pattern)
        assert.is(line.split(faults).length, 2, `the file is named once: ${line}`)
        assert.is(line.split('rules[0].fault').length <= 2, true, line)
      },
    )
  }
})

test('credentials are new every time', () => {
  assert.is.not(freshCredentials().secret, freshCredentials().secret)
})

test.run()
