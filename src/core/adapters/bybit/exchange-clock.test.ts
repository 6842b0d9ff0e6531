import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { MINUTE } from '../../base/units.ts'
import { ExchangeClock } from './exchange-clock.ts'

const test = suite('exchange clock')

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end

class Rig {
  mono = 500
  server = 1_000_000
  ahead = 0
  isAway = false
  asked = 0
  readonly said: string[] = []

  async open(): Promise<ExchangeClock> {
    return ExchangeClock.open({
      client: {
        serverNow: async () => {
          this.asked++
          if (this.isAway) throw new ExchangeError('away', { retryable: true, ambiguous: false })
          return this.server
        },
        clockAhead: async () => this.ahead,
      },
      monotonic: () => this.mono,
      say: (code, words) => this.said.push(`${code} ${words}`),
    })
  }
}

test('it goes on by the clock that never steps, and is taken anew every ten minutes', async () => {
  const rig = new Rig()
  const clock = await rig.open()
  assert.is(clock.now(), 1_000_000)
  rig.mono += 10 * MINUTE - 1
  rig.server = 1_600_123
  clock.check()
  assert.equal([clock.now(), rig.asked], [1_000_000 + 10 * MINUTE - 1, 1])
  rig.mono += 1
  clock.check()
  clock.check()
  await settle()
  assert.equal([clock.now(), rig.asked], [1_600_123, 2])
  assert.is(clock.aheadOf(1_600_000), 123)
  assert.equal(rig.said, [])
})

test('its times are whole milliseconds, as those of the exchange and of every record are', async () => {
  const rig = new Rig()
  rig.mono = 500.123
  const clock = await rig.open()
  rig.mono += 1.5
  assert.is(clock.now(), 1_000_001)
})

test('while the exchange does not tell its time the last one holds, and it is not asked all the time', async () => {
  const rig = new Rig()
  const clock = await rig.open()
  rig.isAway = true
  rig.mono += 10 * MINUTE
  for (let k = 0; k < 3; k++) {
    clock.check()
    await settle()
  }
  assert.equal([clock.now(), rig.asked], [1_000_000 + 10 * MINUTE, 2])
})

test('a wall clock that is more than a second off is told of once, until it is off by something else', async () => {
  const rig = new Rig()
  rig.ahead = 1_400
  const clock = await rig.open()
  for (const ahead of [1_500, -2_000]) {
    rig.ahead = ahead
    rig.mono += 10 * MINUTE
    clock.check()
    await settle()
  }
  assert.equal(rig.said, [
    "W701 this machine's clock is 1.4 s ahead: corrected",
    "W701 this machine's clock is 2.0 s behind: corrected",
  ])
})

test.run()
