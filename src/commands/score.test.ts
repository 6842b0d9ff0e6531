import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { METRICS } from '../core/scoring/table.ts'
import { bbw, dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('score')
const SIGNALS = (await bbw(['scan', '--market', 'fixtures', '--at', '2024-07-26', '--no-alerts'])).out
const LINES = SIGNALS.trimEnd().split('\n')
const folder = new Folder()

test.after(() => folder.remove())

function score(
  stdin: string | Uint8Array | readonly Uint8Array[],
  ...words: readonly string[]
): Promise<Outcome> {
  return bbw(['score', ...words], { stdin, cwd: folder.path })
}

/** A signal with some fields changed. */
function changed(fields: { readonly [name: string]: unknown }, line = LINES[0]): string {
  return JSON.stringify({ ...JSON.parse(line), ...fields })
}

test('each signal becomes a scored record with nine parts and a verdict', async () => {
  const { code, out, err } = await score(SIGNALS)
  assert.equal([code, err], [0, ''])
  const scored = records(out)
  assert.is(scored.length, LINES.length)
  for (const [i, record] of scored.entries()) {
    const {
      type,
      score: value,
      parts,
      adjustment,
      rejectedBy,
      fundingAssumed,
      probability,
      verdict,
      ...rest
    } = record
    const { type: _, ...signal } = JSON.parse(LINES[i])
    assert.equal(rest, signal)
    assert.equal(
      [type, probability, typeof adjustment, typeof fundingAssumed],
      ['scored', null, 'number', 'boolean'],
    )
    assert.equal(Object.keys(parts as object), [...METRICS])
    assert.is(METRICS.length, 9)
    assert.is(verdict, Number(value) >= 5.5 ? 'pass' : 'fail')
    assert.ok(rejectedBy === null || value === 0)
  }
  assert.is((await score(out)).out, out, 'scored again, the same')
})

test('the bar that the verdict is about is a setting', async () => {
  const config = folder.file('strict.yaml', 'guards: {score-threshold: {least: 9.9}}')
  const verdicts = new Set(records((await score(SIGNALS, '-c', config)).out).map(record => record.verdict))
  assert.equal([...verdicts], ['fail'])
})

test('fields it does not know pass through, in their places', async () => {
  const line = `{"comment":"mine","deep":{"a":[1,null]},${LINES[0].slice(1)}`
  const { code, out } = await score(line)
  assert.is(code, 0)
  assert.ok(out.startsWith('{"comment":"mine","deep":{"a":[1,null]},"v":1,'))
})

test('a terminal gets a table', async () => {
  const { out } = await bbw(['score'], { stdin: SIGNALS, terminals: ['stdout'] })
  const [head, ...rows] = out.trimEnd().split('\n')
  assert.match(head, /^symbol +side +strategy +score +verdict +rejected by +parts$/)
  assert.is(rows.length, LINES.length)
  const records = await bbw(['score', '--json'], { stdin: SIGNALS, terminals: ['stdout'] })
  assert.is(records.out, (await score(SIGNALS)).out)
})

test('one symbol is explained in words, and what is missing to pass', async () => {
  const { code, out } = await score(SIGNALS, '--explain', 'ethusdt')
  assert.is(code, 0)
  const blocks = out.trimEnd().split(/\n(?=\S)/)
  assert.is(blocks.length, LINES.filter(line => line.includes('"symbol":"ETHUSDT"')).length)
  for (const block of blocks) {
    assert.match(block, /^ETHUSDT long [a-z-]+: \d+\.\d\n/)
    for (const metric of METRICS) assert.match(block, new RegExp(`\\n {2}${metric}: `))
    assert.match(block, /\n {2}passes: 7\.8 of at least 5\.5$/m)
  }
  const poor = { bbPercent: 75, turnover: 2e6, rsi: 60, downDays: 0, weekBb: 80, monthBb: 80 }
  const failing = await score(changed(poor, LINES[6]), '--explain', 'ETHUSDT')
  assert.match(failing.out, /fails: \d\.\d more is needed for 5\.5, that is \d+ weighted points/)
  const rejected = await score(changed({ turnover: 10 }, LINES[6]), '--explain', 'ETHUSDT')
  assert.match(rejected.out, 'rejected by turnover')
  const absent = await score(SIGNALS, '--explain', 'DOGEUSDT')
  assert.equal([absent.code, absent.out], [3, ''])
  assert.match(absent.err, 'no signal of DOGEUSDT came in')
})

test('it says which figure would have to change, and whether one is enough', async () => {
  const poor = { bbPercent: 30, turnover: 2e6, rsi: 60, downDays: 0, weekBb: 80, monthBb: 80, width: 12 }
  const { out } = await score(changed(poor, LINES[6]), '--explain', 'ETHUSDT')
  assert.match(out, /^ {2}(one figure alone can make it pass|no single figure makes it pass)$/m)
  assert.match(out, /^ {4}bbPercent: daily BB% < 25 makes \d\.\d \(\+\d\.\d\)/m)
  const record = records((await score(changed(poor, LINES[6]), '--explain', 'ETHUSDT', '--json')).out)[0]
  assert.equal([record.type, record.symbol, record.verdict], ['explanation', 'ETHUSDT', 'fail'])
  assert.is((record.metrics as unknown[]).length, METRICS.length)
  const figures = record.figures as { figure: string; better: unknown; passing: unknown }[]
  assert.is(
    out.includes('one figure alone'),
    figures.some(({ passing }) => passing !== null),
  )
})

test('without a pipe a symbol is read from the market itself, on both sides, and nothing else is', async () => {
  const market = ['--market', dailyFixtures(folder), '--at', '2024-07-26']
  const { code, out, err } = await score('', '--explain', 'solusdt', ...market)
  assert.is(code, 0, err)
  assert.match(out, /^SOLUSDT long \(no strategy wants it\): 0\.0$/m)
  assert.match(out, /^SOLUSDT short \(no strategy wants it\): 6\.5$/m)
  assert.match(err, 'SOLUSDT at 2024-07-26 00:00 UTC')
  const both = records((await score('', '--explain', 'BTCUSDT', '--json', ...market)).out)
  assert.equal(both.map(record => [record.side, record.strategy]).sort(), [
    ['long', 'bollinger-grid-long'],
    ['short', null],
  ])
  const scanned = (await bbw(['scan', ...market, '--no-alerts'])).out
  const piped = records((await score(scanned, '--explain', 'BTCUSDT', '--json')).out)
  assert.equal(
    piped,
    both.filter(record => record.strategy !== null),
  )
  const absent = await score('', '--explain', 'NONEUSDT', ...market)
  assert.equal([absent.code, absent.out], [3, ''])
  assert.is((await score('', ...market)).code, 2)
})

test('a bad line is named by its number, the good ones are answered, and the end is 2', async () => {
  const bad: readonly (readonly [line: string, about: string])[] = [
    ['{"v":1', 'the line is not JSON'],
    ['[1]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"text"', 'not a JSON object'],
    [changed({ v: 2 }), 'v is 2'],
    [changed({ type: 'trade' }), 'type has to be'],
    [changed({ symbol: 7 }), 'symbol has to be a text'],
    [changed({ side: 'buy' }), 'side has to be'],
    [changed({ rsi: '30' }), 'rsi has to be'],
    [LINES[0].replace(/"rsi":[^,]*/, '"rsi":1e400'), 'rsi has to be'],
    [LINES[0].replace(/"rsi":[^,]*,/, ''), 'rsi has to be a number of 0 or more and is missing'],
    [changed({ stop: '64.873' }), '"64.873" is not a price in ticks'],
    [changed({ stop: '0' }), 'is not a price'],
    [changed({ tier: 'Z' }), 'tier has to be'],
    [changed({ id: 'mine' }), 'id has to be'],
    [changed({ instrument: { tick: '0' } }), 'instrument'],
    ['x'.repeat(1_000_001), 'the line is longer than 1 MB'],
  ]
  for (const [line, about] of bad) {
    const { code, out, err } = await score([LINES[0], line, '', LINES[1], ''].join('\n'))
    assert.is(code, 2, about)
    assert.is(records(out).length, 2, about)
    assert.ok(err.startsWith('standard input, line 2'), err)
    assert.ok(err.includes(about), `${about}: ${err}`)
  }
  const all = await score(bad.map(([line]) => line).join('\n'))
  assert.equal([all.code, all.out], [2, ''])
  for (const [i] of bad.entries()) assert.match(all.err, new RegExp(`line ${i + 1}[,:]`))
})

test('whatever is written into a signal, it is scored or refused, and never a fault', async () => {
  const values = [null, true, '', 'x', -1, 0, 0.5, 1e300, -1e300, 1e-300, 2 ** 53, [], {}, '1e400', '\u0000']
  const signal = JSON.parse(LINES[0])
  const lines = [
    ...Object.keys(signal).flatMap(name => values.map(value => changed({ [name]: value }))),
    ...Object.keys(signal.instrument).flatMap(name =>
      values.map(value => changed({ instrument: { ...signal.instrument, [name]: value } })),
    ),
  ]
  const { code, out, err } = await score(lines.join('\n'))
  assert.is(code, 2, err.slice(0, 500))
  assert.not.match(err, 'fault')
  const named = err.split('\n').filter(words => words.startsWith('standard input, line ')).length
  assert.is(records(out).length + named, lines.length)
})

test('nothing comes of nothing', async () => {
  for (const stdin of ['', '\n', '\r\n \n\t\n']) {
    const { code, out, err } = await score(stdin)
    assert.equal([code, out, err], [0, '', ''])
  }
})

test('line ends, a byte order mark, a missing last line end and the cut of the blocks make no difference', async () => {
  const { out } = await score(SIGNALS)
  assert.is((await score(`\ufeff${SIGNALS.replaceAll('\n', '\r\n\r\n')}`)).out, out)
  assert.is((await score(SIGNALS.trimEnd())).out, out)
  const bytes = Buffer.from(SIGNALS.replaceAll('limit at', 'limit \u2013 at'))
  const blocks = Array.from({ length: Math.ceil(bytes.length / 61) }, (_, i) =>
    bytes.subarray(61 * i, 61 * (i + 1)),
  )
  assert.is((await score(blocks)).out, (await score(bytes)).out)
})

test('a line too long to be kept is named though it comes in pieces', async () => {
  const piece = Buffer.alloc(300_000, 'x')
  const { code, out, err } = await score([
    piece,
    piece,
    piece,
    piece,
    piece,
    Buffer.from(`\n${LINES[0]}\n`),
    piece,
  ])
  assert.is(code, 2)
  assert.is(records(out).length, 1)
  assert.match(err, 'line 1: the line is longer than 1 MB')
  assert.match(err, 'line 3: the line is not JSON')
  const last = await score([Buffer.from(`${LINES[0]}\n`), piece, piece, piece, piece])
  assert.match(last.err, 'line 2: the line is longer than 1 MB')
})

test('a file is read as standard input is', async () => {
  const file = folder.file('signals.ndjson', SIGNALS)
  assert.is((await score('', file)).out, (await score(SIGNALS)).out)
  assert.is((await score(SIGNALS, '-')).out, (await score(SIGNALS)).out)
  const missing = await score('', 'missing.ndjson')
  assert.is(missing.code, 2)
  assert.match(missing.err, 'there is no such file')
})

test('a terminal with nothing piped in, and two readers of one standard input, are refused', async () => {
  const typed = await bbw(['score'], { terminals: ['stdin'] })
  assert.is(typed.code, 2)
  assert.match(typed.err, 'nothing is piped in')
  const twice = await score(SIGNALS, '-c', '-')
  assert.is(twice.code, 2)
  assert.match(twice.err, 'standard input cannot be read twice: for the records and for --config -')
})

test('what came in cannot write on the terminal', async () => {
  const evil = LINES[0].replaceAll('mean-reversion', 'mean\\u001b[2Jreversion')
  for (const words of [['score'], ['score', '--explain', 'AAVEUSDT']]) {
    const { out, err } = await bbw(words, { stdin: evil, terminals: ['stdout'] })
    assert.match(out, 'mean [2Jreversion')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come through
    assert.not.match(out + err, /[\u0000-\u0009\u000b-\u001f]/)
  }
})

test.run()
