import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('status of a state')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder), '--timerange', '20240701-20240901']
const STATE = join(folder.path, 'state')
const DATA = ['--data-dir', STATE]
const wall = Date.UTC(2026, 0, 1)

test.after(() => folder.remove())

function status(words: readonly string[], isTerminal = false): Promise<Outcome> {
  return bbw(['status', ...words], { wall, cwd: folder.path, terminals: isTerminal ? ['stdout'] : [] })
}

const { code: RAN } = await bbw(['run', ...MARKET, ...DATA, '--speed', 'max', '--until', '2024-07-26'])

test('without a state it says so and ends well', async () => {
  const { code, out, err } = await status(['--data-dir', 'none', '--json'])
  assert.is(code, 0)
  assert.match(err, 'there is no state yet')
  assert.is(records(out)[0].running, false)
})

test('an ended run is told from its state: what is held, earned, and by which clock', async () => {
  assert.is(RAN, 0)
  const { code, out, err } = await status([...DATA, '--json'])
  assert.equal([code, err], [0, ''])
  const [report] = records(out)
  assert.equal([report.running, report.pid, report.exchange, report.dry], [false, null, 'sim', false])
  assert.is(report.at, Date.UTC(2024, 6, 26))
  const { count } = report.trades as { readonly count: number }
  assert.ok(count > 5)
  const positions = report.positions as readonly { readonly stop: unknown }[]
  assert.ok(positions.length > 0)
  for (const { stop } of positions) assert.ok(stop !== null)
  assert.ok((report.events as unknown[]).length > 0)
  assert.ok((report.refusals as unknown[]).length > 0)
  const text = await status(DATA, true)
  assert.is(text.code, 0)
  assert.match(text.out, /^not running/)
  assert.match(text.out, '2024-07-26 00:00:00 UTC, by its clock')
  assert.match(text.out, `${count} closed`)
})

test('who holds the state is told, unless that process has ended', async () => {
  const options = { now: wall, random: () => 0, origin: 'sim' }
  const own = StateStore.open(join(STATE, 'state.db'), options)
  own.acquire(wall)
  const [report] = records((await status(DATA)).out)
  assert.equal([report.running, report.pid], [true, process.pid])
  own.release()
  own.close()
  assert.is(records((await status(DATA)).out)[0].running, false)
})

test('a copy of the file is read without the folder, and nobody holds it', async () => {
  copyFileSync(join(STATE, 'state.db'), join(folder.path, 'copy.db'))
  const { code, out, err } = await status(['--db', 'copy.db', '--json'])
  assert.equal([code, err], [0, ''])
  const [copy] = records(out)
  const [whole] = records((await status([...DATA, '--json'])).out)
  for (const name of ['positions', 'trades', 'pnl', 'events', 'standing', 'at']) {
    assert.equal(copy[name], whole[name], name)
  }
  assert.is(copy.running, false)
})

test('a copy that is not there or is no database is refused by name', async () => {
  const none = await status(['--db', 'none.db'])
  assert.is(none.code, 2)
  assert.match(none.err, /none\.db.*there is no such file/)
  folder.file('garbage.db', 'garbage '.repeat(1_000))
  const garbage = await status(['--db', 'garbage.db'])
  assert.is(garbage.code, 2)
  assert.match(garbage.err, 'garbage.db: it is not a database')
})

test('a state that is halted, and one that only knows this, say who did it and why', async () => {
  for (const data of [DATA, ['--data-dir', join(folder.path, 'fresh')]]) {
    await bbw(['trade', 'halt', ...data, '--reason', 'a fire'], { wall })
    const { code, out } = await status([...data, '--json'])
    assert.is(code, 0)
    const [report] = records(out)
    const { halted } = report.standing as {
      readonly halted: { readonly by: string; readonly reason: string }
    }
    assert.equal([halted.by, halted.reason], ['cli', 'a fire'])
    assert.is(report.exchange, data === DATA ? 'sim' : null)
    assert.match((await status(data, true)).out, /HALTED|halted/)
  }
  assert.match((await status(DATA, true)).out, 'a fire')
})

test.run()
