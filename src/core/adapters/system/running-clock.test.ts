import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunningClock, runByClock } from './running-clock.ts'

const test = suite('running clock')

/** A clock whose time a test moves; sleeps end when it gets there. */
class Rig {
  time = 1_000
  readonly sleeps: { readonly until: number; readonly signal: AbortSignal; readonly end: () => void }[] = []
  readonly clock = new RunningClock({
    now: () => this.time,
    sleep: (span, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
        this.sleeps.push({ until: this.time + span, signal, end: resolve })
      }),
  })

  async moveTo(time: number): Promise<void> {
    this.time = time
    for (const one of this.sleeps.splice(0)) {
      if (one.until <= time) one.end()
      else this.sleeps.push(one)
    }
    await new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end
  }
}

test('it never goes back: where it was ahead it stands', () => {
  const rig = new Rig()
  assert.is(rig.clock.now(), 1_000)
  rig.time = 900
  assert.is(rig.clock.now(), 1_000)
  rig.time = 1_001
  assert.is(rig.clock.now(), 1_001)
})

test('it wakes once at the moment that was asked for last', async () => {
  const rig = new Rig()
  const woken: string[] = []
  rig.clock.wakeAt(2_000, () => woken.push('early'))
  rig.clock.wakeAt(3_000, () => woken.push('late'))
  assert.ok(rig.sleeps[0]?.signal.aborted)
  await rig.moveTo(2_500)
  assert.equal(woken, [])
  rig.clock.wakeAt(2_600, () => woken.push('at last'))
  await rig.moveTo(2_600)
  assert.equal(woken, ['at last'])
  rig.clock.wakeAt(2_700, () => woken.push('never'))
  rig.clock.stop()
  await rig.moveTo(9_999)
  assert.equal(woken, ['at last'])
})

test('a moment far away is waited for in parts, and a clock that was corrected is waited for again', async () => {
  const rig = new Rig()
  let woken = 0
  rig.clock.wakeAt(200_000, () => woken++)
  for (const time of [61_000, 121_000, 181_000]) {
    await rig.moveTo(time)
    assert.is(rig.sleeps.length, 1)
  }
  await rig.moveTo(199_999)
  assert.is(woken, 0)
  // A timer that goes off a little early.
  rig.sleeps.splice(0)[0]?.end()
  await rig.moveTo(199_999)
  assert.is(woken, 0)
  await rig.moveTo(200_000)
  await rig.moveTo(200_001)
  assert.is(woken, 1)
})

test('what is past is due at once', async () => {
  const rig = new Rig()
  let woken = 0
  rig.clock.wakeAt(10, () => woken++)
  assert.is(woken, 0, 'but not within the call')
  await rig.moveTo(1_000)
  assert.is(woken, 1)
})

test('whoever waits for nothing is asked once a second, and keeps nobody else from anything', async () => {
  const rig = new Rig()
  let looks = 0
  const paced: number[] = []
  const run = runByClock(rig.clock, () => looks++, [
    () => Promise.resolve(),
    async at => paced.push(at) < 3,
    null,
  ])
  for (const time of [1_000, 1_500, 1_999, 2_000, 3_000]) {
    await rig.moveTo(time)
    assert.is(looks, Math.floor(time / 1_000))
  }
  assert.is(await run, 'stopped')
  assert.equal(paced, [2_000, 3_000, 4_000])
})

test.run()
