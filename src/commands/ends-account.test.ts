/**
 * How a trader on an account at Bybit ends that has just sent something: what it leaves behind is known, and stands with
 * its stop. Real processes and sockets: how long a process lives is what is looked at.
 */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultRule } from '../core/adapters/sim/bybit/fault-plan.ts'
import { DAY, SECOND } from '../core/base/units.ts'
import { scoreSignal } from '../core/engine/pipeline.ts'
import { scoreFields, signalRecord } from '../core/wire/encode.ts'
import { LoopbackBybit } from './loopback-bybit.fixture.ts'
import { ndjson } from './ndjson.ts'
import { codesSaid, Processes, type Started } from './started.fixture.ts'
import { Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('ends on an account')
const folder = new Folder()
const processes = new Processes()
const exchanges: LoopbackBybit[] = []
test.after(async () => {
  await processes.end()
  for (const exchange of exchanges) await exchange.stop()
  folder.remove()
})

const SYMBOL = 'SOLUSDT'
const CREATE = '/v5/order/create'
/** Nothing is told of an order: its answer is late, and the stream is silent about it. */
const UNTOLD: readonly FaultRule[] = [
  { fault: 'late-reply', only: CREATE, ms: SECOND },
  { fault: 'lose-push', only: 'order' },
  { fault: 'lose-push', only: 'execution' },
]
const OPENED = /demo account at 127\.0\.0\.1/

class Place {
  readonly exchange: LoopbackBybit
  readonly data: string

  static async open(): Promise<Place> {
    const exchange = await LoopbackBybit.open({ folder: folder.path, speed: 1, symbols: [SYMBOL, 'BTCUSDT'] })
    exchanges.push(exchange)
    return new Place(exchange, join(folder.path, `data-${exchanges.length}`))
  }

  private constructor(exchange: LoopbackBybit, data: string) {
    this.exchange = exchange
    this.data = data
  }

  /** A signal is handed to `bbw trade --execute`. */
  trade(over: Parameters<LoopbackBybit['signal']>[1] = {}, symbol = SYMBOL): Started {
    const made = this.exchange.signal(symbol, over)
    const signal = { ...made, candleEnd: made.candleStart + DAY, lastAt: Math.floor(made.lastAt) }
    const record = { ...signalRecord(signal), ...scoreFields(scoreSignal(signal), 0), type: 'scored' }
    const file = folder.file(`signals-${exchanges.length}.ndjson`, ndjson(record))
    const [, ...words] = this.exchange.runWords(this.data)
    const named = words.filter((_, k) => !isSymbol(words, k))
    return processes.start(['trade', file, '--execute', '--ndjson', ...named], { env: this.exchange.env })
  }

  async run(...words: readonly string[]): Promise<Started> {
    const loop = processes.start([...this.exchange.runWords(this.data), ...words], {
      env: this.exchange.env,
    })
    await loop.says(OPENED)
    return loop
  }

  async held(): Promise<readonly string[]> {
    const { positions } = await this.exchange.account()
    return positions.map(({ symbol, side, stop }) => `${symbol} ${side}${stop === null ? ' bare' : ''}`)
  }
}

const isSymbol = (words: readonly string[], k: number): boolean =>
  words[k] === '--symbol' || words[k - 1] === '--symbol'

function outcome({ code, out }: Outcome): readonly unknown[] {
  return [
    code,
    ...records(out).map(({ kind, figures }) => {
      const said = (figures as { readonly outcome?: string } | undefined)?.outcome
      return said === undefined ? kind : `${kind} ${said}`
    }),
  ]
}

test('without a loop an entry whose stop is lost has it again before the command ends', async () => {
  const place = await Place.open()
  assert.is(place.exchange.sim.cause({ fault: 'lose-stop', symbol: SYMBOL }), null)
  const traded = await place.trade().ended
  assert.equal(outcome(traded), [0, 'entered filled'], traded.err)
  assert.equal(await place.held(), [`${SYMBOL} long`])
  assert.ok(codesSaid(traded.err).includes('C201'), traded.err)
})

test('without a loop what the exchange says of the order is the outcome', async () => {
  const place = await Place.open()
  const { sim } = place.exchange
  const refuses: FaultRule = { fault: 'refuse', code: 110007, only: CREATE, most: 1 }
  sim.setFaults([refuses])
  const refused = await place.trade().ended
  assert.equal(outcome(refused), [6, 'rejected'], refused.err)
  const other = await Place.open()
  const last = other.exchange.price(SYMBOL)
  const resting = await other.trade({ order: other.exchange.limit(last * 0.98) }).ended
  assert.equal(outcome(resting), [0, 'entered resting'], resting.err)
})

test('without a loop an order that is rejected after it was accepted was not entered', async () => {
  const place = await Place.open()
  assert.is(place.exchange.sim.cause({ fault: 'reject-later', symbol: SYMBOL }), null)
  const traded = await place.trade().ended
  assert.equal(outcome(traded), [6, 'rejected'], traded.err)
  assert.equal(await place.held(), [])
})

test('without a loop an order that nothing is told of is unknown: C712 and exit 5, within 8 s', async () => {
  const place = await Place.open()
  place.exchange.sim.setFaults(UNTOLD)
  const trade = place.trade()
  await place.exchange.taken(CREATE)
  await place.exchange.stop()
  const begun = performance.now()
  const { code, out, err } = await trade.ended
  assert.ok(performance.now() - begun < 9 * SECOND)
  assert.equal(outcome({ code, out, err }), [5, 'unknown'], err)
  assert.ok(codesSaid(err).includes('C712'), err)
})

test('beside a loop what the exchange says of the order is the outcome', async () => {
  const place = await Place.open()
  const { sim } = place.exchange
  const loop = await place.run('--ndjson')
  const last = place.exchange.price(SYMBOL)
  const resting = await place.trade({ order: place.exchange.limit(last * 0.98) }).ended
  assert.match(resting.err, /I810 queued to the running bbw/)
  sim.setFaults([{ fault: 'refuse', code: 110007, only: CREATE, most: 1 }])
  const refused = await place.trade({}, 'BTCUSDT').ended
  assert.equal(outcome(refused), [6, 'rejected'], refused.err)
  assert.equal(outcome(resting), [0, 'entered resting'], resting.err)
  await loop.stop()
})

test('beside a loop an order that is rejected after it was accepted was not entered, and a lost stop is set before it is told', async () => {
  const place = await Place.open()
  const loop = await place.run('--ndjson')
  assert.is(place.exchange.sim.cause({ fault: 'reject-later', symbol: SYMBOL }), null)
  const rejected = await place.trade().ended
  assert.equal(outcome(rejected), [6, 'rejected'], rejected.err)
  assert.equal(await place.held(), [])
  assert.is(place.exchange.sim.cause({ fault: 'lose-stop', symbol: 'BTCUSDT' }), null)
  const traded = await place.trade({}, 'BTCUSDT').ended
  assert.equal(outcome(traded), [0, 'entered filled'], traded.err)
  assert.equal(await place.held(), ['BTCUSDT long'])
  await loop.stop()
})

test('beside a loop an order that nothing is told of is unknown: C712 and exit 5, and the loop goes on', async () => {
  const place = await Place.open()
  const loop = await place.run('--ndjson')
  place.exchange.sim.setFaults(UNTOLD)
  const trade = place.trade()
  await place.exchange.taken(CREATE)
  await place.exchange.stop()
  const begun = performance.now()
  const { code, out, err } = await trade.ended
  assert.ok(performance.now() - begun < 9.5 * SECOND)
  assert.equal(outcome({ code, out, err }), [5, 'unknown'], err)
  assert.match(err, /C712 SOLUSDT long entry .*; the running bbw goes on there/)
  place.exchange.sim.setFaults([])
  await place.exchange.start()
  assert.is((await loop.stop()).code, 0)
  assert.equal(await place.held(), [`${SYMBOL} long`])
})

/** A loop that is ended as soon as the exchange has taken its entry, whose stop it loses. */
async function endedBy(end: (loop: Started) => Promise<Outcome>, ...words: readonly string[]): Promise<void> {
  const place = await Place.open()
  const loop = await place.run(...words)
  assert.is(place.exchange.sim.cause({ fault: 'lose-stop', symbol: SYMBOL }), null)
  const taken = place.exchange.taken(CREATE)
  place.exchange.propose(place.data, SYMBOL)
  await taken
  const { code, err } = await end(loop)
  assert.is(code, 0, err)
  assert.match(err, /I704 stopped at .* with 1 open positions, each with its stop/)
  assert.equal(await place.held(), [`${SYMBOL} long`])
}

test('a loop that is asked to end sets the stop first that it knows to be missing', async () => {
  await endedBy(loop => loop.stop(), '--ndjson')
})

test('a loop whose reader has gone ends as one that is asked to, and says so', async () => {
  await endedBy(loop => loop.unread(), '--plain')
})

test('a loop that cannot find out what it leaves behind says what it is, and ends with 5, after Ctrl-C too', async () => {
  const place = await Place.open()
  const loop = await place.run('--ndjson')
  place.exchange.sim.setFaults(UNTOLD)
  const taken = place.exchange.taken(CREATE)
  place.exchange.propose(place.data, SYMBOL)
  await taken
  await place.exchange.stop()
  const { code, err } = await loop.stop('SIGINT')
  assert.is(code, 5, err)
  assert.match(err, /C712/)
  assert.match(err, /SOLUSDT long entry/)
})

test.run()
