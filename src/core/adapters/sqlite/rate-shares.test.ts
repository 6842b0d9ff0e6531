import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { COOL_OFF, HostBudgets, type Lane } from '../bybit/limits.ts'
import { RateShares } from './rate-shares.ts'
import { StoreFolder } from './store.fixture.ts'

const test = suite('rate shares')
const folder = new StoreFolder()
test.after(() => folder.remove())

const HOST = 'api.example.com'
const URL_OF = `https://${HOST}`
const KLINE = '/v5/market/kline'
let files = 0

/** Processes of one folder on one clock. */
class Machine {
  now = 1_000_000
  readonly path = join(folder.path, `rates-${++files}.db`)
  #ids = 0

  process(account: string | null = null, trades = false, speed = 1): RateShares {
    const clock = { now: () => this.now, monotonic: () => this.now }
    const id = `p${++this.#ids}`
    return new RateShares(this.path, { id, account, trades, isLoop: trades, speed, clock })
  }
}

test('whoever is alone has everything, and two have half each once the first has noticed', () => {
  const machine = new Machine()
  const [run, scan] = [machine.process('key', true), machine.process()]
  assert.equal(run.of(HOST), { address: 1, key: 1, reserve: 1, silentFor: 0, waits: 0 })
  assert.equal(scan.of(HOST), { address: 0.5, key: 0.5, reserve: 0, silentFor: 0, waits: 6_000 })
  assert.is(run.of(HOST).address, 1, 'it looks once a second')
  machine.now += 1_000
  assert.equal([run.of(HOST).address, run.of(HOST).key, run.of(HOST).reserve], [0.5, 1, 1])
  assert.equal([scan.of(HOST).address, scan.of(HOST).waits], [0.5, 5_000])
  assert.is(run.of('other.example.com').address, 1, 'another host has limits of its own')
})

test('whoever waits for his part is heard of meanwhile, and gets it', () => {
  const machine = new Machine()
  const [run, scan] = [machine.process('key', true), machine.process()]
  run.of(HOST)
  const budgets = new HostBudgets(scan).of(URL_OF)
  const began = machine.now
  for (;;) {
    const wait = budgets.wait(KLINE, 'normal', machine.now)
    if (wait === 0) break
    machine.now += wait
    run.keep()
    assert.ok(machine.now - began <= 6_000, 'it is taken for gone, and begins to wait anew')
  }
  assert.is(machine.now - began, 6_000)
})

test('one that has ended gives its part back at once, one that has died within seconds', () => {
  const machine = new Machine()
  const [run, scan, dead] = [machine.process(), machine.process(), machine.process()]
  for (const one of [run, scan, dead]) one.of(HOST)
  machine.now += 1_000
  assert.is(run.of(HOST).address, 1 / 3)
  scan.close()
  machine.now += 1_000
  assert.is(run.of(HOST).address, 1 / 2)
  machine.now += 5_001
  assert.is(run.of(HOST).address, 1)
  // It comes back, and waits as a new one does.
  assert.is(dead.of(HOST).waits, 6_000)
})

test('a trader that comes after one that was killed has everything at once', () => {
  const machine = new Machine()
  machine.process('key', true).of(HOST)
  machine.now += 500
  const next = machine.process('key', true)
  assert.equal(next.of(HOST), { address: 1, key: 1, reserve: 1, silentFor: 0, waits: 0 })
})

test('a trader does not wait for those who only look', () => {
  const machine = new Machine()
  const scan = machine.process()
  scan.of(HOST)
  assert.equal(machine.process('key', true).of(HOST), {
    address: 0.5,
    key: 1,
    reserve: 1,
    silentFor: 0,
    waits: 0,
  })
})

test('a block that one has heard of is everybody’s', () => {
  const machine = new Machine()
  const [run, scan] = [machine.process(), machine.process()].map(one => new HostBudgets(one).of(URL_OF))
  run.silence(machine.now)
  assert.ok(scan.wait(KLINE, 'normal', machine.now) > 0)
  assert.is(scan.silentFor(machine.now), COOL_OFF)
})

test('at an exchange whose clock goes faster a block is over as much sooner, and so is the wait of a new one', () => {
  const machine = new Machine()
  const run = machine.process('key', true, 40)
  run.silenced(HOST, COOL_OFF)
  assert.is(run.of(HOST).silentFor, COOL_OFF)
  machine.now += 10_000
  assert.is(run.of(HOST).silentFor, COOL_OFF - 400_000)
  machine.now += 5_000
  assert.is(run.of(HOST).silentFor, 0)
  assert.is(machine.process(null, false, 40).of(HOST).waits, 240_000)
})

test('a block that was noted before the clock was set back holds nobody up for longer than any does', () => {
  const machine = new Machine()
  const run = machine.process()
  run.silenced(HOST, COOL_OFF)
  machine.now -= 500
  assert.ok(run.of(HOST).silentFor > 0)
  machine.now -= 86_400_000
  assert.is(machine.process().of(HOST).silentFor, 0)
})

test('where the lock is held nobody waits: the part of a moment ago will do, and then little', () => {
  const machine = new Machine()
  const run = machine.process()
  run.of(HOST)
  const other = new DatabaseSync(machine.path)
  other.exec('BEGIN IMMEDIATE')
  machine.now += 2_000
  assert.is(run.of(HOST).address, 1)
  machine.now += 4_000
  assert.is(run.of(HOST).address, 0.25, 'the others may take it for gone')
  other.exec('COMMIT')
  other.close()
  machine.now += 1_000
  assert.is(run.of(HOST).address, 1)
})

test('however many ask, and come and go, together they stay within half of the limit, and protection is never held up', () => {
  const machine = new Machine()
  const sent: number[] = []
  const asks = (budgets: ReturnType<HostBudgets['of']>, lane: Lane): boolean => {
    if (budgets.wait(KLINE, lane, machine.now) > 0) return false
    budgets.take(KLINE, machine.now, lane)
    sent.push(machine.now)
    return true
  }
  const trader = new HostBudgets(machine.process('key', true)).of(URL_OF)
  const others: { readonly shares: RateShares; readonly budgets: ReturnType<HostBudgets['of']> }[] = []
  let held = 0
  for (let tick = 0; tick < 800; tick++) {
    machine.now += 50
    if (tick % 150 === 50) {
      const shares = machine.process()
      others.push({ shares, budgets: new HostBudgets(shares).of(URL_OF) })
    }
    for (let k = 0; k < 20; k++) asks(trader, 'normal')
    for (const { budgets } of others) for (let k = 0; k < 20; k++) asks(budgets, 'normal')
    // What protects asks for a little all the time.
    if (tick % 10 === 0 && !asks(trader, 'protective')) held++
  }
  assert.is(held, 0)
  assert.is(others.length, 5)
  for (const [k, at] of sent.entries()) {
    const within = sent.slice(k).filter(one => one < at + 5_000).length
    // Of 600 in five seconds.
    assert.ok(within <= 300, `${within} at ${at}`)
  }
  const end = sent.filter(at => at > machine.now - 5_000).length
  assert.ok(end > 150, String(end))
})

test.run()
