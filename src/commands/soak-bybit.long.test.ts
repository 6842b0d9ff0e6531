/**
 * A day of `bbw run` over the wire: a real process against a real process of the simulated Bybit on which everything goes
 * wrong now and then, killed and started again. What the exchange knows is held against what bbw wrote down.
 *
 * The exchange's clock goes `SPEED` times as fast as the wall's, and bbw's follows it. While a position of bbw's stands
 * without its stop and the exchange serves it, both go as the wall's does (`--slow-when-bare`), so that two seconds are two
 * seconds. What the clients keep by the wall clock (a ping every 10 s, waits before a new connection, the pace of sockets and
 * processes) goes by that all the time. Up to 55 nothing is reconnected where nothing goes wrong, which the first test shows
 * for its factor; the exchange cuts a private connection that has said nothing for 10 minutes of its clock, so that beyond 60
 * the pings come too late. 40 leaves a busy machine time.
 *
 * SOAK_HOURS and SOAK_SPEED make it shorter; SOAK_SEED makes it another day; SOAK_LOGS is a folder for what bbw has said.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as after } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, SECOND } from '../core/base/units.ts'
import { demandFlat, type Sample, sampleOf } from './soak.fixture.ts'
import { Exchange, plan, REFILTERED, type Standing, Trader } from './soak-bybit.fixture.ts'
import { Processes } from './started.fixture.ts'
import { Folder } from './world.fixture.ts'

const test = suite('soak over the wire')
const folder = new Folder()
const processes = new Processes()
test.after(async () => {
  await processes.end()
  if (LOGS !== undefined) processes.keep(LOGS)
  folder.remove()
})

const HOURS = Number(process.env.SOAK_HOURS ?? 24)
const SPEED = Number(process.env.SOAK_SPEED ?? 40)
const SEED = process.env.SOAK_SEED ?? '1'
const LOGS = process.env.SOAK_LOGS
/** How often both processes are looked at, of the wall's clock. */
const LOOK = 250
/** Connections of a loop: the market's and the account's. */
const STREAMS = 2
/** After the last fault everything has to have come together within this, of the exchange's clock. */
const RECOVERY = 30 * MINUTE
/** A position may be without its stop for two seconds where the exchange answers, of its clock. */
const MOST_BARE = 2 * SECOND
/**
 * Where it has not answered, has kept something back, or bbw was dead: for so long from then on. Whatever has not been told
 * is seen at the next light cycle, half a minute later at most, and from there it is two seconds again.
 */
const MOST_AFTER = 30 * SECOND + MOST_BARE

function say(words: string): void {
  process.stdout.write(`\n  ${words}`)
}

async function opened(name: string, rules: Parameters<typeof Exchange.open>[4]) {
  const path = join(folder.path, name)
  mkdirSync(path)
  const exchange = await Exchange.open(processes, path, SPEED, SEED, rules)
  const trader = new Trader(processes, exchange, path, SPEED)
  await trader.start()
  return { exchange, trader, began: (await exchange.standing()).now }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

function listed(counts: ReadonlyMap<string, number> | { readonly [name: string]: number }): string {
  const entries = counts instanceof Map ? [...counts] : Object.entries(counts)
  return entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

/** The figures of a run; what is demanded of all of them. */
async function demandSound(
  name: string,
  exchange: Exchange,
  trader: Trader,
  standing: Standing,
  began: number,
): Promise<void> {
  const { kinds, codes } = trader.tally
  const { links } = await exchange.books()
  const intents = trader.query("SELECT id, request, signal_id FROM intents WHERE kind = 'order'")
  const sent = new Map(intents.map(({ id, request }) => [String(id), JSON.parse(String(request))]))
  const trades = trader.query('SELECT id FROM trades').length
  const entries = new Map<string, number>()
  for (const { id, request, signal_id: signal } of intents) {
    const filled = links.find(link => link.id === id)?.filled ?? 0
    if (JSON.parse(String(request)).purpose === 'entry' && filled > 0)
      entries.set(String(signal), (entries.get(String(signal)) ?? 0) + 1)
  }
  const doubled = links.filter(({ orders }) => orders > 1)
  // Steps of bbw's are those of the filters of the day; an exit grows with a position that somebody adds to.
  const times = (symbol: string): number => (symbol === REFILTERED.symbol ? REFILTERED.times : 1)
  const beyond = links.filter(({ id, symbol, filled }) => {
    const intent = sent.get(id)
    if (intent === undefined) return true
    return intent.purpose === 'entry' && filled > intent.steps * times(symbol)
  })
  const twice = [...entries].filter(([, count]) => count > 1)
  const again = links.reduce((sum, { refused }) => sum + refused, 0)
  const { answered, disturbed } = standing.bare
  const hours = (standing.now - began) / HOUR
  say(`${name}: ${hours.toFixed(1)} h at ${SPEED} times, seed ${SEED}`)
  say(`trades ${trades}, entries ${entries.size}, orders ${links.length}, lives ${trader.lives}`)
  say(`records: ${listed(kinds)}`)
  say(`codes: ${listed(codes)}`)
  say(`faults: ${listed(standing.counts)}`)
  say(
    `connections: ${standing.sessions} stand, ${standing.opened} in all; requests: ${listed(standing.requests)}`,
  )
  say(
    `without a stop: answered ${answered.count} times, ${(answered.totalMs / SECOND).toFixed(1)} s, longest ${(answered.longestMs / SECOND).toFixed(2)} s; disturbed ${disturbed.count} times, ${(disturbed.totalMs / SECOND).toFixed(1)} s, longest ${(disturbed.longestMs / SECOND).toFixed(2)} s, ${(disturbed.longestAfterMs / SECOND).toFixed(2)} s of it after the last disturbance (of the exchange's clock)`,
  )
  say(
    `duplicates: ${doubled.length} ids with two orders, ${beyond.length} filled beyond what was wanted, ${twice.length} signals entered twice; ${again} sent again and refused`,
  )
  say(
    `light cycle: ${trader.cycles.length} seen, p50 ${percentile(trader.cycles, 0.5).toFixed(1)} ms, p99 ${percentile(trader.cycles, 0.99).toFixed(1)} ms`,
  )
  say('')
  assert.equal(trader.crashes, [])
  assert.equal([doubled, beyond, twice], [[], [], []])
  assert.equal(standing.bare.now, [])
  assert.ok(answered.longestMs <= MOST_BARE, `${answered.longestMs} ms without a stop`)
  assert.ok(disturbed.longestAfterMs <= MOST_AFTER, `${disturbed.longestAfterMs} ms without a stop after all`)
}

/** Waits until books and exchange agree; what they differ in after all. */
async function settled(exchange: Exchange, trader: Trader): Promise<string> {
  let standing = await exchange.standing()
  const until = standing.now + RECOVERY
  for (;;) {
    const differs = await difference(exchange, trader)
    standing = await exchange.standing()
    if (differs === '' || standing.now >= until) return differs
    await after(LOOK)
  }
}

/** Whether books and exchange agree, and every own position has its stop; else what does not. */
async function difference(exchange: Exchange, trader: Trader): Promise<string> {
  const status = await trader.status()
  const { positions } = await exchange.books()
  const told = (rows: readonly { readonly symbol: string; readonly side: string }[]): string =>
    rows
      .map(({ symbol, side }) => `${symbol} ${side}`)
      .sort()
      .join()
  const theirs = told([...status.positions, ...status.foreign])
  const bare = status.positions.filter(
    ({ symbol, side }) => positions.find(one => one.symbol === symbol && one.side === side)?.stop == null,
  )
  if (theirs !== told(positions)) return `bbw has ${theirs}, the exchange ${told(positions)}`
  if (bare.length > 0) return `no stop: ${told(bare)}`
  return [status.health.drift, status.health.recovering ? 'recovering' : ''].filter(one => one !== '').join()
}

test('where nothing goes wrong nothing is reconnected, and no position is ever without its stop', async () => {
  const { exchange, trader, began } = await opened('calm', [])
  const end = began + Math.min(1, HOURS) * HOUR
  let standing = await exchange.standing()
  // A busy machine may take longer for the second stream than the loop waits for it.
  for (; standing.sessions < STREAMS && standing.now < began + RECOVERY; standing = await exchange.standing())
    await after(LOOK)
  const { opened: first } = standing
  assert.is(first, STREAMS)
  for (; standing.now < end; standing = await exchange.standing()) {
    await trader.look()
    await after(LOOK)
  }
  await demandSound('calm', exchange, trader, standing, began)
  assert.is(standing.opened, first)
  assert.equal(
    [standing.bare.answered, standing.bare.disturbed].map(({ count }) => count),
    [0, 0],
  )
  assert.ok((trader.tally.kinds.get('entered') ?? 0) > 0)
  assert.is(await settled(exchange, trader), '')
  assert.is(await trader.stop(), 0)
  await exchange.server.stop()
})

test('a day on which everything goes wrong, and bbw is killed now and then, ends with the books of the exchange', async () => {
  const { exchange, trader, began } = await opened('storm', plan(HOURS))
  const end = began + HOURS * HOUR
  const kills = Math.max(2, Math.round(HOURS / 4))
  let killed = 0
  let resumed = 0
  let standing = await exchange.standing()
  let nextLook = standing.now
  const samples: Sample[] = []
  for (; standing.now < end; standing = await exchange.standing()) {
    await trader.look()
    const sample = sampleOf(exchange.server.pid)
    if (sample !== null) samples.push(sample)
    // In the second half one life lasts, whose memory is looked at.
    if (killed < kills && standing.now >= began + ((killed + 0.7) / kills) * 0.5 * HOURS * HOUR) {
      killed++
      await trader.killed()
    }
    if (standing.now >= nextLook) {
      nextLook = standing.now + 20 * MINUTE
      if ((await trader.status()).standing.halted !== null) {
        resumed++
        await trader.resume()
      }
    }
    await after(LOOK)
  }
  const { counts } = standing
  await exchange.setFaults([])
  await exchange.cause({ fault: 'clock-skew', ms: 0 })
  const differs = await settled(exchange, trader)
  standing = { ...(await exchange.standing()), counts }
  say(`killed ${killed} times, resumed after ${resumed} halts`)
  await demandSound('storm', exchange, trader, standing, began)
  assert.is(differs, '')
  const missing = [...new Set(plan(HOURS).map(({ fault }) => fault))].filter(
    fault => counts[fault] === undefined,
  )
  say(missing.length === 0 ? 'every fault of the plan has happened' : `never happened: ${missing.join(', ')}`)
  assert.ok((trader.tally.kinds.get('entered') ?? 0) > HOURS)
  demandFlat('bbw run, its last life', trader.samples, 24)
  demandFlat('sim serve', samples, 40)
  assert.is(await trader.stop(), 0)
  await exchange.server.stop()
})

test.run()
