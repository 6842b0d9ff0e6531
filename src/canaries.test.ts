/**
 * Canary secrets through every way in which something goes wrong: requests, streams, the log, the databases, a crash.
 * Nothing that bbw says, writes or throws has any of them: not the key, not its secret, no signature.
 */

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ANSWERS,
  type AnswerKind,
  CANARY,
  dumpOf,
  Echo,
  filesBelow,
  hits,
  STREAMS,
} from './canaries.fixture.ts'
import { Processes } from './commands/started.fixture.ts'
import { Folder } from './commands/world.fixture.ts'
import { BybitAccount } from './core/adapters/bybit/account.ts'
import { BybitBroker } from './core/adapters/bybit/broker.ts'
import { BybitClient } from './core/adapters/bybit/client.ts'
import { nodeHttp } from './core/adapters/bybit/http.ts'
import { HostBudgets } from './core/adapters/bybit/limits.ts'
import { StreamConnection } from './core/adapters/bybit/stream-connection.ts'
import { instrument } from './core/adapters/sim/exchange.fixture.ts'
import { requestOf, StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND, type Ticks } from './core/base/units.ts'
import { hearing } from './faults-complaints.fixture.ts'
import { OTHER, type RigOptions, StreamRig, SYMBOL } from './faults-streams-rig.fixture.ts'

const test = suite('canary secrets')
const processes = new Processes()
const folder = new Folder()
test.after(async () => {
  await processes.end()
  folder.remove()
})

const SEED = 20261127

/** A client whose time passes as fast as it waits, and what it says. */
function clientOf(echo: Echo): {
  readonly client: BybitClient
  readonly said: string[]
  readonly close: () => void
} {
  const { http, close } = nodeHttp()
  const said: string[] = []
  let waited = 0
  const client = new BybitClient({
    url: echo.url,
    ports: {
      http,
      clock: {
        now: () => Date.now(),
        monotonic: () => performance.now() + waited,
        sleep: async ms => {
          waited += ms
        },
      },
      random: () => 0.5,
      budgets: new HostBudgets(),
      say: (code, words) => said.push(`${code} ${words}`),
    },
    credentials: CANARY,
    isDry: false,
  })
  return { client, said, close }
}

/** Asks everything that is asked of an account, and sends everything that is sent; resolves to all that came of it. */
async function everything(echo: Echo): Promise<string> {
  const { client, said, close } = clientOf(echo)
  const heard: unknown[] = []
  const broker = new BybitBroker({
    client,
    mode: 'hedge',
    began: 1,
    instrument: async () => instrument,
    named: () => null,
    doubtFilters: () => {},
    sleep: async () => {},
    hear: input => heard.push(input),
    stream: null,
  })
  const account = new BybitAccount(client)
  const order = requestOf({ symbol: 'XUSDT' })
  const results = await Promise.allSettled([
    broker.place(order),
    broker.amend('XUSDT', 'id', 1 as Ticks, order.steps),
    broker.cancel('XUSDT', 'id'),
    broker.setStop('r', 'XUSDT', 'long', 1 as Ticks),
    broker.setLeverage('r', 'XUSDT', 3, 'long'),
    broker.account(),
    broker.lookUp('XUSDT', 'id'),
    broker.executions(Date.now() - 1_000),
    account.key(),
    account.positionMode(),
    account.setPositionMode('hedge'),
  ])
  close()
  assert.ok(results.some(({ status }) => status === 'rejected'))
  return [...results.map(dumpOf), dumpOf(heard), ...said].join('\n')
}

test('no answer of the exchange, of whatever kind, brings a secret into an error or into words', async () => {
  const echo = await Echo.listen()
  try {
    for (const kind of ANSWERS) {
      echo.answers = () => kind
      const text = await everything(echo)
      assert.ok(text.length > 100)
      assert.equal(hits(text, echo.secrets), [], kind)
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...ANSWERS), { minLength: 1, maxLength: 30 }),
        async kinds => {
          echo.answers = nth => kinds[nth % kinds.length] as AnswerKind
          assert.equal(hits(await everything(echo), echo.secrets), [])
        },
      ),
      { seed: SEED, numRuns: 15 },
    )
  } finally {
    await echo.close()
  }
  assert.ok(echo.repeated > 500, `${echo.repeated} times`)
})

test('nothing that a stream says brings a secret into words', async () => {
  const echo = await Echo.listen()
  const told: unknown[] = []
  try {
    for (const kind of STREAMS) {
      echo.streams = kind
      let isOver = (): void => {}
      const over = new Promise<void>(resolve => {
        isOver = resolve
      })
      let events = 0
      const tell =
        (what: string, isLast = false) =>
        (...words: readonly unknown[]): void => {
          told.push([kind, what, ...words])
          if (isLast || ++events > 3) isOver()
        }
      const connection = new StreamConnection(
        {
          channel: 'private',
          url: echo.url.replace('http', 'ws'),
          environment: 'live',
          credentials: CANARY,
          offset: () => 0,
          monotonic: () => 0,
          random: () => 0,
        },
        {
          ready: tell('ready', kind === 'rows' || kind === 'garbage'),
          // What it is told is the exchange's own, and read elsewhere.
          message: () => {},
          lost: tell('lost'),
          refused: tell('refused', true),
          denied: tell('denied', true),
        },
      )
      connection.subscribe(['order', 'execution'])
      await over
      connection.close()
    }
  } finally {
    await echo.close()
  }
  assert.ok(
    told.some(one => String(one).includes('denied')) && told.some(one => String(one).includes('refused')),
  )
  assert.equal(hits(dumpOf(told), echo.secrets), [])
})

/** A process that meets the echo ends in its own time, or is ended; resolves to all that it has said. */
async function said(
  words: readonly string[],
  env: { readonly [name: string]: string },
  ms = 6_000,
): Promise<string> {
  const one = processes.start(words, { env })
  const late = new Promise<void>(resolve => setTimeout(resolve, ms).unref())
  await Promise.race([one.ended, late])
  const { out, err } = one.isOver ? await one.ended : await one.stop('SIGTERM')
  return `${out}\n${err}`
}

const KEYS = { BBW_API_KEY: CANARY.key, BBW_API_SECRET: CANARY.secret }

test('what a process says, logs and stores has no secret, whatever it is answered, and none when it crashes', async () => {
  const echo = await Echo.listen()
  const kinds: readonly AnswerKind[] = ['rejected-key', 'html', 'wrong-shape']
  const log = join(folder.path, 'bbw.log')
  const config = folder.file('loud.yaml', `operations: { log: { level: debug, file: ${log} } }\n`)
  const keyFile = folder.file('keys.json', JSON.stringify(CANARY))
  chmodSync(keyFile, 0o600)
  const filed = folder.file(
    'filed.yaml',
    `account: { keyFile: ${keyFile} }\noperations: { log: { level: debug, file: ${log} } }\n`,
  )
  const crash = folder.file(
    'crash.cjs',
    `setTimeout(() => {
      const { BBW_API_KEY: key, BBW_API_SECRET: secret } = process.env
      const error = new Error('request failed: ' + key + ' ' + secret, { cause: { headers: { 'X-BAPI-API-KEY': key } } })
      Promise.reject(Object.assign(error, { config: { secret } }))
    }, 300)`,
  )
  const data = join(folder.path, 'data')
  const common = ['--url', echo.url, '--data-dir', data]
  try {
    const texts: string[] = []
    for (const kind of kinds) {
      echo.answers = () => kind
      const run = ['run', '--exchange', 'demo', ...common, '--verbose', '--ndjson']
      texts.push(
        ...(await Promise.all([
          said([...run, '-c', config], KEYS),
          said(['doctor', '--exchange', 'demo', ...common, '-c', filed, '--verbose'], {}),
        ])),
      )
    }
    texts.push(await said(['run', '--exchange', 'demo', ...common, '--verbose', '-c', filed], {}))
    const crashing = { ...KEYS, NODE_OPTIONS: `--require ${crash}` }
    const crashed = await said(
      ['run', '--exchange', 'sim', '--market', 'fixtures', '--data-dir', data, '--verbose', '--speed', '60'],
      crashing,
    )
    assert.match(crashed, /E708 unexpected fault: request failed/)
    texts.push(crashed, await said(['status', '--data-dir', data, '--verbose'], KEYS))
    assert.ok(
      texts.every(text => text.length > 20),
      'each has something to say',
    )
    assert.ok(echo.repeated > 10)
    for (const text of texts) assert.equal(hits(text, echo.secrets), [], text)
    const files = filesBelow(folder.path).filter(({ path }) => path !== keyFile)
    assert.ok(files.some(({ path }) => path.endsWith('state.db')) || files.length > 3)
    for (const { path, text } of files) assert.equal(hits(text, echo.secrets), [], path)
  } finally {
    await echo.close()
  }
})

/** Planted between a trader and its exchange: every third answer is a refusal that repeats the question's headers. */
function repeating(secrets: Set<string>, state: { isOn: boolean; repeated: number }): RigOptions['http'] {
  let asked = 0
  return http => async request => {
    for (const [name, value] of Object.entries(request.headers))
      if (name === 'X-BAPI-SIGN') secrets.add(value)
    // Entries are to come about, so that something is told of them.
    const isEntry = /create|leverage/.test(request.url) || request.url.includes('symbol=')
    if (!state.isOn || isEntry || request.url.includes('/v5/market') || ++asked % 3 !== 0)
      return http(request)
    state.repeated++
    const retMsg = `error sign! origin_string[1${CANARY.key}5000] ${JSON.stringify(request.headers)} ${CANARY.secret}`
    const body = JSON.stringify({ retCode: 110_007, retMsg, result: {}, retExtInfo: {}, time: 1 })
    return { status: 200, headers: {}, body }
  }
}

/** Planted: the stream tells of a rejection whose reason repeats the key, and of things that nobody can read. */
function gossiping(state: { isOn: boolean; repeated: number }): RigOptions['listener'] {
  return hearing(listener => ({
    message: message => {
      listener.message(message)
      const { topic, data } = message as { readonly topic?: string; readonly data?: readonly object[] }
      if (!state.isOn || topic !== 'order' || data === undefined) return
      state.repeated++
      const words = `${CANARY.key} ${CANARY.secret}`
      listener.message({ topic, creationTime: words, data: words })
      const rows = data.map(row => ({
        ...row,
        orderStatus: 'Rejected',
        rejectReason: words,
        cancelType: words,
      }))
      listener.message({ ...(message as object), data: rows })
    },
  }))
}

test('what a trader keeps in its state, tells and journals has no secret, whatever its exchange repeats', async () => {
  const store = new StoreFolder()
  const secrets = new Set<string>(Object.values(CANARY))
  const state = { isOn: false, repeated: 0 }
  const rig = await StreamRig.open(store.fresh(), {
    credentials: CANARY,
    http: repeating(secrets, state),
    listener: gossiping(state),
  })
  try {
    state.isOn = true
    for (const symbol of [SYMBOL, OTHER, SYMBOL]) {
      await rig.propose(symbol)
      await rig.run(MINUTE, SECOND)
    }
    assert.ok(state.repeated > 5 && rig.events.length > 5, `${state.repeated} times`)
    assert.ok(secrets.size > 10, 'signatures were made')
    const orders = rig.heard.filter(input => input.type === 'order')
    assert.ok(
      orders.some(({ status }) => status === 'rejected') && rig.count('E106') > 0,
      'the stream has gossiped',
    )
    const told = dumpOf([rig.events, rig.trades, rig.said, rig.heard, rig.engine.save(), rig.engine.books()])
    assert.equal(hits(told, secrets), [])
    for (const { path, text } of filesBelow(store.path)) assert.equal(hits(text, secrets), [], path)
    assert.ok(filesBelow(store.path).some(({ path }) => path.endsWith('state.db')))
  } finally {
    await rig.close()
    store.remove()
  }
})

test('a leak that is planted is found, in a dump, in a file and in the words of a crash', async () => {
  const { key, secret } = CANARY
  const signature = 'a'.repeat(64)
  assert.is(hits(`GET /v5?key=${key}`, [key, secret]).length, 1)
  assert.is(hits(dumpOf(new Error('x', { cause: { headers: { sign: signature } } })), [signature]).length, 1)
  assert.is(hits(dumpOf({ a: { b: { c: { d: { e: { f: secret } } } } } }), [secret]).length, 1)
  assert.is(hits(`"${Buffer.from(secret).toString('base64')}"`, [secret]).length, 1)
  const path = join(folder.path, 'planted')
  writeFileSync(path, `\u0000${secret}\u0001`)
  assert.ok(
    filesBelow(folder.path).some(file => file.path === path && hits(file.text, [secret]).length === 1),
  )
  // Where the words of a crash go round the one way out they are found.
  const leaky = folder.file('leaky.cjs', `process.stderr.write('dump ' + process.env.BBW_API_SECRET)`)
  const text = await said(['explain', 'E101'], { ...KEYS, NODE_OPTIONS: `--require ${leaky}` })
  assert.is(hits(text, [secret]).length, 1)
})

test.run()
