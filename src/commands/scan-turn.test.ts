import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { bbw, dailyFixtures, Folder } from './world.fixture.ts'

const test = suite('turns of scans')
const folder = new Folder()
const STATE = join(folder.path, 'state')
const SCAN = ['scan', '--market', dailyFixtures(folder), '--at', '2024-07-26', '--data-dir', STATE]
const wall = Date.UTC(2026, 0, 1)

test.after(() => folder.remove())

/** The state as another process has it open, whose scan is at work. */
function other(): StateStore {
  const self = { pid: 4121, host: 'elsewhere', processStart: 'then' }
  const path = join(STATE, 'state.db')
  return StateStore.open(path, { now: wall, random: () => 0, origin: 'sim', self })
}

test('without a state nobody waits, and none is made', async () => {
  const { code } = await bbw(SCAN, { wall })
  assert.is(code, 0)
  assert.not(existsSync(STATE))
})

test('a scan waits for the one that is at work, and says so once', async () => {
  const alone = await bbw(SCAN, { wall })
  const first = other()
  assert.is(first.tryJob('scan', wall), null)
  let looks = 0
  const second = await bbw(SCAN, {
    wall,
    onSleep: () => {
      looks++
      if (looks === 3) first.endJob('scan')
    },
  })
  assert.is(second.code, 0, second.err)
  assert.is(looks, 3)
  assert.is(second.out, alone.out)
  assert.is(second.err, `I811 a scan is at work already (process 4121 on elsewhere); waiting\n${alone.err}`)
  // Its own turn is over, however it went.
  assert.is(first.tryJob('scan', wall), null)
  first.endJob('scan')
  assert.is((await bbw([...SCAN, '--symbol', 'NOUSDT'], { wall })).code, 2)
  assert.is(first.tryJob('scan', wall), null)
  first.endJob('scan')
  first.close()
})

test('a scan gives up after half a minute with 75', async () => {
  const first = other()
  first.tryJob('scan', wall)
  let waited = 0
  const { code, out, err } = await bbw(SCAN, {
    wall,
    onSleep: now => {
      waited = now
    },
  })
  assert.equal([code, out], [75, ''])
  assert.is(waited, 30_000)
  assert.match(err, 'I811 a scan is at work already (process 4121 on elsewhere)')
  assert.match(err, 'start scans further apart')
  const third = StateStore.open(first.path, { now: wall, random: () => 0, origin: 'sim' })
  assert.is(third.tryJob('scan', wall)?.pid, 4121, 'the turn of the other one is left alone')
  third.close()
  first.close()
})

test('a state that cannot be used is said, and the market looked at all the same', async () => {
  const alone = await bbw([...SCAN, '--data-dir', join(folder.path, 'none')], { wall })
  folder.file('damaged/state.db', 'garbage '.repeat(1_000))
  const { code, out, err } = await bbw([...SCAN, '--data-dir', join(folder.path, 'damaged')], { wall })
  assert.equal([code, out], [0, alone.out])
  assert.match(err, /^C807 .*state\.db.*; this scan waits for no other one/)
})

test('Ctrl-C ends the waiting', async () => {
  const first = other()
  first.tryJob('scan', wall)
  const stop = new AbortController()
  const { code, out } = await bbw(SCAN, { wall, signal: stop.signal, onSleep: () => stop.abort('SIGINT') })
  assert.is.not(code, 0)
  assert.is(out, '')
  first.close()
})

test.run()
