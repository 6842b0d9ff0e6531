/**
 * How a loop on an account at Bybit ends, however it is ended, and how the next one begins: real processes, real
 * signals, real sockets. What is asked of it is a list of complaints that is empty for bbw and not for a build with a
 * planted bug.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultRule } from '../core/adapters/sim/bybit/fault-plan.ts'
import { Connection } from '../core/adapters/sqlite/connection.ts'
import { readLease } from '../core/adapters/sqlite/lease.ts'
import { openStatus } from '../core/adapters/sqlite/status-reader.ts'
import { SECOND } from '../core/base/units.ts'
import { STATE_FILE } from './desk.ts'
import { positionsWrong } from './kill-sweep.fixture.ts'
import { LoopbackBybit } from './loopback-bybit.fixture.ts'
import { type PlantedBuild, plantedEnv } from './planted-builds.fixture.ts'
import { codesSaid, Processes, type Started } from './started.fixture.ts'
import { Folder } from './world.fixture.ts'

const test = suite('life of a process on an account')
const folder = new Folder()
const processes = new Processes()
const exchanges: LoopbackBybit[] = []
test.after(async () => {
  await processes.end()
  for (const exchange of exchanges) await exchange.stop()
  folder.remove()
})

const CREATE = '/v5/order/create'
const [FIRST, SECOND_ONE] = ['SOLUSDT', 'BTCUSDT'] as const
const OPENED = /demo account at 127\.0\.0\.1/
/** An answer about an order comes so late that much can happen meanwhile. */
const LATE = { fault: 'late-reply', only: CREATE, ms: SECOND } as const
/** Nor is anything of it told otherwise. */
const UNTOLD = [
  { fault: 'lose-push', only: 'order' },
  { fault: 'lose-push', only: 'execution' },
] as const

/** An exchange of its own with the folder of a trader on it. */
class Place {
  readonly exchange: LoopbackBybit
  readonly data: string

  static async open(): Promise<Place> {
    const exchange = await LoopbackBybit.open({
      folder: folder.path,
      speed: 1,
      symbols: [FIRST, SECOND_ONE],
    })
    exchanges.push(exchange)
    return new Place(exchange, join(folder.path, `data-${exchanges.length}`))
  }

  private constructor(exchange: LoopbackBybit, data: string) {
    this.exchange = exchange
    this.data = data
  }

  /** A loop that has opened its account. */
  async run(build: PlantedBuild | null, data: string = this.data): Promise<Started> {
    const env = { ...this.exchange.env, ...(build === null ? {} : plantedEnv(build)) }
    const loop = processes.start([...this.exchange.runWords(data), '--ndjson'], { env })
    await loop.says(OPENED)
    return loop
  }

  /** An entry is on its way: the exchange has taken it, and its answer is late. */
  async sending(loop: Started, rules: readonly FaultRule[] = []): Promise<void> {
    this.exchange.sim.setFaults([LATE, ...rules])
    const taken = this.exchange.taken(CREATE)
    this.exchange.propose(this.data, FIRST)
    await Promise.race([taken, loop.ended.then(({ err }) => assert.unreachable(err))])
    assert.is(this.exchange.sim.plan.counts['late-reply'], 1)
  }

  in<T>(work: (connection: Connection) => T): T {
    const connection = new Connection(join(this.data, STATE_FILE), { readOnly: true, random: () => 0 })
    try {
      return work(connection)
    } finally {
      connection.close()
    }
  }

  /** The states of the orders that are written down. */
  get orders(): readonly string[] {
    return this.in(connection =>
      connection.all("SELECT state FROM intents WHERE kind = 'order'").map(({ state }) => String(state)),
    )
  }

  /** Positions and stops in which books and exchange differ. */
  async differences(): Promise<readonly string[]> {
    const status = openStatus(join(this.data, STATE_FILE))
    assert.ok(status !== null)
    try {
      return positionsWrong(status.status(0, 0).positions, await this.exchange.account())
    } finally {
      status.close()
    }
  }
}

/** What is wrong with how a loop ends that is asked to while an entry is on its way. */
async function ended(signal: 'SIGTERM' | 'SIGINT', build: PlantedBuild | null): Promise<readonly string[]> {
  const place = await Place.open()
  const loop = await place.run(build)
  await place.sending(loop)
  const begun = performance.now()
  const ending = loop.stop(signal)
  place.exchange.propose(place.data, SECOND_ONE)
  const { code, err } = await ending
  const wrong: string[] = []
  if (code !== (signal === 'SIGINT' ? 130 : 0)) wrong.push(`it has ended with ${code}`)
  if (performance.now() - begun >= 8 * SECOND) wrong.push('it took longer than 8 s')
  if (!/I704 stopped at .* with 1 open positions, each with its stop/.test(err))
    wrong.push('I704 is not said')
  if (place.orders.join() !== 'filled') wrong.push(`orders are left as ${place.orders.join()}`)
  if (place.in(connection => readLease(connection)?.holder) !== null) wrong.push('the folder is not free')
  if (place.exchange.bare.length > 0) wrong.push(`without a stop: ${place.exchange.bare.join()}`)
  return [...wrong, ...(await place.differences())]
}

test('G4: on an account a signal in the middle of an entry lets it come to its end, and a build that exits at once is found out', async () => {
  assert.equal(await ended('SIGTERM', null), [])
  assert.equal(await ended('SIGINT', null), [])
  const found = await ended('SIGTERM', 'abrupt')
  assert.ok(found.includes('I704 is not said'), found.join('; '))
  assert.ok(found.includes('the folder is not free'), found.join('; '))
})

/** What is wrong with the loop after one that was killed while an entry was on its way. */
async function killed(build: PlantedBuild | null): Promise<readonly string[]> {
  const place = await Place.open()
  const loop = await place.run(build)
  await place.sending(loop, UNTOLD)
  await loop.kill()
  assert.equal(place.orders, ['pending'], 'it was killed before it heard of it')
  const next = await place.run(build)
  await next.says(/"kind":"recovered"/, 'out')
  const wrong = [...(await place.differences())]
  await next.kill()
  if (!codesSaid(next.err).includes('I705')) wrong.push('I705 is not said')
  if (!next.out.includes('"code":"I108"')) wrong.push('I108 is not told')
  if (next.out.includes('"code":"W303"')) wrong.push('its own position is a stranger to it')
  if (next.out.includes('"code":"W316"')) wrong.push('its own position had to be taken back')
  if (place.orders.join() !== 'filled') wrong.push(`orders are ${place.orders.join()}`)
  return wrong
}

test('G5: on an account a loop that was killed goes on where it stood, and a build that trusts only its memory is found out', async () => {
  assert.equal(await killed(null), [])
  assert.equal(await killed('forgetful'), [
    'I108 is not told',
    'its own position had to be taken back',
    'orders are pending',
  ])
  const found = await killed('nameless')
  assert.ok(found.includes('its own position is a stranger to it'), found.join('; '))
})

test('G6: on an account the fifth start within ten minutes protects and enters nothing, and a build that does not count is found out', async () => {
  const place = await Place.open()
  const { exchange, data } = place
  let kills = 0
  for (let nth = 0; nth < 4; nth++) {
    const loop = await place.run(null)
    if (nth === 0) {
      exchange.propose(data, FIRST)
      await loop.says(/"kind":"filled"/, 'out')
    }
    assert.not.match(loop.err, 'C706')
    await loop.kill()
    kills++
  }
  assert.is(kills, 4)
  const copy = `${data}-copy`
  cpSync(data, copy, { recursive: true })
  /** What is wrong with the fifth life. */
  const fifth = async (build: PlantedBuild | null, folderOf: string): Promise<readonly string[]> => {
    const loop = await place.run(build, folderOf)
    const cause = exchange.sim.cause({ fault: 'human-stop', symbol: FIRST, ticks: 0 })
    assert.is(cause, null)
    await loop.says(/"code":"W207"/, 'out')
    exchange.propose(folderOf, SECOND_ONE)
    await loop.says(/"kind":"(?:entered|refused)","code":[^,]*,"symbol":"BTCUSDT"/, 'out')
    const { code } = await loop.stop()
    const wrong: string[] = []
    if (code !== 0) wrong.push(`it has ended with ${code}`)
    if (!codesSaid(loop.err).includes('C706')) wrong.push('C706 is not said')
    if (/"kind":"entered"/.test(loop.out)) wrong.push('it has entered')
    if (exchange.bare.length > 0) wrong.push(`without a stop: ${exchange.bare.join()}`)
    return wrong
  }
  assert.equal(await fifth(null, data), [])
  const found = await fifth('uncounted', copy)
  assert.equal(found, ['C706 is not said', 'it has entered'])
})

test.run()
