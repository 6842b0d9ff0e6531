import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf, ticks } from '../decision/view.fixture.ts'
import { positionKey } from '../portfolio/position.ts'
import type { StopTrouble } from './protocol.ts'
import { asking } from './rules.fixture.ts'
import { StopDesk } from './stop-desk.ts'
import type { StopVerdict } from './stop-rules.ts'

const test = suite('stop desk')

/** Long, stop at 950. */
const HELD = positionOf()
const KEY = positionKey(HELD.symbol, HELD.side)
const SHORT = positionOf({ side: 'short', stop: ticks(1_050) })

/** A desk with a request for 960 on its way. */
function moving(): StopDesk {
  const desk = new StopDesk(asking())
  desk.wish(HELD, ticks(960), 'trailing', 'why')
  assert.is(desk.send(KEY, 'r', 1_000)?.stop, 960)
  return desk
}

const kindOf = (verdict: StopVerdict | null): string => verdict?.kind ?? 'nothing'

test('a looser wish is dropped, on both sides, and the tightest waits behind a request', () => {
  const desk = new StopDesk(asking())
  desk.wish(HELD, ticks(949), 'trailing', '')
  desk.wish(SHORT, ticks(1_051), 'trailing', '')
  assert.equal(desk.wishes(9), [])
  const busy = moving()
  busy.wish(HELD, ticks(955), 'trailing', '')
  busy.wish(HELD, ticks(970), 'trailing', '')
  busy.wish(HELD, ticks(965), 'trailing', '')
  assert.is(busy.send(KEY, 's', 1), null, 'one at a time')
  assert.is(kindOf(busy.answer(KEY, true, undefined, 0)), 'moved')
  assert.is(busy.send(KEY, 's', 1)?.stop, 970)
})

test('an answer is a move, a failure, a doubt or the end of the position', () => {
  const cases: readonly (readonly [boolean, StopTrouble | undefined, string])[] = [
    [true, undefined, 'moved'],
    [false, undefined, 'failed'],
    [false, 'unknown', 'unknown'],
    [false, 'not-modified', 'unknown'],
    [false, 'crossed', 'close'],
  ]
  for (const [ok, why, expected] of cases) assert.is(kindOf(moving().answer(KEY, ok, why, 0)), expected)
})

test('a doubtful move is confirmed by the account, or asked for again', () => {
  const confirmed = moving()
  confirmed.answer(KEY, false, 'unknown', 0)
  const verdict = confirmed.readBack(HELD, ticks(960), 2_000)
  assert.is(kindOf(verdict), 'moved')
  assert.is(verdict?.kind === 'moved' ? verdict.request.doubt : '', 'no-answer')
  const refuted = moving()
  refuted.answer(KEY, false, 'not-modified', 0)
  assert.is(kindOf(refuted.readBack(HELD, ticks(950), 2_000)), 'failed')
  assert.is(refuted.send(KEY, 's', 2_000)?.stop, 960)
})

test('while the answer is awaited the account says nothing, and it is overdue in time', () => {
  const desk = moving()
  assert.is(desk.readBack(HELD, null, 2_000), null)
  assert.is(desk.answerDue(10_000), 11_000)
  desk.overdue(10_999)
  assert.is(desk.answerDue(10_000), 11_000)
  desk.overdue(11_000)
  assert.is(desk.answerDue(10_000), null)
})

test('a missing or looser stop is restored, a tighter one is taken over', () => {
  const desk = new StopDesk(asking())
  assert.is(kindOf(desk.readBack(HELD, HELD.stop, 1)), 'nothing')
  assert.equal(desk.readBack(HELD, ticks(955), 2), { kind: 'adopt', stop: ticks(955) })
  assert.equal(desk.readBack(HELD, ticks(940), 3), { kind: 'missing', wasSeen: true, delay: null })
  assert.is(desk.isProtected(KEY), false)
  assert.is(desk.send(KEY, 'r', 3)?.stop, 950)
  const verdict = desk.answer(KEY, true, undefined, 0)
  assert.is(verdict?.kind === 'restored' ? verdict.missingSince : -1, 3)
  assert.is(desk.isProtected(KEY), true)
})

test('a stop that cannot be restored closes the position at the third failure', () => {
  const desk = new StopDesk(asking())
  assert.equal(desk.readBack(HELD, null, 1), { kind: 'missing', wasSeen: false, delay: null })
  const kinds: string[] = []
  for (let i = 0; i < 3; i++) {
    assert.equal(desk.missing(i * 500), [KEY])
    desk.send(KEY, `r${i}`, i * 500)
    kinds.push(kindOf(desk.answer(KEY, false, undefined, i * 500)))
    if (i < 2) assert.equal([desk.missing(i * 500 + 499), desk.missingDue(i * 500)], [[], (i + 1) * 500])
  }
  assert.equal(kinds, ['failed', 'failed', 'close'])
  desk.close(KEY, 'no stop', 'emergency')
  assert.equal([desk.of(KEY).closing, desk.of(KEY).closingAs], ['no stop', 'emergency'])
  assert.equal(desk.wishes(9), [])
})

/** The answer to what is on its way is lost, and the account shows this stop. */
function lostAt(desk: StopDesk, shown: number | null, now: number): StopVerdict | null {
  desk.answer(KEY, false, 'unknown', 0)
  return desk.readBack(HELD, shown === null ? null : ticks(shown), now)
}

test('a request that comes to nothing again and again is made at once, and then ever more rarely', () => {
  const desk = moving()
  const delays: number[] = []
  for (let i = 0, now = 1_000; i < 9; i++) {
    const verdict = lostAt(desk, 950, now)
    const delay = verdict?.kind === 'failed' ? (verdict.delay ?? -1) : -1
    delays.push(delay)
    if (delay > 0) {
      assert.equal(desk.wishes(now + delay - 1), [])
      assert.is(desk.send(KEY, 'r', now + delay - 1), null)
    }
    now += delay
    assert.equal(desk.wishes(now), [KEY])
    desk.send(KEY, 'r', now)
  }
  assert.equal(delays, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('a missing stop whose requests all vanish closes the position at the third', () => {
  const desk = new StopDesk(asking())
  desk.readBack(HELD, null, 1_000)
  const seen: string[] = []
  for (let i = 0, now = 1_000; i < 3; i++) {
    desk.send(KEY, `r${i}`, now)
    const verdict = lostAt(desk, null, now)
    seen.push(kindOf(verdict))
    if (verdict?.kind === 'missing') now += verdict.delay ?? 0
  }
  assert.equal(seen, ['missing', 'missing', 'close'])
})

test('moves that vanished while the stop stood do not count against it once it is missing', () => {
  const desk = moving()
  for (let i = 0; i < 5; i++) {
    lostAt(desk, 950, 60_000 * i)
    desk.send(KEY, 'r', 60_000 * (i + 1))
  }
  assert.is(kindOf(lostAt(desk, null, 400_000)), 'missing')
  assert.is(desk.send(KEY, 's', 400_000)?.stop, 960)
})

test('a stop that was never there is missing since the position is, one that was seen since it was missed', () => {
  const since = (desk: StopDesk): number => desk.of(KEY).missingSince
  const fresh = new StopDesk(asking())
  fresh.opened(KEY, 1_000)
  fresh.opened(KEY, 1_500)
  assert.is(fresh.isProtected(KEY), true)
  fresh.readBack(HELD, null, 2_000)
  assert.is(since(fresh), 1_000)
  const seen = new StopDesk(asking())
  seen.opened(KEY, 1_000)
  seen.readBack(HELD, HELD.stop, 2_000)
  seen.readBack(HELD, null, 9_000)
  assert.is(since(seen), 9_000)
})

test('a missing stop with a move in doubt is restored at the tighter price', () => {
  const desk = moving()
  desk.doubtAll()
  assert.is(kindOf(desk.readBack(HELD, null, 5)), 'missing')
  assert.is(desk.send(KEY, 's', 5)?.stop, 960)
})

test('what was wished before somebody has tightened the stop is dropped where it is looser by now', () => {
  for (const [shown, left] of [
    [965, undefined],
    [955, 960],
  ] as const) {
    const refused = moving()
    refused.answer(KEY, false, undefined, 0)
    assert.equal(refused.readBack(HELD, ticks(shown), 2_000), { kind: 'adopt', stop: shown })
    assert.is(refused.send(KEY, 's', 2_000)?.stop, left, `after ${shown}`)
    const lost = moving()
    assert.is(kindOf(lostAt(lost, shown, 2_000)), left === undefined ? 'adopt' : 'failed')
    assert.is(lost.send(KEY, 's', 2_000)?.stop, left, `in doubt after ${shown}`)
  }
})

test.run()
