import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openStatus } from '../core/adapters/sqlite/status-reader.ts'
import { STATE_FILE } from './desk.ts'
import { type Ended, ExchangeProcess, ending, startRun, writeLively } from './exchange-process.fixture.ts'
import { reportsOf, startPlanned } from './kill-sweep.fixture.ts'
import { Folder } from './world.fixture.ts'

const test = suite('run under signals')
const folder = new Folder()
const LIVELY = writeLively(folder.path, 3, 4, 12)
/** A supervisor waits about so long before it kills. */
const PATIENCE_MS = 8_000
/** A request in the middle of a cycle, with positions held. */
const A_REQUEST = 80
const exchanges: ExchangeProcess[] = []

test.after(async () => {
  for (const exchange of exchanges) await exchange.stop('SIGKILL')
  folder.remove()
})

async function exchangeOf(name: string): Promise<{ exchange: ExchangeProcess; trader: string }> {
  const exchange = new ExchangeProcess(join(folder.path, `${name}-exchange`), LIVELY)
  exchanges.push(exchange)
  const trader = join(folder.path, name)
  mkdirSync(trader)
  await exchange.start()
  return { exchange, trader }
}

/** Ends a trader that is about to send something; how it ended, and after how many milliseconds. */
async function endedMidway(
  exchange: ExchangeProcess,
  trader: string,
  signal: 'SIGTERM' | 'SIGINT',
): Promise<Ended & { readonly ms: number }> {
  const plan = { phase: null, nth: 1, isEarly: false, lagMs: 0, waitAt: A_REQUEST, build: 'ahead' } as const
  const child = startPlanned([...exchange.runWords(trader), '--speed', 'max', '--ndjson'], exchange.env, plan)
  const end = ending(child)
  let begun = Number.NaN
  for await (const report of reportsOf(child)) {
    if (report.is === 'sending') {
      begun = performance.now()
      child.kill(signal)
    }
    child.stdin?.write('\n')
  }
  return { ...(await end), ms: performance.now() - begun }
}

/** Resolves when a process has said a word on standard error. */
function said(child: ChildProcess, word: string): Promise<void> {
  let text = ''
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (more: string) => {
      text += more
      if (text.includes(word)) resolve()
    })
    child.on('close', () => reject(new Error(`it has ended without ${word}: ${text}`)))
  })
}

for (const [signal, code] of [
  ['SIGTERM', 0],
  ['SIGINT', 130],
] as const) {
  test(`${signal} in the middle of a cycle ends it soon with ${code}, and the stops stay`, async () => {
    const { exchange, trader } = await exchangeOf(signal)
    const end = await endedMidway(exchange, trader, signal)
    assert.equal([end.code, end.signal], [code, null], end.err)
    assert.ok(end.ms < PATIENCE_MS, `${end.ms} ms`)
    const { positions } = await exchange.use(one => one.account())
    assert.ok(positions.length > 0)
    assert.ok(positions.every(({ stop }) => stop !== null))
    assert.match(end.err, `with ${positions.length} open positions, each with its stop`)
  })
}

test('after a SIGKILL the next start recovers, and five starts without a clean end halt entries', async () => {
  const { exchange, trader } = await exchangeOf('killed')
  let last = ''
  for (let start = 1; start <= 5; start++) {
    const child = startRun(exchange, trader, '--speed', '432000')
    const end = ending(child)
    // The first start has nothing to recover: it is killed once it has traded.
    await (start === 1
      ? new Promise<void>(resolve => {
          let out = ''
          child.stdout?.on('data', (more: string) => {
            out += more
            if (out.includes('FILLED')) resolve()
          })
        })
      : said(child, 'I705'))
    child.kill('SIGKILL')
    last = (await end).err
    assert.is(last.includes('C706'), start === 5, last)
  }
  const status = openStatus(join(trader, STATE_FILE))
  const halted = status?.status(0, 0).ledger?.standing.halted
  status?.close()
  assert.match(halted?.reason ?? '', 'five starts within ten minutes')
  const { positions } = await exchange.use(one => one.account())
  assert.ok(positions.length > 0)
  assert.ok(positions.every(({ stop }) => stop !== null))
})

test.run()
