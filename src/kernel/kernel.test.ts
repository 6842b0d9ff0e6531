import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../core/base/random.ts'
import { Kernel, type KernelOptions, stamp } from './kernel.fixture.ts'
import { Escape, poisonGlobals } from './poison.fixture.ts'

const test = suite('kernel')

const START = Date.UTC(2026, 0, 1)

const made = (over: Partial<KernelOptions> = {}): Kernel =>
  new Kernel({ seed: 1, start: START, mostEvents: 100_000, ...over })

test('events happen in the order of their times, and time stands at each', async () => {
  const kernel = made()
  const source = random(3)
  const seen: number[] = []
  const spans = Array.from({ length: 300 }, () => source.int(1_000))
  for (const span of spans) {
    kernel.schedule(span, 'one', () => {
      assert.is(kernel.now, START + span)
      seen.push(span)
    })
  }
  await kernel.run(START + 2_000)
  assert.equal(
    seen,
    [...spans].sort((a, b) => a - b),
  )
  assert.is(kernel.now, START + 2_000)
})

/** Processes that wait, wake one another and note what they did. */
async function played(seed: number): Promise<{ readonly hash: string; readonly said: readonly string[] }> {
  const kernel = made({ seed })
  const said: string[] = []
  const play = async (name: string): Promise<void> => {
    const life = kernel.life(name)
    for (let turn = 0; turn < 20; turn++) {
      await life.sleep(kernel.draws.between(`wait of ${name}`, 0, 3))
      await Promise.resolve()
      said.push(name)
      kernel.note(`${name} has its turn`)
    }
  }
  for (const name of ['a', 'b', 'c']) void play(name)
  await kernel.run(START + 1_000)
  return { hash: kernel.hash, said }
}

test('the same seed gives the same events and the same hash, another one another order', async () => {
  const [one, again, other] = [await played(7), await played(7), await played(8)]
  assert.equal(one, again)
  assert.not.equal(one.said, other.said)
  assert.is.not(one.hash, other.hash)
  assert.is(one.said.length, 60)
})

test('of what falls on one moment the seed decides which comes first', async () => {
  const orders = new Set<string>()
  for (let seed = 0; seed < 40; seed++) {
    const kernel = made({ seed })
    let order = ''
    for (const name of 'abc') kernel.schedule(5, name, () => (order += name))
    await kernel.run(START + 10)
    orders.add(order)
  }
  assert.is(orders.size, 6)
})

test('all that an event settles runs to its end before the next one', async () => {
  const kernel = made()
  const said: string[] = []
  kernel.schedule(1, 'long', () => {
    void (async () => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve()
      said.push('long')
    })()
  })
  kernel.schedule(2, 'next', () => said.push('next'))
  await kernel.run(START + 10)
  assert.equal(said, ['long', 'next'])
})

test('a process that has ended does nothing any more, and one that is frozen does it later', async () => {
  const kernel = made()
  const said: string[] = []
  const [dead, slow] = [kernel.life('dead'), kernel.life('slow')]
  const sleepAndSay = async (life: typeof dead): Promise<void> => {
    await life.sleep(10)
    said.push(`${life.name} ${kernel.now - START}`)
    await life.sleep(10)
    said.push(`${life.name} ${kernel.now - START}`)
  }
  for (const life of [dead, slow]) void sleepAndSay(life)
  kernel.schedule(15, 'kill', () => dead.end())
  kernel.schedule(15, 'freeze', () => slow.freeze(100))
  await kernel.run(START + 1_000)
  assert.equal([...said].sort(), ['dead 10', 'slow 10', 'slow 115'])
})

test('what a frozen process has missed comes in its order', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const kernel = made({ seed })
    const said: number[] = []
    const life = kernel.life('slow')
    for (const span of [5, 6, 7, 8]) life.after(span, 'one', () => said.push(span))
    life.freeze(6)
    kernel.schedule(6, 'freeze again', () => life.freeze(100))
    await kernel.run(START + 1_000)
    assert.equal(
      said.filter(span => span > 5),
      [6, 7, 8],
    )
  }
})

test('a sleep that is aborted rejects at once with the reason', async () => {
  const kernel = made()
  const life = kernel.life('a')
  const control = new AbortController()
  let why: unknown = null
  life.sleep(100, control.signal).catch((reason: unknown) => {
    why = reason
  })
  kernel.schedule(10, 'abort', () => control.abort('enough'))
  await kernel.run(START + 20)
  assert.is(why, 'enough')
})

test('a run that goes on for ever is ended', async () => {
  const kernel = made({ mostEvents: 100 })
  const again = (): void => void kernel.schedule(0, 'again', again)
  again()
  let words = ''
  await kernel.run(START + 1).catch((error: unknown) => {
    words = String(error)
  })
  assert.match(words, 'more than 100 events')
})

test('who goes past the ports is found out, also where the error is swallowed', () => {
  const doors: readonly (readonly [string, () => unknown])[] = [
    ['Date.now', () => Date.now()],
    ['new Date', () => new Date()],
    ['Math.random', () => Math.random()],
    ['performance.now', () => performance.now()],
    ['crypto.randomUUID', () => crypto.randomUUID()],
    ['setTimeout', () => setTimeout(() => {}, 1)],
    ['setInterval', () => setInterval(() => {}, 1)],
    ['setImmediate', () => setImmediate(() => {})],
    ['fetch', () => fetch('http://127.0.0.1:9')],
  ]
  const before = [Date, Date.now, Math.random, setTimeout, performance.now]
  const poison = poisonGlobals()
  const thrown: unknown[] = []
  try {
    for (const [, open] of doors) {
      try {
        open()
      } catch (error) {
        thrown.push(error)
      }
    }
    assert.is(new Date(0).toISOString(), '1970-01-01T00:00:00.000Z')
    assert.ok(new Date(0) instanceof Date)
  } finally {
    poison.lift()
  }
  assert.equal(
    poison.escapes,
    doors.map(([name]) => name),
  )
  assert.ok(thrown.every(error => error instanceof Escape))
  assert.equal([Date, Date.now, Math.random, setTimeout, performance.now], before)
})

test('a span is told in days, hours, minutes and seconds', () => {
  assert.is(stamp(3 * 86_400_000 + 4 * 3_600_000 + 11 * 60_000 + 2_120), '+3d04:11:02.120')
})

test.run()
