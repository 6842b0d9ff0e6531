import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('trade')
const folder = new Folder()
const MARKET = ['--market', dailyFixtures(folder)]
const SOME = [...MARKET, '--symbol', 'AAVEUSDT,ADAUSDT,BTCUSDT,ETHUSDT,INJUSDT']
const DAY = '2024-07-26'
const AT = Date.UTC(2024, 6, 26)

test.after(() => folder.remove())

/** The scored records of a day. */
async function scoredOn(day: string): Promise<string> {
  const { out } = await bbw(['scan', ...SOME, '--at', day, '--no-alerts'])
  return (await bbw(['score'], { stdin: out })).out
}

const SCORED = await scoredOn(DAY)
const LINES = SCORED.trimEnd().split('\n')

function trade(stdin: string, ...words: readonly string[]): Promise<Outcome> {
  return bbw(['trade', ...SOME, '--at', DAY, ...words], { stdin, cwd: folder.path })
}

function lineOf(symbol: string, strategy: string): string {
  return LINES.find(line => line.includes(`"id":"${strategy}:${symbol}:`)) ?? ''
}

/** The one event about one scored record. */
async function eventOf(
  line: string,
  ...words: readonly string[]
): Promise<{ readonly [field: string]: unknown }> {
  const { out, err } = await trade(line, ...words)
  const events = records(out)
  assert.is(events.length, 1, err)
  return events[0]
}

test('every scored signal gets an event, entered or refused, marked as dry', async () => {
  const { code, out, err } = await trade(SCORED)
  assert.equal([code, err], [0, ''])
  const events = records(out)
  assert.equal(
    events.map(event => event.signalId).sort(),
    records(SCORED)
      .map(record => record.id)
      .sort(),
  )
  for (const event of events) {
    assert.equal([event.v, event.type, event.ts, event.dry], [1, 'event', AT, true])
    assert.ok(event.kind === 'entered' || event.kind === 'refused')
    assert.is(typeof event.clientOrderId, event.kind === 'entered' ? 'string' : 'object')
    assert.ok(String(event.reason).length > 5)
  }
  assert.is((await trade(LINES.toReversed().join('\n'))).out, out, 'the order of the lines changes nothing')
})

test('a terminal gets a line for each event', async () => {
  const words = ['trade', ...SOME, '--at', DAY]
  const { out } = await bbw(words, { stdin: SCORED, terminals: ['stdout'] })
  const lines = out.trimEnd().split('\n')
  assert.is(lines.length, LINES.length)
  for (const line of lines) assert.match(line, /^2024-07-26 00:00 {2}(?:ENTERED|REFUSED) .* \(dry\)$/)
  const { out: piped } = await bbw([...words, '--json'], { stdin: SCORED, terminals: ['stdout'] })
  assert.is(piped, (await trade(SCORED)).out)
})

test('the same signal twice trades once', async () => {
  const line = lineOf('BTCUSDT', 'bollinger-grid-long')
  const { code, out } = await trade(`${line}\n${line}\n`)
  const events = records(out)
  assert.is(code, 0)
  assert.equal(
    events.map(event => event.kind),
    ['entered', 'refused'],
  )
  assert.is(events[1].reason, 'once: this signal has been acted on')
  // The order's id comes from the signal: the same whenever and wherever it is piped in.
  assert.is((await eventOf(line)).clientOrderId, events[0].clientOrderId)
})

test('a signal that is not of the newest candle is refused, be it old or of the future', async () => {
  for (const day of ['2024-07-25', '2024-07-27', '2024-06-26']) {
    const other = await scoredOn(day)
    assert.ok(other !== '', day)
    const { code, out } = await trade(other)
    assert.is(code, 6, day)
    for (const event of records(out)) {
      assert.is(event.kind, 'refused')
      const gate = (event.figures as { readonly gate?: unknown }).gate
      // The score may fail first; what passes it is not fresh.
      assert.ok(gate === 'fresh-signal' || gate === 'score-threshold' || gate === 'universe', String(gate))
    }
    assert.match(out, 'fresh-signal')
  }
})

test('signals that are newer than the market are refused, and the moment that they need is said', async () => {
  const { code, err } = await trade(SCORED, '--at', '2024-07-25')
  assert.is(code, 6)
  assert.match(err, 'the signals are of 2024-07-26 00:00 UTC, and the market stands at 2024-07-25 00:00 UTC')
  assert.match(err, '--at 2024-07-26T00:00:00Z judges them as of then')
  const { code: judged } = await trade(SCORED, '--at', '2024-07-26T00:00:00Z')
  assert.is(judged, 0)
})

test('signals of after the last daily close, as those of the real market are, are judged as of then, up to the present', async () => {
  const close = Date.UTC(2025, 10, 1)
  const then = close + 8 * 3_600_000 + 500
  const { out: signals } = await bbw(['scan', ...MARKET, '--no-alerts'])
  const { out: scored } = await bbw(['score'], { stdin: signals })
  const later = records(scored).map(one => JSON.stringify({ ...one, lastAt: then }))
  assert.ok(later.length > 1)
  const of = (wall: number, ...lines: readonly string[]): Promise<Outcome> =>
    bbw(['trade', ...MARKET], { stdin: lines.join('\n'), cwd: folder.path, wall })
  const now = await of(then + 5_000, ...later)
  assert.is(now.code, 0, now.err)
  assert.ok(records(now.out).every(({ ts }) => ts === then))
  assert.ok(records(now.out).some(({ kind }) => kind === 'entered'))
  assert.match(
    now.err,
    'the signals are of 2025-11-01 08:00 UTC, and the market stands at 2025-11-01 00:00 UTC',
  )
  assert.match(now.err, 'they are judged as of then')
  // An old price beside new ones is an old one.
  const isEntered = (id: unknown): boolean =>
    records(now.out).some(({ kind, signalId }) => kind === 'entered' && signalId === id)
  const mixed = records(scored).map(one => ({ ...one, lastAt: isEntered(one.id) ? close : then }))
  const old = await of(then + 5_000, ...mixed.map(one => JSON.stringify(one)))
  assert.match(old.out, 'price 28801 s old')
  // What is dated ahead of the present is of no market that there is.
  const ahead = await of(then - 3_600_000, ...later)
  assert.is(ahead.code, 6)
  assert.match(ahead.err, '--at 2025-11-01T08:00:01Z judges them as of then')
  assert.match(ahead.out, 'price dated')
})

test('the market is looked at once the signals are there: a scan upstream may have brought its candles in', async () => {
  const late = new Folder()
  async function* upstream(): AsyncGenerator<Uint8Array> {
    dailyFixtures(late)
    yield Buffer.from(SCORED)
  }
  const words = ['trade', '--market', join(late.path, 'daily'), ...SOME.slice(2), '--at', DAY]
  const { code, out, err } = await bbw(words, { stdin: upstream() })
  late.remove()
  assert.equal([code, err], [0, ''])
  assert.is(out, (await trade(SCORED)).out)
})

test('an id that is not that of the content is refused', async () => {
  const record = JSON.parse(LINES[0])
  for (const change of [
    { id: record.id.replace('mean', 'lean') },
    { symbol: 'BTCUSDT' },
    { side: record.side === 'long' ? 'short' : 'long' },
    { candleStart: record.candleStart + 86_400_000 },
    { strategy: 'bollinger-grid-long' },
  ]) {
    const { code, out, err } = await trade(JSON.stringify({ ...record, ...change }))
    assert.equal([code, out], [2, ''], JSON.stringify(change))
    assert.match(err, /^standard input, line 1, (?:id|candleEnd|timeframe): /)
  }
})

test('whatever is written into a scored record, it is judged or refused, and never a fault', async () => {
  const values = [null, true, '', 'x', -1, 0, 1e300, -1e300, 2 ** 53, [], {}, '1e400']
  const record = JSON.parse(lineOf('BTCUSDT', 'bollinger-grid-long'))
  const lines = [
    ...Object.keys(record).flatMap(name => values.map(value => ({ ...record, [name]: value }))),
    ...Object.keys(record.instrument).flatMap(name =>
      values.map(value => ({ ...record, instrument: { ...record.instrument, [name]: value } })),
    ),
    ...['1', '99999999', '0.1'].map(stop => ({ ...record, stop })),
    ...['0.1', '99999999'].map(price => ({ ...record, order: { type: 'limit', price } })),
    { ...record, order: { type: 'market' } },
  ].map(one => JSON.stringify(one))
  const { code, out, err } = await trade(lines.join('\n'))
  assert.is(code, 2)
  assert.not.match(err, 'fault')
  const named = err.split('\n').filter(words => words.startsWith('standard input, line ')).length
  assert.is(records(out).length + named, lines.length)
  assert.not.match(out, /NaN|Infinity/)
})

test('the exit code is 0 where something is entered, 6 where all is refused, 2 with a bad line', async () => {
  const entered = lineOf('BTCUSDT', 'bollinger-grid-long')
  const refused = lineOf('INJUSDT', 'mean-reversion')
  assert.is((await trade(entered)).code, 0)
  assert.is((await trade(refused)).code, 6)
  assert.is((await trade(`${refused}\n${entered}`)).code, 0)
  const { code, out } = await trade(`${entered}\nnonsense\n`)
  assert.equal([code, records(out).length], [2, 1])
  for (const stdin of ['', '\n\n']) {
    const empty = await trade(stdin)
    assert.equal([empty.code, empty.out, empty.err], [0, '', ''])
  }
})

test('a signal whose score has not been given is refused as bad', async () => {
  const { out } = await bbw(['scan', ...SOME, '--at', DAY])
  const { code, err } = await trade(out)
  assert.is(code, 2)
  assert.match(err, /line 1, type: type has to be one of scored/)
})

test('a signal of a symbol that the market has not is refused', async () => {
  const line = lineOf('ETHUSDT', 'mean-reversion')
  const { code, out } = await bbw(['trade', ...MARKET, '--symbol', 'BTCUSDT', '--at', DAY], {
    stdin: line,
  })
  assert.is(code, 6)
  assert.is(records(out)[0].kind, 'refused')
})

test('what is held counts: its slot, its side, its margin and the wallet', async () => {
  const held = (positions: readonly object[], wallet = 1000): string[] => [
    '--portfolio',
    folder.file('held.json', JSON.stringify({ wallet, positions })),
  ]
  const line = lineOf('BTCUSDT', 'bollinger-grid-long')
  const eth = {
    symbol: 'ETHUSDT',
    side: 'long',
    strategy: 'mean-reversion',
    qty: '0.1',
    entry: 1000,
    stop: '950',
  }
  const btc = { ...eth, symbol: 'BTCUSDT', qty: '0.01', entry: 23000, stop: '22000' }
  const reason = async (...words: readonly string[]): Promise<string> =>
    String((await eventOf(line, ...words)).reason)
  assert.is((await eventOf(line, ...held([]))).kind, 'entered')
  assert.equal(await eventOf(line, ...held([])), await eventOf(line))
  assert.is((await eventOf(line, ...held([eth]))).kind, 'entered')
  assert.match(await reason(...held([btc])), 'one-position')
  assert.match(await reason(...held([{ ...btc, side: 'short', stop: '24000' }])), 'one-position')
  assert.match(await reason(...held([{ ...eth, qty: '12', leverage: 10 }])), 'total-margin')
  assert.match(await reason(...held([], 25)), 'sizing')
  const qty = async (wallet: number): Promise<number> =>
    Number(((await eventOf(line, ...held([], wallet))).figures as { readonly qty: string }).qty)
  assert.ok((await qty(4000)) > 3 * (await qty(1000)))
})

test('the settings of the guards are those of the configuration', async () => {
  const line = lineOf('BTCUSDT', 'bollinger-grid-long')
  folder.file('strict.yaml', 'guards: {score-threshold: {least: 9.9}}')
  assert.match(String((await eventOf(line, '-c', 'strict.yaml')).reason), 'score-threshold')
  const poor = await trade(line, '-c', folder.file('poor.yaml', 'startingBalance: 0.000001'))
  assert.is(poor.code, 6)
  assert.not.match(poor.out, /NaN|Infinity/)
})

test.run()
