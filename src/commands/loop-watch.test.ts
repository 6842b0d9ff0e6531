import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, SECOND } from '../core/base/units.ts'
import { CYCLES, type Cycle } from '../core/engine/cycles.ts'
import { LoopWatch, watchedOf } from './loop-watch.ts'

const test = suite('loop watch')

const pace = (speed: number) => ({ isPaced: true, speed, isEveryCycle: speed <= 3_600, isRemote: false })

/** A watchdog that takes down what it is told. */
function noting(): { readonly told: string[]; readonly watch: LoopWatch } {
  const told: string[] = []
  const watch = new LoopWatch({
    note: (place, count) => void told.push(`${place}: ${count}`),
    allow: most => void told.push(`allow ${most}`),
    close: () => void told.push('close'),
  })
  return { told, watch }
}

test('on a market with a clock of its own each cycle has twice its period', () => {
  const real = watchedOf({ isPaced: false, speed: 1, isEveryCycle: true, isRemote: true })
  assert.equal(
    real.map(({ what, limitMs }) => `${what} ${limitMs / SECOND}`),
    ['light cycle 60', 'heavy cycle 240', 'x10 cycle 960', `daily cycle ${(2 * DAY) / SECOND}`],
  )
  const fast = watchedOf({ isPaced: false, speed: 40, isEveryCycle: true, isRemote: true })
  assert.equal(fast, real, 'a simulated one that goes faster may go at the wall’s pace at any time')
})

test('on a market that bbw moves the next instant has to come, at whatever speed', () => {
  const limits = [0.1, 1, 40, 3_600, 8_640, 86_400, Number.POSITIVE_INFINITY].map(speed =>
    watchedOf(pace(speed)).map(({ what, limitMs }) => `${what} ${limitMs / SECOND}`),
  )
  assert.equal(limits.flat(), [
    'instant of the market 600',
    'instant of the market 60',
    'instant of the market 20',
    'instant of the market 20',
    'instant of the market 20',
    'instant of the market 20',
    'instant of the market 20',
  ])
  const [daily] = watchedOf({ ...pace(3_601), isEveryCycle: false })
  assert.ok(daily.limitMs > 47 * SECOND, 'where only the daily cycle is sure to run')
  const [remote] = watchedOf({ ...pace(40), isRemote: true })
  assert.is(remote.limitMs, MINUTE)
})

test('cycles are noted by how often they have ended, so that noting them again is no progress', () => {
  const { told, watch } = noting()
  const runs: { [K in Cycle['id']]: number } = { light: 7, heavy: 2, x10: 1, daily: 0 }
  watch.cycles({ runs: id => runs[id] })
  watch.cycles({ runs: id => runs[id] })
  assert.equal(told.slice(0, CYCLES.length), ['0: 7', '1: 2', '2: 1', '3: 0'])
  assert.equal(told.slice(CYCLES.length), told.slice(0, CYCLES.length))
})

test('instants are counted, and what takes long is allowed for as long as it takes', async () => {
  const { told, watch } = noting()
  watch.instant()
  watch.instant()
  watch.during(MINUTE, () => told.push('work'))
  assert.throws(() =>
    watch.during(SECOND, () => {
      throw new Error('it fails')
    }),
  )
  await watch.patiently(Promise.resolve())
  await watch.patiently(Promise.reject(new Error('the reader is gone'))).catch(() => {})
  watch.close()
  const long = `allow ${10_000 * DAY}`
  assert.equal(told, [
    '0: 1',
    '0: 2',
    `allow ${MINUTE}`,
    'work',
    'allow 0',
    `allow ${SECOND}`,
    'allow 0',
    long,
    'allow 0',
    long,
    'allow 0',
    'close',
  ])
})

test.run()
