/**
 * Several processes of bbw at one simulated Bybit over real sockets, on one state: what is asked of them is a list of
 * complaints that is empty for them and not for one with a planted bug.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SCRIPTED, scriptedMarket } from './commands/scripted-market.fixture.ts'
import { inDatabase, Processes, type Started } from './commands/started.fixture.ts'
import { Folder, records } from './commands/world.fixture.ts'
import { fails } from './faults-complaints.fixture.ts'

const test = suite('faults of several processes')
const processes = new Processes()
const folder = new Folder()
test.after(async () => {
  await processes.end()
  folder.remove()
})

/** On the morning that it begins, each of these wants an entry that rests. */
const CONFIG = join(folder.path, 'live.yaml')
const LIVE = ['mean-reversion', 'bollinger-grid-long', 'bollinger-grid-short']
writeFileSync(CONFIG, `strategies:\n${LIVE.map(id => `  ${id}: { live: true }\n`).join('')}`, { mode: 0o600 })
const MARKET = ['--market', scriptedMarket(folder), '--symbol', SCRIPTED, '--timerange', '20251031-']
const CREATE = '/v5/order/create'

interface Books {
  readonly positions: readonly unknown[]
  readonly links: readonly { readonly id: string; readonly symbol: string; readonly orders: number }[]
}
type Row = { readonly [field: string]: unknown }

/** A simulated Bybit, and processes of bbw that trade on it from one data folder. */
class Account {
  static #count = 0
  readonly data = join(folder.path, `data-${++Account.#count}`)
  readonly #url: string
  readonly #keys: { readonly BBW_API_KEY: string; readonly BBW_API_SECRET: string }

  private constructor(url: string, key: string, secret: string) {
    this.#url = url
    this.#keys = { BBW_API_KEY: key, BBW_API_SECRET: secret }
  }

  static async open(): Promise<Account> {
    const words = ['--protocol', 'bybit', '--dates', 'recorded', '--seed', '7', ...MARKET]
    const { url, env } = await processes.serve(words)
    return new Account(url, env.BBW_SIM_KEY, env.BBW_SIM_SECRET)
  }

  async #control<T>(path: string, event?: object): Promise<T> {
    const reply = await fetch(`${this.#url}/control${path}`, {
      method: event === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${this.#keys.BBW_API_SECRET}` },
      ...(event === undefined ? {} : { body: JSON.stringify(event) }),
    })
    const text = await reply.text()
    assert.is(reply.status, 200, text)
    return JSON.parse(text)
  }

  cause(event: object): Promise<unknown> {
    return this.#control('/cause', event)
  }

  books(): Promise<Books> {
    return this.#control('/books')
  }

  /** How often each path was asked for. */
  async requests(): Promise<{ readonly [path: string]: number }> {
    return (await this.#control<{ readonly requests: { readonly [path: string]: number } }>('')).requests
  }

  run(): Started {
    return this.#start(['run', '--exchange', 'demo', '--symbol', SCRIPTED])
  }

  /** What a scan finds on this exchange, scored. */
  async scored(name: string): Promise<readonly Row[]> {
    const data = ['--data-dir', join(folder.path, `scan-${name}`)]
    const where = ['--exchange', 'paper', '--url', this.#url, '--symbol', SCRIPTED, '--no-alerts']
    const scan = await processes.start(['scan', ...where, ...data, '-c', CONFIG, '--ndjson']).ended
    assert.is(scan.code, 0, scan.err)
    const found = folder.file(`${name}.ndjson`, scan.out)
    const score = await processes.start(['score', found, '--ndjson']).ended
    assert.is(score.code, 0, score.err)
    return records(score.out)
  }

  /** Signals are handed in as by `bbw trade --execute`. */
  trade(name: string, scored: readonly Row[]): Promise<{ readonly out: string; readonly err: string }> {
    const file = folder.file(`${name}.ndjson`, scored.map(row => `${JSON.stringify(row)}\n`).join(''))
    return this.#start(['trade', file, '--execute', '--exchange', 'demo']).ended
  }

  #start(words: readonly string[]): Started {
    const where = ['--url', this.#url, '--data-dir', this.data, '-c', CONFIG, '--ndjson']
    return processes.start([...words, ...where], { env: this.#keys })
  }
}

const codesOf = (out: string): readonly unknown[] => records(out).map(({ code }) => code)

/** Planted: what was acted on is not written down. */
function forgetful(data: string): void {
  inDatabase(join(data, 'state.db'), db => {
    db.exec("UPDATE kv SET value = json_set(value, '$.used', json('[]')) WHERE key = 'books'")
    db.exec('DELETE FROM intents')
  })
}

let runs = 0

/** A loop enters what it sees; a scan beside it, and one once it is dead, find the same and hand it in. */
async function sameSignals(planted: (data: string) => void): Promise<readonly string[]> {
  const account = await Account.open()
  const loop = account.run()
  await loop.says(/"kind":"entered"[\s\S]*"kind":"entered"/, 'out')
  const name = `scored-${++runs}`
  const scored = await account.scored(name)
  assert.is(scored.length, 2, 'both have found the same')
  const wrong: string[] = []
  const told = async (when: string, signals: readonly Row[]): Promise<void> => {
    const { out, err } = await account.trade(`${name}-${when}`, signals)
    const codes = codesOf(out)
    if (codes.length !== signals.length || codes.some(code => code !== 'I113'))
      wrong.push(`${when}: ${codes.join()} was told (${out} ${err})`)
  }
  await told('beside', scored)
  // Nothing of it is left, that would refuse another one: the signal alone does.
  await account.cause({ fault: 'human-cancel-all' })
  await loop.says(/W208[\s\S]*W208/, 'out')
  // Not as the very same request, whose outcome is known.
  await told('again', scored.slice(1))
  await loop.kill()
  planted(account.data)
  await told('alone', scored.slice(0, 1))
  const { links } = await account.books()
  for (const symbol of new Set(links.map(link => link.symbol))) {
    const count = links.filter(link => link.symbol === symbol).reduce((sum, { orders }) => sum + orders, 0)
    if (count !== 1) wrong.push(`${count} orders on ${symbol}`)
  }
  const sent = (await account.requests())[CREATE] ?? 0
  if (sent !== scored.length) wrong.push(`${sent} orders were sent`)
  return wrong
}

test('A13: of processes over the wire that see one signal, one sends one order, and one that does not write down what it has acted on is found out', async () => {
  assert.equal(await sameSignals(() => {}), [])
  fails(await sameSignals(forgetful), '3 orders were sent')
})

test('G9: over the wire a state of a later bbw is refused before anything is asked of the account', async () => {
  const account = await Account.open()
  const loop = account.run()
  await loop.says(/"kind":"entered"[\s\S]*"kind":"entered"/, 'out')
  // Decided on is not sent yet.
  while ((await account.books()).links.length < 2) assert.not(loop.isOver, loop.err)
  await loop.kill()
  inDatabase(join(account.data, 'state.db'), db => db.exec('PRAGMA user_version = 99'))
  const [before, asked] = [await account.books(), await account.requests()]
  assert.is(before.links.length, 2)
  const { code, out, err } = await account.run().ended
  assert.is(code, 1, err)
  assert.match(err, 'it is of a later bbw (schema 99')
  assert.is(out, '')
  assert.equal(await account.books(), before)
  const paths = ['/v5/order/create', '/v5/order/cancel', '/v5/order/realtime', '/v5/position/trading-stop']
  const now = await account.requests()
  for (const path of paths) assert.is(now[path], asked[path], path)
})

test.run()
