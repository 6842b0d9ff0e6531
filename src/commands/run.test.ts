import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ending } from './exchange-process.fixture.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('run')
const ROOT = join(import.meta.dirname, '..', '..')
const MINUTE = 60_000
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder)]
const MAX = [...MARKET, '--speed', 'max']
const SHORT = [...MAX, '--timerange', '20240701-20240815']

test.after(() => folder.remove())

function run(words: readonly string[], setting: Parameters<typeof bbw>[1] = {}): Promise<Outcome> {
  return bbw(['run', '--no-state', ...words], { cwd: folder.path, ...setting })
}

/** `bbw run` as a process of its own. */
function start(...words: readonly string[]): ChildProcess {
  return spawn('bin/bbw', ['run', '--no-state', '--market', 'fixtures', ...words], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BBW_DATA_DIR: folder.path },
  })
}

/** Standard error without the log. */
function words(err: string): string {
  return err
    .split('\n')
    .filter(line => !line.startsWith('{'))
    .join('\n')
}

test('every entry, fill, target, stop move, exit, trade and refusal is a line with its time', async () => {
  const { code, out, err } = await run(SHORT)
  assert.is(code, 0)
  assert.is(words(err), `${MARKET[1]}: 12 symbols from 2024-07-01 00:00 UTC, at full speed\n`)
  const lines = out.slice(0, out.indexOf('\n\n')).split('\n')
  for (const kind of ['ENTERED', 'FILLED', 'TARGETS', 'STOP-MOVED', 'EXITED', 'TRADE', 'REFUSED', 'DIGEST']) {
    const line = lines.find(text => text.slice(18).startsWith(kind.padEnd(10)))
    assert.ok(line !== undefined, kind)
    assert.match(line, /^2024-0[78]-\d\d \d\d:\d\d {2}/)
  }
  const entered = lines.find(text => text.includes('ENTERED')) ?? ''
  assert.match(
    entered,
    /[A-Z0-9]+USDT (?:long|short) [a-z-]+ {2}score [\d.]+ qty [\d.]+ price [\d.]+ stop [\d.]+/,
  )
  assert.not.match(out, /NaN|Infinity|undefined|null/)
  assert.match(out, /\n\nmarket +\S+, 12 symbols/)
})

test('records are what the lines say, and the last is the summary', async () => {
  const lines = (await run(SHORT)).out
  const all = records((await run([...SHORT, '--ndjson'])).out)
  assert.ok(
    all.every(record => record.v === 1 && typeof record.id === 'string' && typeof record.ts === 'number'),
  )
  const types = new Set(all.map(record => record.type))
  assert.equal([...types].sort(), ['event', 'summary', 'trade'])
  assert.is(all[all.length - 1].type, 'summary')
  assert.is(lines.split('\n').indexOf(''), all.length - 1, 'a line for each record but the summary')
  const events = all.filter(record => record.type === 'event')
  assert.ok(events.every(record => record.dry === false))
  const times = events.map(record => Number(record.ts))
  assert.equal(
    times,
    times.toSorted((a, b) => a - b),
  )
})

test('the loop trades within a minute of the first daily close', async () => {
  const [first] = records((await run([...SHORT, '--json', '--until', '2024-07-02'])).out).filter(
    record => record.kind === 'entered',
  )
  const since = Number(first.ts) - Date.UTC(2024, 6, 1)
  assert.ok(since >= 0 && since % (24 * 60 * MINUTE) < MINUTE, `${since} ms`)
})

test('it ends at the time asked for, with all that came before', async () => {
  const whole = records((await run([...SHORT, '--ndjson'])).out)
  const until = Date.UTC(2024, 6, 20, 12)
  const part = records((await run([...SHORT, '--ndjson', '--until', '2024-07-20T12:00Z'])).out)
  const before = whole.filter(record => record.type !== 'summary' && Number(record.ts) <= until)
  assert.equal(part.slice(0, -1), before)
  assert.ok(Number(part[part.length - 1].to) <= until)
})

test('an export has the trades and the summary that are printed', async () => {
  const { out } = await run([...SHORT, '--ndjson', '--export', 'run.ndjson'])
  const printed = records(out).filter(record => record.type !== 'event')
  assert.equal(records(readFileSync(join(folder.path, 'run.ndjson'), 'utf8')), printed)
})

test('what is held when a run is over counts as open in its summary, at its last price', async () => {
  const { out } = await run([...MAX, '--until', '2024-08-05', '--ndjson'])
  const { open, finalWallet, finalEquity } = (records(out).at(-1) ?? {}) as {
    readonly open: { readonly trades: number; readonly net: number }
    readonly finalWallet: number
    readonly finalEquity: number
  }
  assert.not.equal(finalWallet, finalEquity, 'something is held')
  assert.ok(open.trades > 0)
  // What it has cost so far is in the wallet already.
  assert.ok(Math.abs(open.net - (finalEquity - finalWallet)) < 1, `${open.net}`)
})

test('market time passes at the speed asked for', async () => {
  // 45 days from the beginning to the end of the range, a little less to its last event.
  for (const [speed, seconds] of [
    [undefined, 45],
    ['3600', 45 * 24],
    ['0.001', 45 * 86_400_000],
  ] as const) {
    const words = SHORT.filter(word => word !== '--speed' && word !== 'max')
    let slept = 0
    let longest = 0
    const paced = await run(speed === undefined ? words : [...words, '--speed', speed], {
      onSleep: now => {
        longest = Math.max(longest, now - slept)
        slept = now
      },
    })
    assert.is(paced.out, (await run(SHORT)).out)
    assert.ok(Math.abs(slept / 1000 - seconds) < 1e-6 * seconds, `${slept} ms at ${speed}`)
    assert.ok(longest < 2 ** 31, `a timer of ${longest} ms fires at once`)
  }
})

test('a speed or an end that cannot be is refused', async () => {
  for (const speed of ['0', '-1', 'NaN', 'Infinity', '1e400', 'fast', '']) {
    const { code, out, err } = await run([...MARKET, '--speed', speed])
    assert.equal([code, out], [2, ''], speed)
    assert.match(err, 'is neither a number above 0 nor max')
  }
  for (const until of ['tomorrow', '2024-02-30', '1e400', '99999999999999999', '1960-01-01', '-1']) {
    const { code, err } = await run([...MAX, `--until=${until}`])
    assert.is(code, 2, until)
    assert.match(err, `--until ${until} is not a time`)
  }
  const early = await run([...SHORT, '--until', '2024-07-01'])
  assert.is(early.code, 2)
  assert.match(early.err, 'is not after the beginning, 2024-07-01 00:00 UTC')
})

test('candles that no decision can be made of end with an empty summary', async () => {
  const header = 'start,open,high,low,close,volume,turnover\n'
  for (const stdin of [header, `${header}1701475200000,38000,38488.6,37947.1,38379.7,6984,266574327\n`]) {
    const { code, out, err } = await run(['--csv', '-', '--symbol', 'BTCUSDT', '--speed', 'max'], { stdin })
    assert.is(code, 0, err)
    assert.match(out, /trades +0 closed/)
    assert.not.match(out, /NaN|Infinity|undefined|null/)
  }
})

test('the user can end it at any speed, and the summary is printed all the same', async () => {
  for (const speed of ['max', '86400']) {
    for (const [reason, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 0],
    ] as const) {
      const stop = new AbortController()
      let sleeps = 0
      const words = [...MARKET, '--speed', speed, '--export', 'stopped.ndjson', '--ndjson']
      const stopped = await run(words, {
        signal: stop.signal,
        onSleep: () => {
          sleeps++
          if (sleeps === 5) stop.abort(reason)
        },
      })
      assert.is(stopped.code, code)
      assert.match(stopped.err, /stopped at 202[45]-\d\d-\d\d \d\d:\d\d UTC with \d+ open positions/)
      const all = records(stopped.out)
      assert.is(all[all.length - 1].type, 'summary')
      const kept = records(readFileSync(join(folder.path, 'stopped.ndjson'), 'utf8'))
      assert.equal(
        kept,
        all.filter(record => record.type !== 'event'),
      )
    }
  }
})

test('a process is ended by its signals with the summary', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    const child = start('--symbol', 'BTCUSDT', '--speed', '86400', '--ndjson')
    const end = ending(child)
    if (child.stdout !== null) await once(child.stdout, 'data')
    child.kill(signal)
    const stopped = await end
    assert.is(stopped.code, code, stopped.err)
    assert.match(stopped.err, 'stopped at 2024-06-')
    const all = records(stopped.out)
    assert.is(all[all.length - 1].type, 'summary')
  }
})

test('a reader that has gone ends it quietly', async () => {
  const child = start('--speed', 'max', '--ndjson')
  const end = ending(child)
  child.stdout?.once('data', () => child.stdout?.destroy())
  const { code, err } = await end
  assert.is(code, 0)
  assert.is(words(err), 'fixtures: 12 symbols from 2024-06-19 00:00 UTC, at full speed\n')
})

test.run()
