import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FollowedClock } from './followed-clock.ts'

const test = suite('followed clock')

/** The machine's clock, moved by a test; sleeps end when it gets there. */
class Rig {
  wall = 1_000
  #sleeps: { readonly until: number; readonly end: () => void }[] = []
  readonly clock: FollowedClock

  constructor(pace = 40) {
    this.clock = new FollowedClock(
      {
        monotonic: () => this.wall,
        sleep: (ms, signal) =>
          new Promise((resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted')))
            this.#sleeps.push({ until: this.wall + ms, end: resolve })
          }),
      },
      pace,
    )
  }

  async move(ms: number): Promise<void> {
    this.wall += ms
    const due = this.#sleeps.filter(({ until }) => until <= this.wall)
    this.#sleeps = this.#sleeps.filter(one => !due.includes(one))
    for (const { end } of due) end()
    await new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end
  }

  /** Whether it is over, at the end of each of these moves. */
  async over(work: Promise<void>, ...moves: readonly number[]): Promise<readonly boolean[]> {
    let isOver = false
    work.then(
      () => {
        isOver = true
      },
      () => {},
    )
    const seen: boolean[] = []
    for (const ms of moves) {
      await this.move(ms)
      seen.push(isOver)
    }
    return seen
  }
}

test('it goes at its pace, and at another one once it is told so', async () => {
  const { clock, ...rig } = new Rig()
  assert.is(clock.monotonic(), 40_000)
  const one = new Rig()
  const began = one.clock.monotonic()
  one.wall += 10
  assert.is(one.clock.monotonic() - began, 400)
  one.clock.told(5_000_000, 1, 0)
  one.wall += 10
  assert.is(one.clock.monotonic() - began, 410)
  one.clock.told(5_000_010, 40, 0)
  one.wall += 10
  assert.is(one.clock.monotonic() - began, 810)
  assert.is(rig.wall, 1_000)
})

test('it follows the exchange: where it was ahead it stands until it is right, where it was behind it is set', () => {
  const { clock, ...rest } = new Rig()
  assert.is(rest.wall, 1_000)
  const rig = new Rig()
  rig.clock.told(0, 40, 0)
  const began = rig.clock.monotonic()
  const since = (): number => rig.clock.monotonic() - began
  assert.is(clock.monotonic(), began)
  rig.wall += 100
  assert.is(since(), 4_000)
  // It has gone slowly for 50 ms by now, and at its speed for as long.
  rig.clock.told(2_050, 20, 0)
  assert.is(since(), 4_000)
  rig.wall += 97.5
  assert.is(since(), 4_000)
  rig.wall += 1
  assert.is(since(), 4_020)
  rig.clock.told(9_000, 40, 0)
  assert.is(since(), 9_000)
})

test('at the wall’s pace it stays ahead by as much, so that nobody waits for longer, and is right when that is over', () => {
  const rig = new Rig()
  rig.clock.told(0, 40, 0)
  const began = rig.clock.monotonic()
  const since = (): number => rig.clock.monotonic() - began
  rig.wall += 100
  rig.clock.told(2_000, 1, 0)
  rig.wall += 250
  rig.clock.told(2_250, 1, 0)
  assert.is(since(), 4_250)
  rig.clock.told(2_250, 40, 0)
  rig.wall += 50
  assert.is(since(), 4_250)
  rig.wall += 1
  assert.is(since(), 4_290)
})

test('what is told is reckoned on for as long as it was on its way, and a millisecond or two are nothing', () => {
  const rig = new Rig()
  rig.clock.told(0, 40, 5)
  const began = rig.clock.monotonic()
  rig.wall += 100
  rig.clock.told(3_500, 40, 17.5)
  assert.is(rig.clock.monotonic() - began, 4_000)
  rig.wall += 10
  rig.clock.told(4_530, 40, 0)
  assert.is(rig.clock.monotonic() - began, 4_400)
  rig.clock.told(4_700, 40, 0)
  assert.is(rig.clock.monotonic() - began, 4_500, 'forward it is followed')
  rig.clock.told(4_600, 40, 0)
  rig.wall += 2.5
  assert.is(rig.clock.monotonic() - began, 4_500, 'back by more, too')
})

test('whoever waits waits as much longer or shorter as the pace changes', async () => {
  const rig = new Rig()
  rig.clock.told(0, 40, 0)
  assert.equal(await rig.over(rig.clock.sleep(4_000), 99, 1), [false, true])
  const slowed = rig.over(rig.clock.sleep(4_000), 50)
  assert.equal(await slowed, [false])
  const rest = rig.clock.sleep(2_000)
  rig.clock.told(6_000, 1, 0)
  assert.equal(await rig.over(rest, 50, 1_949, 1), [false, false, true])
  const hurried = rig.clock.sleep(4_000)
  rig.clock.told(8_000, 40, 0)
  assert.equal(await rig.over(hurried, 99, 1), [false, true])
  assert.equal(await rig.over(rig.clock.sleep(0), 0), [true])
})

test('whoever does not want to wait any longer does not', async () => {
  const rig = new Rig()
  const end = new AbortController()
  const waiting = rig.clock.sleep(4_000, end.signal)
  end.abort(new Error('enough'))
  await waiting.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'enough'),
  )
  await rig.clock.sleep(1, AbortSignal.abort(new Error('before'))).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'before'),
  )
})

test.run()
