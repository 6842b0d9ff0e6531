/**
 * The process dies, over real sockets: where it was to die it has, what it had said there is at the exchange and what it
 * had written is on the disk, and the next one has no more than both. What is asked of that one is a list of complaints
 * that is empty for bbw and not for one with a planted bug.
 */
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpRequest } from './core/adapters/bybit/http.ts'
import { KEY, SECRET, START } from './core/adapters/sim/bybit/bybit.fixture.ts'
import { signatureOf } from './core/adapters/sim/bybit/signing.ts'
import { ticks } from './core/adapters/sim/exchange.fixture.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND, type Steps } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import { gridSignal } from './core/engine/desk.fixture.ts'
import { Behind } from './core/engine/drivers/behind.fixture.ts'
import type { Batch, BrokerPort } from './core/engine/ports.ts'
import { fails, rigs } from './faults-complaints.fixture.ts'
import { CREATE, crashes, type Life, request, STOP } from './faults-crash.fixture.ts'
import type { KillPoint } from './faults-mortal.fixture.ts'
import {
  bound,
  levels,
  type Plants,
  type RigOptions,
  type StreamRig,
  SYMBOL,
} from './faults-streams-rig.fixture.ts'

const test = suite('faults of crashes')
const folder = new StoreFolder()
test.after(() => folder.remove())
const complaintsOf = crashes(rigs(folder))

/** What is asked before an order may be taken for absent. */
const PROOF = ['/v5/order/realtime', '/v5/order/history', '/v5/execution/list', '/v5/position/list']

// --- planted ------------------------------------------------------------------------------------------------------

/** It sends, and writes down afterwards what it has sent. */
function behind(): Plants {
  let writer: Behind | null = null
  return {
    store: store => {
      writer = new Behind(store)
      return writer
    },
    broker: broker => ({
      ...bound(broker),
      place: order => writer?.send(() => broker.place(order)) ?? broker.place(order),
    }),
  }
}

/** It forgets the orders of which it did not hear. */
const forgetful: Plants = { memory: books => ({ ...books, orders: [] }) }

/** An order is taken for absent without a question. */
const lookUp: BrokerPort['lookUp'] = async (_, clientOrderId) => ({
  clientOrderId,
  state: 'absent',
  filled: 0 as Steps,
  reason: 'nobody was asked',
})
const hasty: Plants = { broker: broker => ({ ...bound(broker), lookUp }) }
/** Nothing that was executed is ever asked for. */
const incurious: Plants = { broker: broker => ({ ...bound(broker), executions: async () => [] }) }

// --- orders -------------------------------------------------------------------------------------------------------

/** The states of the orders that are written down. */
function written({ path }: StreamRig): readonly string[] {
  const state = new DatabaseSync(path, { readOnly: true })
  try {
    return state
      .prepare("SELECT state FROM intents WHERE kind = 'order'")
      .all()
      .map(row => String(row.state))
  } finally {
    state.close()
  }
}

/** An entry is written down, and the process dies before it is sent; then it is away for so long. */
const unsent =
  (away: number, isStillFit: boolean): Life =>
  async (rig, point) => {
    rig.killAt(point)
    await rig.propose()
    const wrong: string[] = []
    if (rig.requests(`POST ${CREATE}`) > 0) wrong.push('it was sent')
    if (written(rig).length !== 1) wrong.push('it was not written down')
    await rig.run(away, 5 * SECOND)
    const back = rig.now
    await rig.restart()
    await rig.run(30 * SECOND)
    if (rig.count('I705') !== 1) wrong.push('it has not recovered')
    const sent = rig.sent.filter(({ request }) => request === `POST ${CREATE}`)
    if (sent.length !== (isStillFit ? 1 : 0)) wrong.push(`${sent.length} orders were sent`)
    const verdict = sent[0]?.at ?? rig.now
    for (const path of PROOF) {
      if (!rig.sent.some(one => one.request === `GET ${path}` && one.at >= back && one.at <= verdict))
        wrong.push(`${path} was not asked`)
    }
    if (rig.count('I107') + rig.count('E102') !== 1) wrong.push('nothing was told of it')
    if ((rig.position() !== null) !== isStillFit) wrong.push('the position is wrong')
    if (rig.engine.portfolio.pending.size > 0) wrong.push('an entry is pending')
    if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
    return [...wrong, ...(await rig.differences())]
  }

/** The price falls to just above the stop of 95. */
const FALLEN = levels([2, 100], [120, 95.05])

test('A7: over the wire an entry written down and never sent is dropped or sent on proof of absence, and one who forgets it, writes late or asks nobody is found out', async () => {
  const old: RigOptions = { minutes: FALLEN }
  assert.equal(await complaintsOf(request('before', CREATE), old, unsent(3 * MINUTE, false), 'I107'), [])
  assert.equal(await complaintsOf(request('before', CREATE), {}, unsent(SECOND, true), 'E102'), [])
  const told = (options: RigOptions): Promise<readonly string[]> =>
    complaintsOf(request('before', CREATE), options, unsent(SECOND, true))
  fails(await told(behind()), 'it was not written down')
  fails(await told(forgetful), 'nothing was told of it')
  fails(await told(hasty), 'was not asked')
})

/** The exchange takes an entry, and the process dies before that is written down. */
const unheard =
  (away: number): Life =>
  async (rig, point) => {
    rig.killAt(point)
    await rig.propose()
    const wrong: string[] = []
    const there = rig.sim.desk.account.positions.filter(({ steps }) => steps > 0)
    assert.equal([rig.requests(`POST ${CREATE}`), there.length], [1, 1], 'the exchange has taken it')
    if (written(rig).join() !== 'pending') wrong.push(`on the disk it is ${written(rig).join() || 'nothing'}`)
    await rig.run(away, 5 * SECOND)
    await rig.restart()
    await rig.run(30 * SECOND)
    if (rig.count('I108') !== 1) wrong.push('it was not told as recovered')
    if (rig.requests(`POST ${CREATE}`) !== 1) wrong.push(`${rig.requests(`POST ${CREATE}`)} orders were sent`)
    if (rig.position()?.stop !== 950) wrong.push('the books have no position with its stop')
    if (rig.position()?.strategy !== gridSignal().strategy) wrong.push('its strategy is lost')
    if (rig.count('W316') > 0) wrong.push('it had to be taken back')
    if (rig.requests(`POST ${STOP}`) > 0) wrong.push('a stop was set that stands')
    if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
    return [...wrong, ...(await rig.differences())]
  }

/** Once the exchange has the order nothing more is written. */
const unwritten = (): KillPoint => {
  let isTaken = false
  return {
    at: 'commit',
    phase: 'before',
    when: ({ outcomes, events }) => {
      isTaken ||= outcomes.some(({ state }) => state === 'open' || state === 'filled')
      return isTaken || events.some(({ kind }) => kind === 'filled')
    },
  }
}

test('A8: over the wire an order taken while bbw dies is recovered with its stop, and one who forgets it, writes late or asks for no executions is found out', async () => {
  for (const away of [SECOND, 5 * MINUTE]) {
    assert.equal(await complaintsOf(request('taken', CREATE), {}, unheard(away), 'I108'), [])
    assert.equal(await complaintsOf(unwritten(), {}, unheard(away), 'I108'), [])
  }
  const told = (options: RigOptions): Promise<readonly string[]> =>
    complaintsOf(request('taken', CREATE), options, unheard(SECOND))
  fails(await told(behind()), 'on the disk it is nothing')
  // What it forgets is found by its executions: whose position it is, not what was planned with it.
  const found = await told(forgetful)
  for (const words of ['it was not told as recovered', 'its strategy is lost', 'it had to be taken back'])
    fails(found, words)
  fails(await told({ ...forgetful, ...incurious }), 'the books have no position')
  fails(await told(incurious), 'the books have no position')
})

// --- stops --------------------------------------------------------------------------------------------------------

/** After the fill the price rises by 2 %: the stop moves to where nothing is lost. */
const RISING = levels([3, 100], [60, 102.2])
const REVERSION: Partial<Signal> = {
  strategy: 'mean-reversion',
  order: { type: 'limit', price: ticks(100) },
  leverage: 10,
}

const isMove = ({ isAhead, intents, rows }: Batch): boolean =>
  isAhead && intents.length === 0 && rows.some(({ value }) => JSON.stringify(value).includes('"inFlight":{'))
const isMoved = ({ events }: Batch): boolean => events.some(({ kind }) => kind === 'stop-moved')

/** Where a trail can be cut, and whether the next process has to ask which stop it is. */
const TRAIL: readonly (readonly [point: () => KillPoint, isAsked: boolean])[] = [
  [() => ({ at: 'commit', phase: 'before', when: isMove }), false],
  [() => ({ at: 'commit', phase: 'after', when: isMove }), true],
  [() => request('before', STOP), true],
  [() => request('taken', STOP), true],
  [() => ({ at: 'commit', phase: 'before', when: isMoved }), true],
  [() => ({ at: 'commit', phase: 'after', when: isMoved }), false],
]

const stopThere = async (rig: StreamRig): Promise<number | null> =>
  (await rig.account()).positions[0]?.stop ?? null

/** The stop is moved, and the process dies over it. */
async function trailed(rig: StreamRig, point: KillPoint): Promise<readonly string[]> {
  await rig.propose(SYMBOL, REVERSION)
  const first = await stopThere(rig)
  assert.is(first, 950)
  rig.killAt(point)
  // The rule looks ten minutes after the beginning.
  await rig.run(START + 595 * SECOND - rig.now, 5 * SECOND)
  await rig.run(15 * SECOND, 50)
  const dead = await stopThere(rig)
  await rig.run(3 * SECOND)
  await rig.restart()
  const back = await stopThere(rig)
  await rig.run(11 * MINUTE, 5 * SECOND)
  const last = await stopThere(rig)
  const wrong: string[] = []
  if (dead === null || (dead !== first && dead < 1_000)) wrong.push(`once it was dead the stop was ${dead}`)
  if (back === null || dead === null || back < dead) wrong.push(`from ${dead} the stop has gone to ${back}`)
  if (last === null || last < 1_000) wrong.push(`it has ended at ${last}`)
  if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
  return [...wrong, ...(await rig.differences())]
}

/** It takes the stop away before it sets the new one. */
const anew: RigOptions['http'] = http => async asked => {
  if (!asked.url.endsWith(STOP)) return http(asked)
  await http(without(asked))
  return http(asked)
}

/** The same request, signed anew, with no stop in it. */
function without({ body, headers, ...asked }: HttpRequest): HttpRequest {
  const text = JSON.stringify({ ...JSON.parse(body ?? ''), stopLoss: '0' })
  const signed = `${headers['X-BAPI-TIMESTAMP']}${KEY}${headers['X-BAPI-RECV-WINDOW']}${text}`
  return {
    ...asked,
    body: text,
    headers: {
      ...headers,
      'content-length': String(Buffer.byteLength(text)),
      'X-BAPI-SIGN': signatureOf(SECRET, signed),
    },
  }
}

/** What was on its way to a stop is not remembered. */
const careless: Plants = {
  memory: books => ({
    ...books,
    positions: books.positions.map(({ position, stop }) => ({
      position,
      stop: stop === null ? null : { ...stop, inFlight: null },
    })),
  }),
}

test('B5: over the wire there is the old stop or the new one wherever bbw dies while it moves it, and one who cancels first or forgets the move is found out', async () => {
  for (const [point, isAsked] of TRAIL) {
    const wrong: Life = async (rig, where) => [
      ...(await trailed(rig, where)),
      ...(rig.count('I205') > 0 === isAsked ? [] : [`I205 was told ${rig.count('I205')} times`]),
    ]
    assert.equal(await complaintsOf(point(), { minutes: RISING }, wrong), [], JSON.stringify(point()))
  }
  fails(
    await complaintsOf(request('taken', STOP), { minutes: RISING, http: anew }, trailed),
    'once it was dead the stop was null',
  )
  const silent: Life = async (rig, point) => {
    await trailed(rig, point)
    return rig.count('I205') > 0 ? [] : ['nobody asked which stop it is']
  }
  fails(
    await complaintsOf(request('taken', STOP), { minutes: RISING, ...careless }, silent),
    'nobody asked which stop it is',
  )
})

test.run()
