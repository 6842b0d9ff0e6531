import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EmbeddedExchange } from '../core/adapters/sim/embedded.ts'
import { marketsOf, venueOf } from '../core/adapters/sim/market.fixture.ts'
import type { Log } from '../core/adapters/system/log.ts'
import type { Code } from '../core/base/codes.ts'
import { ConfigError, ExchangeError, HeldError, StoreError, type StoreTrouble } from '../core/base/errors.ts'
import { DAY, HOUR, MINUTE, type Timestamp } from '../core/base/units.ts'
import type { Books } from '../core/engine/books.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { BrokerPort } from '../core/engine/ports.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import { defaultConfig } from './config.ts'
import { type Connected, Desk, type DeskOptions, STATE_FILE } from './desk.ts'
import { openSimHost } from './sim-host.ts'
import { inDatabase } from './started.fixture.ts'
import { Folder } from './world.fixture.ts'

const test = suite('desk')
const folder = new Folder()
let folders = 0
test.after(() => folder.remove())

const MARKETS = marketsOf(11, 60, { symbols: 8 })
const WALL = Date.UTC(2026, 0, 1)

/** A trader on the embedded exchange whose clocks stand in the hand of the test. */
class Bench {
  readonly path: string
  wall = WALL
  mono = 0
  memory = 100 * 2 ** 20
  readonly said: { readonly code: Code; readonly words: string }[] = []
  readonly events: EngineEvent[] = []
  readonly trades: Trade[] = []

  constructor(path: string = fresh()) {
    this.path = path
  }

  codes(): readonly Code[] {
    return this.said.map(one => one.code)
  }

  open(over: Partial<DeskOptions> = {}): Promise<Desk> {
    const quiet = (): void => {}
    const log: Log = {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: quiet,
      code: (code, words) => void this.said.push({ code, words }),
      lost: 0,
      close: quiet,
    }
    return Desk.open({
      world: {
        clock: { now: () => this.wall, monotonic: () => this.mono, sleep: () => Promise.resolve() },
      },
      config: defaultConfig(),
      folder: this.path,
      connect: async () => {
        const host = await openSimHost(this.path, () => venueOf(MARKETS))
        const exchange = new EmbeddedExchange(host)
        return { exchange, market: exchange.market, close: () => host.close() }
      },
      facts: { exchange: 'sim', dry: false, market: 'made up' },
      journal: {
        event: event => void this.events.push(event),
        trade: trade => void this.trades.push(trade),
      },
      log,
      memory: () => this.memory,
      ...over,
    })
  }

  /** Lets the market pass, half a second of the wall clock for each of its moments. */
  async through(desk: Desk, before: (at: Timestamp) => void, until: Timestamp | null = null): Promise<void> {
    await desk.exchange.run(
      () => desk.driver.idle(),
      async at => {
        this.wall += 500
        this.mono += 500
        before(at)
        desk.tick()
        await desk.driver.idle()
        return true
      },
      until,
    )
  }
}

function fresh(): string {
  folders += 1
  return join(folder.path, `desk-${folders}`)
}

const FROM = venueOf(MARKETS).from

/** The whole market without any trouble. */
async function undisturbed(): Promise<Bench> {
  const bench = new Bench()
  const desk = await bench.open()
  await bench.through(desk, () => {})
  assert.ok(desk.close(true))
  return bench
}

const plain = await undisturbed()

test('without trouble it trades, saves what it tells, and says nothing that a person need know', async () => {
  assert.ok(plain.trades.length > 5)
  assert.equal(
    // A stop that fires within the day ends an exchange of positions half way: that is the market, not trouble.
    plain.codes().filter(code => !['I705', 'W133', 'C132', 'W307', 'W213'].includes(code)),
    [],
  )
  const kept = inDatabase(join(plain.path, STATE_FILE), db =>
    db.prepare('SELECT record FROM trades ORDER BY rowid').all(),
  )
  assert.equal(
    kept.map(row => JSON.parse(String(row.record))),
    plain.trades,
  )
})

test('incident 6: at every moment the state on the disk is the one in memory, wherever a kill would fall', async () => {
  const bench = new Bench()
  const desk = await bench.open()
  const words = (books: Books | null): string => {
    if (books === null) return 'nothing'
    const { positions, orders, cooldowns } = books
    // A decision that came to nothing may be made again: it is written down with the next thing that happens.
    const { decided: _, ...ledger } = books.ledger
    const sorted = [positions, orders, cooldowns].map(rows => rows.map(row => JSON.stringify(row)).sort())
    return JSON.stringify([ledger, ...sorted])
  }
  let injected = 0
  let held = 0
  await bench.through(desk, () => {
    const books = desk.engine.books()
    const kept = desk.store?.loadBooks() ?? null
    if (kept === null) return
    injected += 1
    held += books.positions.length
    if (words(kept) !== words(books)) assert.is(words(kept), words(books))
  })
  assert.ok(desk.close(true))
  assert.ok(injected > 100 && held > 100, `${injected} looks, ${held} positions`)
})

test('G2: a wall clock that jumps is said, the account is compared before anything else, and the trading is the same', async () => {
  const bench = new Bench()
  const desk = await bench.open()
  const jumps = [
    { at: FROM + 10 * DAY, by: HOUR },
    { at: FROM + 20 * DAY, by: -HOUR },
    { at: FROM + 30 * DAY, by: 400 * DAY },
  ]
  let injected = 0
  await bench.through(desk, at => {
    const next = jumps[injected]
    if (next === undefined || at < next.at) return
    injected += 1
    bench.wall += next.by
  })
  assert.ok(desk.close(true))
  assert.is(injected, 3)
  assert.equal(
    bench.said.filter(one => one.code === 'W702').map(one => one.words),
    [3_600, -3_600, 34_560_000].map(seconds => `the wall clock has jumped by ${seconds} s`),
  )
  let waits = 0
  let compared = 0
  for (const event of bench.events) {
    if (event.reason.startsWith('the wall clock has jumped')) waits += 1
    else if (event.reason === 'compared with the exchange after a gap') {
      waits = 0
      compared += 1
    } else assert.ok(waits === 0 || event.kind !== 'entered', 'nothing is entered before')
  }
  assert.is(compared, 3)
  assert.equal(bench.trades, plain.trades)
})

test('G10: memory that has doubled beyond measure is said once, and the loop goes on', async () => {
  const bench = new Bench()
  const desk = await bench.open()
  let injected = 0
  await bench.through(
    desk,
    at => {
      if (at < FROM + 5 * DAY) return
      bench.memory = 900 * 2 ** 20
      bench.mono += MINUTE
      bench.wall += MINUTE
      injected += 1
    },
    FROM + 8 * DAY,
  )
  desk.close(true)
  assert.ok(injected > 3)
  assert.equal(
    bench.said.filter(one => one.code === 'W710').map(one => one.words),
    ['900 MB, 100 MB at the start'],
  )
})

test('H8: a log that a reader keeps from being emptied is said, until the reader ends', async () => {
  const bench = new Bench()
  const desk = await bench.open()
  const { store } = desk
  if (store === null) throw new Error('it keeps its state')
  const reader = new DatabaseSync(store.path, { readOnly: true })
  const minute = (): void => {
    bench.mono += MINUTE
    bench.wall += MINUTE
    desk.tick()
  }
  minute()
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM kv').get()
  let injected = 0
  for (; injected < 5; injected += 1) store.write(`filling-${injected}`, 'x'.repeat(4 * 2 ** 20))
  minute()
  assert.ok(bench.codes().includes('W808'))
  assert.match(bench.said.find(one => one.code === 'W808')?.words ?? '', 'pages wait for a reader to end')
  reader.close()
  const before = bench.said.length
  minute()
  assert.is(bench.said.length, before)
  desk.close(true)
  assert.is(injected, 5)
})

/** A broker that tells what is sent through it. */
function watched(broker: BrokerPort, send: (isEntry: boolean) => void): BrokerPort {
  return {
    account: () => broker.account(),
    lookUp: (symbol, id) => broker.lookUp(symbol, id),
    executions: since => broker.executions(since),
    place(order) {
      send(order.purpose === 'entry')
      return broker.place(order)
    },
    amend(symbol, id, price, steps) {
      send(false)
      return broker.amend(symbol, id, price, steps)
    },
    cancel(symbol, id) {
      send(false)
      return broker.cancel(symbol, id)
    },
    setLeverage: (id, symbol, leverage, side) => broker.setLeverage(id, symbol, leverage, side),
    leverage: (symbol, side) => broker.leverage(symbol, side),
    setStop(id, symbol, side, stop) {
      send(false)
      return broker.setStop(id, symbol, side, stop)
    },
  }
}

/** A store that refuses everything for as long as it is told to, and what is sent meanwhile. */
class Refusing {
  trouble: StoreTrouble | null = null
  /** Trouble that begins with the first entry to be written down. */
  armed: StoreTrouble | null = null
  fired = 0
  entries = 0
  others = 0

  readonly between = (ports: LivePorts): LivePorts => ({
    ...ports,
    broker: watched(ports.broker, isEntry => {
      if (this.trouble === null) return
      if (isEntry) this.entries += 1
      else this.others += 1
    }),
    store: {
      commit: batch => {
        if (this.armed !== null && batch.intents.some(({ order }) => order.purpose === 'entry')) {
          this.trouble = this.armed
          this.armed = null
        }
        if (this.trouble === null) return ports.store?.commit(batch) ?? []
        this.fired += 1
        const traits = { retryable: this.trouble === 'busy', trouble: this.trouble }
        throw new StoreError(`injected: ${this.trouble}`, traits)
      },
    },
  })
}

/** A market in which nothing can be written for six days, from the second position on. */
async function throughTrouble(trouble: StoreTrouble, code: Code): Promise<void> {
  const bench = new Bench()
  const refusing = new Refusing()
  const desk = await bench.open({ between: refusing.between })
  // With something held, from the next entry on until some days later: what is held has its exits meanwhile.
  let from: Timestamp | null = null
  let [first, last] = [0, 0]
  await bench.through(desk, at => {
    if (refusing.fired === 0) {
      const { positions } = desk.engine.portfolio
      refusing.armed = positions.size >= 2 ? trouble : null
      first = bench.events.length
    } else from ??= at
    if (from !== null && at > from + 6 * DAY && refusing.trouble !== null) {
      refusing.trouble = null
      last = bench.events.length
    }
  })
  assert.ok(desk.close(true))
  assert.ok(refusing.fired > 3)
  assert.is(bench.codes().filter(one => one === code).length, 1, 'said once, not each time')
  const during = bench.events.slice(first, last)
  assert.is(refusing.entries, 0, 'no entry has left')
  const dropped = during.filter(event => event.kind === 'refused' && event.figures.gate === 'store')
  assert.ok(dropped.length > 0 && dropped.every(event => event.code === 'E109'), 'and the first is dropped')
  assert.ok(refusing.others > 0, 'what protects and reduces has')
  assert.ok(during.some(event => event.kind === 'exited' || event.kind === 'stop-moved'))
  assert.ok(bench.events.slice(last).some(event => event.reason === 'the state is saved again'))
  assert.ok(
    bench.events.slice(last).some(event => event.kind === 'entered'),
    'entries go on',
  )
  const kept = inDatabase(join(bench.path, STATE_FILE), db => ({
    trades: db.prepare('SELECT record FROM trades ORDER BY rowid').all(),
    code: db.prepare('SELECT count(*) AS n FROM events WHERE code = ?').get(code),
  }))
  assert.equal(
    kept.trades.map(row => JSON.parse(String(row.record))),
    bench.trades,
  )
  assert.is(Number(kept.code?.n), 1)
}

test('H3: while the database is busy nothing is entered, exits and stops go on, and nothing is lost', () =>
  throughTrouble('busy', 'W803'))

test('H5: while the disk is full nothing is entered, exits and stops go on, and nothing is lost', () =>
  throughTrouble('full', 'C805'))

test('H6: while the disk fails nothing is entered, exits and stops go on, and nothing is lost', () =>
  throughTrouble('io', 'C806'))

test('H1: a second trader on the folder gets no further than the lease, and neither exchange nor books are touched', async () => {
  const bench = new Bench()
  const desk = await bench.open()
  let connects = 0
  try {
    await new Bench(bench.path).open({
      connect: () => {
        connects += 1
        return Promise.reject(new Error('it is never asked'))
      },
    })
    assert.unreachable()
  } catch (error) {
    assert.instance(error, HeldError)
    assert.match(String(error), 'process')
  }
  assert.is(connects, 0)
  desk.close(true)
  assert.ok(existsSync(join(bench.path, STATE_FILE)))
})

test('H2: a trader whose lease was taken sends nothing more, and its next tick says so', async () => {
  const bench = new Bench()
  let sent = 0
  const desk = await bench.open({
    between: ports => ({
      ...ports,
      broker: watched(ports.broker, () => {
        sent += 1
      }),
    }),
  })
  let injected = 0
  let before = 0
  try {
    await bench.through(desk, at => {
      if (injected > 0 || at < FROM + 10 * DAY) return
      injected += 1
      before = sent
      inDatabase(join(bench.path, STATE_FILE), db =>
        db.exec(
          `UPDATE kv SET value = json_set(value, '$.token', json_extract(value, '$.token') + 1) WHERE key = 'lease'`,
        ),
      )
    })
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof StoreError && error.trouble === 'lease-lost', String(error))
  }
  assert.is(injected, 1)
  assert.ok(before > 0)
  assert.is(sent, before)
  desk.close(false)
  // Whoever has it now keeps it.
  const lease = inDatabase(join(bench.path, STATE_FILE), db =>
    db.prepare("SELECT json_extract(value, '$.token') AS token FROM kv WHERE key = 'lease'").get(),
  )
  assert.is(Number(lease?.token), 2)
})

test('an account in another mode of margin is not begun on, what is held there is looked after, and closing is not refused', async () => {
  const bench = new Bench()
  const connect = async (): Promise<Connected> => {
    const host = await openSimHost(bench.path, () => venueOf(MARKETS))
    const exchange = new EmbeddedExchange(host)
    const close = (): void => host.close()
    return { exchange, market: exchange.market, close, marginMode: async () => 'cross' }
  }
  try {
    await bench.open({ connect })
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, /C616 the account is in cross margin/)
  }
  const closing = await bench.open({ connect, onlyCloses: true })
  assert.is(closing.engine.standing.halted, null)
  closing.close(true)
  // However often it is tried, and whatever becomes of it, it keeps no loop from trading.
  for (let k = 0; k < 6; k++) (await bench.open({ connect, onlyCloses: true })).close(false)
  const desk = await bench.open()
  assert.is(desk.engine.standing.halted, null)
  let isHeld = false
  await desk.exchange.run(
    () => desk.driver.idle(),
    async () => {
      isHeld ||= desk.engine.portfolio.positions.size > 0
      return !isHeld
    },
    null,
  )
  assert.ok(isHeld, 'it has entered something')
  desk.close(true)
  bench.events.length = 0
  const again = await bench.open({ connect })
  assert.match(again.engine.standing.halted?.reason ?? '', 'the account is in cross margin')
  assert.ok(again.engine.portfolio.positions.size > 0)
  assert.is(bench.events.filter(({ code }) => code === 'C616').length, 1)
  again.close(true)
})

test('G6: starts during an outage of the exchange are no crashes, and starts that were killed are', async () => {
  const bench = new Bench()
  let refused = 0
  const connect = (): Promise<Connected> => {
    refused += 1
    return Promise.reject(new ExchangeError('status 502', { retryable: true, ambiguous: false }))
  }
  const failed = async (): Promise<string> => {
    try {
      ;(await bench.open({ connect })).close(false)
      return 'it has begun'
    } catch (error) {
      return String(error)
    }
  }
  const halted = async (isClean: boolean): Promise<boolean> => {
    const desk = await bench.open()
    const isHalted = desk.engine.standing.halted !== null
    desk.close(isClean)
    return isHalted
  }
  for (let k = 0; k < 6; k++) assert.match(await failed(), 'ExchangeError: status 502')
  assert.is(await halted(true), false)
  const killed: boolean[] = []
  for (let k = 0; k < 5; k++) {
    assert.match(await failed(), 'status 502')
    killed.push(await halted(false))
  }
  assert.equal(killed, [false, false, false, false, true])
  assert.is(refused, 11)
})

test('H7: a damaged state halts entries, also where the exchange kept the start that put it aside from beginning', async () => {
  const bench = new Bench()
  ;(await bench.open()).close(true)
  const path = join(bench.path, STATE_FILE)
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  writeFileSync(path, 'garbage '.repeat(1_000))
  const away = new ExchangeError('status 502', { retryable: true, ambiguous: false })
  for (let k = 0; k < 2; k++) {
    const error = await bench.open({ connect: () => Promise.reject(away) }).catch(thrown => thrown)
    assert.is(error, away)
  }
  const desk = await bench.open()
  assert.match(desk.engine.standing.halted?.reason ?? '', 'the state was damaged')
  desk.close(true)
  // It is the state's from then on: once a person has lifted it, nothing brings it back.
  const next = await bench.open()
  assert.ok(next.engine.standing.halted !== null)
  next.hear({ type: 'command', at: 0, id: '', command: 'resume', by: 'me', reason: 'looked at' })
  await next.driver.idle()
  next.close(true)
  const last = await bench.open()
  assert.is(last.engine.standing.halted, null)
  last.close(true)
})

test('a user who is not told once keeps nobody from the books, before and after, and another user is refused', async () => {
  const bench = new Bench()
  const by = (owner: string | null) => async (): Promise<Connected> => {
    const host = await openSimHost(bench.path, () => venueOf(MARKETS))
    const exchange = new EmbeddedExchange(host)
    return { exchange, market: exchange.market, owner, close: () => host.close() }
  }
  const market = async (owner: string | null): Promise<unknown> => {
    const desk = await bench.open({ connect: by(owner) })
    const kept = desk.store?.read('market')
    desk.close(true)
    return String(kept).split(' ').at(-1)
  }
  assert.is(await market(null), 'unknown')
  assert.is(await market(null), 'unknown')
  assert.is(await market('7'), '7')
  assert.is(await market(null), '7', 'what was known stays known')
  assert.is(await market('7'), '7')
  try {
    await market('8')
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error))
    assert.match(error.message, /another exchange or market/)
  }
})

test('the books of a place are of it by whatever name it is reached, and of no other one', async () => {
  const bench = new Bench()
  const at = async (market: string): Promise<Connected> => {
    const host = await openSimHost(bench.path, () => venueOf(MARKETS))
    return { exchange: new EmbeddedExchange(host), market, owner: '7', close: () => host.close() }
  }
  const names = ['http://localhost:4000', 'http://127.0.0.1:4000', 'http://localhost:4000']
  for (const name of names) (await bench.open({ connect: () => at(`demo ${name}`) })).close(true)
  for (const other of ['demo http://localhost:4001', 'paper http://localhost:4000']) {
    const failed = await bench.open({ connect: () => at(other) }).then(
      () => '',
      (error: unknown) => String(error),
    )
    assert.match(failed, 'holds the books of another exchange or market')
  }
})

test('what only closes does so in whatever mode the account is, also where that cannot be read', async () => {
  const connect = async (path: string): Promise<Connected> => {
    const host = await openSimHost(path, () => venueOf(MARKETS))
    const exchange = new EmbeddedExchange(host)
    exchange.positionMode = async () => {
      throw new ExchangeError('position idx not of one mode: XUSDT', { retryable: false, ambiguous: false })
    }
    return { exchange, market: exchange.market, close: () => host.close() }
  }
  const bench = new Bench()
  const desk = await bench.open()
  await bench.through(desk, () => {}, FROM + 25 * DAY)
  assert.ok(desk.engine.portfolio.positions.size > 0)
  assert.ok(desk.close(true))
  const closing = await bench.open({ connect: () => connect(bench.path), onlyCloses: true })
  const request = { type: 'closure', at: 0, id: 'c', kind: 'close', by: 'cli', reason: 'test' } as const
  closing.hear({ ...request, symbol: null, side: null, isForeignToo: true, halts: false })
  await bench.through(closing, () => {}, FROM + 27 * DAY)
  assert.ok(bench.events.some(({ kind, figures }) => kind === 'flat' && figures.request === 'c'))
  assert.equal((await closing.exchange.account()).positions, [])
  closing.close(true)
  const failed = await bench.open({ connect: () => connect(bench.path) }).then(
    () => '',
    (error: unknown) => String(error),
  )
  assert.match(failed, 'not of one mode', 'what may enter has to know')
})

test.run()
