import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nextInstant, VirtualClock } from './clock.ts'

const test = suite('virtual clock')

test('it stands still until it is moved, and never goes back', () => {
  const clock = new VirtualClock(1_000)
  assert.is(clock.now(), 1_000)
  clock.moveTo(1_000)
  clock.moveTo(1_500)
  assert.is(clock.now(), 1_500)
  assert.throws(() => clock.moveTo(1_499), /broken invariant: the clock goes back from 1500 to 1499/)
})

test('it rings once the time has come, and once only', () => {
  const clock = new VirtualClock(0)
  let rung = 0
  clock.wakeAt(100, () => {
    rung++
  })
  assert.is(clock.alarmAt, 100)
  clock.moveTo(99)
  clock.ring()
  assert.is(rung, 0)
  clock.moveTo(100)
  clock.ring()
  clock.ring()
  assert.is(rung, 1)
  assert.is(clock.alarmAt, null)
})

test('a later wish replaces an earlier one, and null takes it back', () => {
  const clock = new VirtualClock(0)
  const rung: string[] = []
  clock.wakeAt(10, () => rung.push('first'))
  clock.wakeAt(20, () => rung.push('second'))
  clock.moveTo(15)
  clock.ring()
  assert.equal(rung, [])
  clock.moveTo(20)
  clock.ring()
  assert.equal(rung, ['second'])
  clock.wakeAt(30, () => rung.push('third'))
  clock.wakeAt(null, () => {})
  clock.moveTo(40)
  clock.ring()
  assert.equal(rung, ['second'])
})

test('who wants to be woken in the past is woken now', () => {
  const clock = new VirtualClock(50)
  let rung = 0
  clock.wakeAt(10, () => {
    rung++
  })
  assert.is(clock.alarmAt, 50)
  clock.ring()
  assert.is(rung, 1)
})

test('whoever is woken may ask to be woken again', () => {
  const clock = new VirtualClock(0)
  const times: number[] = []
  const wake = (): void => {
    times.push(clock.now())
    clock.wakeAt(clock.now() + 10, wake)
  }
  clock.wakeAt(0, wake)
  for (let now = 0; now <= 30; now += 10) {
    clock.moveTo(now)
    clock.ring()
  }
  assert.equal(times, [0, 10, 20, 30])
})

test('who comes at the end is woken for a while, who was there before is not', async () => {
  const came = async (began: number): Promise<readonly number[]> => {
    const clock = new VirtualClock(100_000)
    const times: number[] = []
    const wake = (): void => {
      times.push(clock.now())
      clock.wakeAt(clock.now() + 7_000, wake)
    }
    clock.wakeAt(0, wake)
    const over = { now: 100_000, next: null, isMidway: false }
    assert.is(await nextInstant(clock, over, began, [async () => {}, async () => true, null]), 'ended')
    return times
  }
  assert.equal(await came(100_000), [100_000, 107_000, 114_000])
  assert.equal(await came(80_000), [])
})

test('the market moves to its next instant or the alarm, at its pace, until it shall not', async () => {
  const clock = new VirtualClock(100)
  let goes = true
  const paced: number[] = []
  const after = (next: number, isMidway: boolean, until: number | null = null): Promise<unknown> =>
    nextInstant(clock, { now: 100, next, isMidway }, 0, [
      async () => {},
      async at => {
        paced.push(at)
        return goes
      },
      until,
    ])
  assert.is(await after(300, false), 300)
  clock.wakeAt(200, () => {})
  assert.is(await after(300, false), 200)
  assert.is(await after(150, false), 150)
  assert.is(await after(300, false, 199), 'until')
  assert.is(await after(300, true, 0), 100, 'what has begun is not paced')
  goes = false
  assert.is(await after(300, false), 'stopped')
  assert.equal(paced, [300, 200, 150, 200])
})

test.run()
