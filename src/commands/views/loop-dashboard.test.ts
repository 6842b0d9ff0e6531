import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../../core/base/units.ts'
import { Desk, settled } from './desk.fixture.ts'
import { type LoopDashboard, showLoop } from './loop-dashboard.ts'
import { AT, event, FACTS, refusal, snapshot } from './model.fixture.ts'

const test = suite('dashboard of a loop')

/** A dashboard whose loop is worth what `worth` says. */
async function shown(desk: Desk, worth: () => number): Promise<LoopDashboard> {
  const { world, terminal, actions, interrupt } = desk
  const made = await showLoop({
    world,
    terminal,
    actions,
    interrupt,
    facts: FACTS,
    earlier: {
      trades: { today: 0, total: 99.5, count: 4, wins: 1 },
      standing: { paused: null, halted: null },
      day: AT / DAY,
    },
    snapshot: () => snapshot({ equity: worth() }),
  })
  await settled()
  return made
}

test('the loop is looked at four times a second, and what its journal tells is shown', async () => {
  const desk = new Desk()
  let equity = 1_001
  const dashboard = await shown(desk, () => equity)
  await desk.sees('total +99.50')
  await desk.wake()
  await desk.sees('1,001.00')
  assert.ok(desk.sleeps.every(ms => ms === 250))
  equity = 2_345
  desk.written = ''
  dashboard.journal.event(event({ kind: 'filled', symbol: 'NEWUSDT' }))
  dashboard.journal.event(refusal({ symbol: 'NOUSDT' }))
  await desk.wake()
  await desk.wake()
  await desk.sees('NEWUSDT')
  await desk.sees('NOUSDT')
  await desk.sees('2,345.00')
  await dashboard.close()
})

test('standing and the end are shown', async () => {
  const desk = new Desk()
  const dashboard = await shown(desk, () => 1)
  dashboard.standing({ paused: { at: AT, by: 'me', reason: 'news' }, halted: null })
  await desk.wake()
  await desk.wake()
  await desk.sees('paused by me: news')
  dashboard.stopping()
  await desk.wake()
  await desk.wake()
  await desk.sees('STOPPING')
  await dashboard.close()
})

test('after its end nothing is looked at any more', async () => {
  const desk = new Desk()
  let looks = 0
  const dashboard = await shown(desk, () => ++looks)
  await desk.sees('stop and quit')
  desk.stdin.write('q')
  assert.is(await dashboard.done, 'quit')
  assert.equal(desk.asked, ['quit'])
  const before = looks
  await desk.wake()
  await desk.wake()
  assert.is(looks, before)
  await dashboard.close()
})

test.run()
