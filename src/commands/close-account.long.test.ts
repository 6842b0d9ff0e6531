import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Processes, type Started } from './started.fixture.ts'
import { Folder, records } from './world.fixture.ts'

const test = suite('closing on an account')
const processes = new Processes()
const folder = new Folder()
test.after(async () => {
  await processes.end()
  folder.remove()
})

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']

/** A simulated Bybit with positions that somebody has opened in the app, each under a stop. */
class Account {
  readonly url: string
  readonly #keys: { readonly BBW_API_KEY: string; readonly BBW_API_SECRET: string }
  readonly data = join(folder.path, 'demo')

  private constructor(url: string, key: string, secret: string) {
    this.url = url
    this.#keys = { BBW_API_KEY: key, BBW_API_SECRET: secret }
  }

  static async open(): Promise<Account> {
    const words = ['--protocol', 'bybit', '--symbol', SYMBOLS.join(','), '--market', 'fixtures']
    const { url, env } = await processes.serve([...words, '--data-dir', join(folder.path, 'sim')])
    return new Account(url, env.BBW_SIM_KEY, env.BBW_SIM_SECRET)
  }

  async cause(event: object): Promise<void> {
    const reply = await fetch(`${this.url}/control/cause`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#keys.BBW_API_SECRET}` },
      body: JSON.stringify(event),
    })
    assert.is(reply.status, 200, await reply.text())
  }

  /** A position of 20 steps under a stop far away. */
  async holds(symbol: string): Promise<void> {
    await this.cause({ fault: 'human-open', symbol, side: 'Buy', steps: 20 })
    await this.cause({ fault: 'human-stop', symbol, ticks: await this.#stopOf(symbol) })
  }

  async #stopOf(symbol: string): Promise<number> {
    const [ticker] = await this.#list(`/v5/market/tickers?category=linear&symbol=${symbol}`)
    const [listed] = await this.#list(`/v5/market/instruments-info?category=linear&symbol=${symbol}`)
    const { tickSize } = listed.priceFilter as unknown as { readonly tickSize: string }
    return Math.round((0.95 * Number(ticker.lastPrice)) / Number(tickSize))
  }

  async #list(path: string): Promise<readonly { readonly [name: string]: string }[]> {
    const reply = (await (await fetch(`${this.url}${path}`)).json()) as {
      readonly result: { readonly list: readonly { readonly [name: string]: string }[] }
    }
    return reply.result.list
  }

  run(): Started {
    return this.#start(['run', '--symbol', SYMBOLS.join(','), '--ndjson'])
  }

  trade(...words: readonly string[]): Started {
    return this.#start(['trade', ...words, '--execute', '--ndjson'])
  }

  #start(words: readonly string[]): Started {
    const where = ['--exchange', 'demo', '--url', this.url, '--data-dir', this.data]
    return processes.start([...words, ...where], { env: this.#keys })
  }

  /** What closes a position of its own, or one that a person holds, without being asked about the state. */
  async flat(): Promise<string> {
    const { out, code } = await this.trade('flatten', '--without-state', '--all').ended
    return code === 0 ? out : `${code} ${out}`
  }
}

function kinds(out: string): readonly unknown[] {
  return records(out).map(({ kind, symbol }) => `${kind} ${symbol}`)
}

test('on a demo account a position is closed beside a loop, without one, and with a damaged state', async () => {
  const account = await Account.open()
  for (const symbol of SYMBOLS) await account.holds(symbol)
  const loop = account.run()
  await loop.says(/"kind":"recovered"/, 'out')
  for (const symbol of SYMBOLS) {
    const adopted = await account.trade('adopt', symbol, '--side', 'long').ended
    assert.is(adopted.code, 0, adopted.out + adopted.err)
  }

  const beside = await account.trade('close', 'BTCUSDT').ended
  assert.is(beside.code, 0, beside.out + beside.err)
  await loop.says(/"kind":"exited"[^\n]*"symbol":"BTCUSDT"/, 'out')

  await loop.kill()
  const alone = await account.trade('close', 'ETHUSDT').ended
  assert.is(alone.code, 0, alone.out + alone.err)
  assert.ok(kinds(alone.out).includes('exited ETHUSDT'), alone.out)

  writeFileSync(join(account.data, 'state.db'), 'this is no database any more')
  const damaged = await account.trade('flatten').ended
  assert.is.not(damaged.code, 0, 'the state is not used while it is damaged')
  assert.match(damaged.err, /--without-state/)
  const straight = await account.trade('flatten', '--without-state', '--all').ended
  assert.is(straight.code, 0, straight.out + straight.err)
  assert.ok(straight.out.includes('SOLUSDT'), straight.out)
  assert.match(await account.flat(), /^(?!.*SOLUSDT)/)
})

test.run()
