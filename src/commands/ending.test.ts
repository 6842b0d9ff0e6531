import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { LooseEnd } from '../core/engine/loose-ends.ts'
import type { Input } from '../core/engine/protocol.ts'
import type { Desk } from './desk.ts'
import { Ending, leftWords } from './ending.ts'

const test = suite('ending')
const END: LooseEnd = {
  kind: 'position',
  symbol: 'BTCUSDT',
  side: 'long',
  clientOrderId: null,
  what: 'stands WITHOUT its stop',
}

/** A desk on which something is open for so many milliseconds, and when it was told of the end. */
function ending(
  open: readonly LooseEnd[],
  forMs: number,
  sends = false,
): { readonly one: Ending; readonly heard: readonly number[]; readonly now: () => number } {
  let now = 0
  const heard: number[] = []
  const left = (): readonly LooseEnd[] => (now < forMs ? open : [])
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms: number) => {
      now += ms
    },
  }
  const desk = {
    engine: { looseEnds: () => ({ isSettled: left().length === 0, left: left() }) },
    exchange: { clock: { now: () => now } },
    hear: (input: Input) => {
      if (input.type === 'ending') heard.push(now)
    },
  } as unknown as Desk
  return { one: new Ending({ clock }, desk, sends), heard, now: () => now }
}

test('where nothing is open it ends at once, when it has asked', async () => {
  const { one, heard, now } = ending([], 0)
  assert.is(await one.pace(1_000), false)
  assert.equal([heard, now()], [[0], 0])
})

test('it goes on from look to look until everything is settled, and asks every second', async () => {
  const { one, heard, now } = ending([END], 2_500)
  assert.is(await one.pace(1_000), true)
  assert.is(now(), 1_000)
  assert.is(await one.pace(9_000), false)
  assert.equal([heard, now()], [[0, 1_000, 2_000], 2_500])
})

test('what is still open when its time is over is left, and a second is left for the last look', async () => {
  const { one, now } = ending([END], Number.POSITIVE_INFINITY)
  assert.is(await one.pace(60_000), false)
  assert.equal([now(), one.timeLeft, one.left], [7_000, 1_000, [END]])
  assert.match(leftWords(one.left), /^BTCUSDT long stands WITHOUT its stop; bbw run finds out/)
})

test('an entry that was just decided on has its leverage waited for first, and not for ever', async () => {
  const held: LooseEnd = {
    ...END,
    kind: 'held',
    clientOrderId: 'order',
    what: 'entry waits for its leverage',
  }
  const sent = ending([held], 300, true)
  assert.is(await sent.one.pace(9_000), false)
  assert.equal(sent.heard, [300])
  const stuck = ending([held], Number.POSITIVE_INFINITY, true)
  assert.is(await stuck.one.pace(9_000), false)
  assert.is(stuck.heard[0], 5_000)
  const given = ending([held], 300)
  assert.is(await given.one.pace(9_000), false)
  assert.is(given.heard[0], 0)
})

test.run()
