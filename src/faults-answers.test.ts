/**
 * Answers to entries that never come, or say nothing, over real sockets: what is asked of bbw then is a list of complaints
 * that is empty for it and not for one with a planted bug.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultRule } from './core/adapters/sim/bybit/fault-plan.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND } from './core/base/units.ts'
import { asOne, CREATE, fails, hasty, NEWS, rigs } from './faults-complaints.fixture.ts'
import type { StreamRig } from './faults-streams-rig.fixture.ts'

const test = suite('faults of answers')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { complaintsOf } = rigs(folder)

async function neverArrives(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([{ fault: 'lose-request', only: '/v5/order/create' }])
  await rig.propose()
  await rig.run(MINUTE, SECOND)
  const sent = rig.sent.filter(({ request }) => request === CREATE)
  const wrong: string[] = []
  if (sent.length !== 3) wrong.push(`it was sent ${sent.length} times`)
  if (new Set(sent.map(({ body }) => JSON.parse(body ?? '{}').orderLinkId)).size !== 1)
    wrong.push('it has more ids')
  if (rig.engine.portfolio.pending.size > 0) wrong.push('it is waited for')
  return [...wrong, ...(await rig.differences())]
}

test('A2: over the wire what never arrives at all is given up after two more tries, and told', async () => {
  assert.equal(await complaintsOf('lose-request', {}, neverArrives, 'E102'), [])
})

/** An answer to an entry says nothing, whether it was taken or not, and the stream nothing either. */
const unclear =
  (rule: FaultRule, isTaken: boolean) =>
  async (rig: StreamRig): Promise<readonly string[]> => {
    rig.setFaults([{ ...rule, only: '/v5/order/create', most: 1 }, ...NEWS])
    await rig.propose()
    // One that was sent again may have filled without a word: the next look tells.
    await rig.run((isTaken ? 20 : 50) * SECOND, 500)
    return asOne(rig, isTaken ? 1 : 2)
  }

test('A5: over the wire an answer that says nothing is looked up, and one who takes it for a refusal is found out', async () => {
  // The page that comes with a status of HTTP is none that could be read.
  for (const [rule, isTaken, code] of [
    [{ fault: 'refuse', code: 10_016 }, false, 'E105'],
    [{ fault: 'status', code: 429 }, false, 'E106'],
    [{ fault: 'status-after', code: 503 }, true, 'E106'],
  ] as const) {
    assert.equal(await complaintsOf([rule.fault, 'lose-push'], {}, unclear(rule, isTaken), code), [])
  }
  const taken = unclear({ fault: 'status-after', code: 503 }, true)
  fails(await complaintsOf('status-after', { broker: hasty }, taken), 'no position')
})

test('A6: over the wire an answer that cannot be read is looked up, and one who takes it for a refusal is found out', async () => {
  for (const fault of ['html', 'truncated', 'empty'] as const)
    assert.equal(await complaintsOf([fault, 'lose-push'], {}, unclear({ fault }, true), 'E106'), [])
  fails(await complaintsOf('html', { broker: hasty }, unclear({ fault: 'html' }, true)), 'no position')
})

test.run()
