/**
 * A state that cannot be written while bbw trades over real sockets: what is asked of it is a list of complaints that is
 * empty for bbw and not for one with a planted bug.
 */
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { StoreError } from './core/base/errors.ts'
import { MINUTE, SECOND } from './core/base/units.ts'
import { CREATE, fails, rigs } from './faults-complaints.fixture.ts'
import { OTHER, type RigOptions, type StreamRig } from './faults-streams-rig.fixture.ts'

const test = suite('faults of the disk')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { withRig } = rigs(folder)

/** From the moment that the exchange has taken an entry another process holds the database, for ten seconds. */
async function locked(rig: StreamRig): Promise<readonly string[]> {
  const other = new DatabaseSync(rig.path, { timeout: 0 })
  const answer = rig.sim.request.bind(rig.sim)
  let locks = 0
  rig.sim.request = asked => {
    const outcome = answer(asked)
    if (asked.target.startsWith('/v5/order/create') && locks++ === 0) other.exec('BEGIN IMMEDIATE')
    return outcome
  }
  const wrong: string[] = []
  try {
    await rig.propose()
    assert.is(locks, 1)
    await rig.propose(OTHER)
    await rig.run(8 * SECOND, SECOND)
    if (rig.requests(CREATE) !== 1) wrong.push('an entry was sent without its row')
    if (rig.position() === null) wrong.push('what has filled is not known')
    if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
  } finally {
    other.exec('ROLLBACK')
    other.close()
  }
  await rig.run(MINUTE, SECOND)
  rig.sim.request = answer
  await rig.restart()
  await rig.run(MINUTE, SECOND)
  if (rig.count('I301') + rig.count('W303') > 0) wrong.push('something was not written once it could be')
  const sent = rig.requests(CREATE)
  await rig.propose(OTHER)
  if (rig.requests(CREATE) !== sent + 1) wrong.push('nothing is entered any more')
  return [...wrong, ...(await rig.differences())]
}

/** Another process holds the database when an entry is to be written down, which is the first that bbw hears of it. */
async function lockedBefore(rig: StreamRig): Promise<readonly string[]> {
  const other = new DatabaseSync(rig.path, { timeout: 0 })
  try {
    other.exec('BEGIN IMMEDIATE')
    await rig.propose()
    return rig.requests(CREATE) === 0 ? [] : ['an entry was sent without its row']
  } finally {
    other.close()
  }
}

test('A9: over the wire while another process holds the database nothing is entered and nothing lost, and one who takes it for written is found out', async () => {
  await withRig({}, async rig => {
    assert.equal(await locked(rig), [])
    assert.ok(rig.count('W803') > 0)
  })
  await withRig({}, async rig => {
    assert.equal(await lockedBefore(rig), [])
    assert.ok(rig.count('E109') > 0)
  })
  const store: RigOptions['store'] = one => ({
    commit: batch => {
      try {
        return one.commit(batch)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        return []
      }
    },
  })
  await withRig({ store }, async rig => fails(await locked(rig), 'without its row'))
  await withRig({ store }, async rig => fails(await lockedBefore(rig), 'without its row'))
})

test.run()
