import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../base/errors.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { gridSignal } from '../engine/desk.fixture.ts'
import { scoreSignal } from '../engine/pipeline.ts'
import { testTrade } from '../performance/trades.fixture.ts'
import { decodeScored, decodeSignal, decodeTrade, parseRecord } from './decode.ts'
import { scoreFields, signalRecord, tradeRecord, type WireRecord } from './encode.ts'
import { instruments, scoredSignals, signals } from './records.fixture.ts'

const test = suite('decode')
const SEED = 20_260_306
console.log(`seed ${SEED}`)

const INSTRUMENTS = await instruments()

/** A record as it comes out of the other end of a pipe. */
function piped(record: WireRecord): WireRecord {
  return parseRecord(JSON.stringify(record))
}

const GOOD: WireRecord = {
  ...signalRecord(gridSignal()),
  ...scoreFields(scoreSignal(gridSignal()), 5.5),
}

type Tree = { [name: string]: unknown }

/** The good record with another value at a path; `undefined` leaves the field out. */
function changed(path: string, value: unknown): WireRecord {
  const copy: Tree = JSON.parse(JSON.stringify(GOOD))
  const names = path.split('.')
  const last = names.pop() ?? ''
  let at = copy
  for (const name of names) at = at[name] as Tree
  if (value === undefined) delete at[last]
  else at[last] = value
  return copy
}

function refusal(read: () => unknown): DataError {
  try {
    read()
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('it was taken')
}

test('a signal comes out of the pipe as it went in, on every instrument and at every price', () => {
  fc.assert(
    fc.property(signals(INSTRUMENTS), signal => {
      assert.equal(decodeSignal(piped(signalRecord(signal))), signal)
    }),
    { seed: SEED, numRuns: 1_000 },
  )
})

test('so does a signal with its score', () => {
  fc.assert(
    fc.property(scoredSignals(INSTRUMENTS), scored => {
      const record = piped({ ...signalRecord(scored.signal), ...scoreFields(scored, 5.5) })
      assert.equal(decodeScored(record), scored)
      assert.equal(decodeSignal(record), scored.signal)
    }),
    { seed: SEED, numRuns: 500 },
  )
})

test('a trade comes out of the pipe as it went in, and names the field that does not fit', () => {
  const exits = [{ time: 5, price: 110.1, qty: 0.5, reason: 'target' as const }]
  const trade = testTrade({ exits, closedAt: 5 })
  const record = JSON.parse(JSON.stringify(tradeRecord(trade))) as ReturnType<typeof tradeRecord>
  assert.equal(decodeTrade(record), trade)
  for (const [wrong, field] of [
    [{ fees: null }, 'fees'],
    [{ side: 'up' }, 'side'],
    [{ exits: 5 }, 'exits'],
    [{ exits: [{ ...exits[0], price: -1 }] }, 'exits[0].price'],
  ] as const) {
    assert.is(refusal(() => decodeTrade({ ...record, ...wrong })).place?.field, field)
  }
})

test('fields that nobody knows are ignored, wherever they stand', () => {
  const more = changed('instrument.color', 'green')
  const record = piped({ ...more, note: { deep: [1, 2, 3] }, v2: true })
  assert.equal(decodeScored(record), decodeScored(piped(GOOD)))
})

test('each field that does not fit is named by its path', () => {
  const wrong: { readonly [path: string]: readonly unknown[] } = {
    type: [undefined, 'trade', 3],
    id: [undefined, '', 'mean-reversion:SOLUSDT:long:5', 7],
    strategy: [undefined, '', null, 5, 'x'.repeat(201)],
    symbol: [undefined, '', {}, []],
    side: [undefined, 'buy', 'LONG', null],
    timeframe: [undefined, '7m', 60, null],
    candleStart: [undefined, -1, 1.5, '0', null, 2 ** 60],
    candleEnd: [undefined, MIDNIGHT + 1, MIDNIGHT - 1, null],
    price: [undefined, 0, -1, '102', null],
    last: [undefined, 0, -5, null],
    lastAt: [undefined, -1, 0.5],
    lower: [undefined, null, '1'],
    middle: [undefined, 0, null],
    upper: [undefined, -3, false],
    bbPercent: [undefined, null, 'low'],
    weekBb: [undefined, 'x', true],
    monthBb: [undefined, []],
    width: [undefined, -1, null],
    squeeze: [undefined, '5'],
    rsi: [undefined, -0.1, null],
    downDays: [undefined, -1, 1.5, null],
    upDays: [undefined, '0'],
    turnover: [undefined, -1, null],
    change: [undefined, 'up'],
    funding: [undefined, '0.01 %'],
    tier: [undefined, 'F', 's', null],
    atr15m: [undefined, {}],
    missingCandles: [undefined, -1, 0.5],
    order: [undefined, null, 'market', []],
    'order.type': [undefined, 'stop', null],
    'order.price': [undefined, 97, '97.05', '0', '-97', '9.7e1', '', null, 'NaN', '9'.repeat(60)],
    stop: [undefined, null, 93, '93.01', '0', 'x'],
    target: [undefined, 110, '110.05', '0.0', ''],
    leverage: [undefined, 0, 0.99, '3', null],
    margin: [undefined, 0, -1, '5'],
    reason: [undefined, '', null, 'x'.repeat(201)],
    instrument: [undefined, null, 'SOLUSDT', []],
    'instrument.baseCoin': [undefined, '', 4],
    'instrument.quoteCoin': [undefined, '', null],
    'instrument.tick': [undefined, 0.1, '0', '-0.1', '1e-1', '0,1', '', `0.${'0'.repeat(30)}1`],
    'instrument.step': [undefined, '0.000', '.5', 'abc', null],
    'instrument.minQty': [undefined, 1, '-1', '1e5', '9'.repeat(15), null],
    'instrument.maxQty': [undefined, 5, '0.0001', 'many', '9'.repeat(15)],
    'instrument.minPrice': [undefined, null, 'x', `1${'0'.repeat(15)}`],
    'instrument.minNotional': [undefined, -5, '5', null],
    'instrument.maxLeverage': [undefined, 0.5, '50', null],
    'instrument.maintenanceMarginRate': [undefined, -0.01, null],
    'instrument.source': [undefined, '', 5],
    score: [undefined, -0.1, 10.1, 7.77, '7', null],
    parts: [undefined, null, []],
    'parts.tier': [undefined, '8', null],
    'parts.rsi': [undefined, {}],
    rejectedBy: [undefined, 'nothing', 5, ''],
    adjustment: [undefined, 0.05, null],
    fundingAssumed: [undefined, 'no', 0, null],
  }
  for (const [path, values] of Object.entries(wrong)) {
    for (const value of values) {
      const error = refusal(() => decodeScored(piped(changed(path, value))))
      assert.is(error.place?.field, path, `${path} = ${JSON.stringify(value)}: ${error.message}`)
      assert.ok(error.message.length < 400)
    }
  }
  // The list above is whole: every field that is read is in it.
  const named = new Set(Object.keys(wrong).map(path => path.split('.')[0]))
  const added = ['v', 'ts', 'probability', 'verdict']
  assert.equal(
    Object.keys(GOOD).filter(name => !named.has(name)),
    Object.keys(GOOD).filter(name => added.includes(name)),
  )
})

test('an id that does not belong to its content is refused: it could trade twice', () => {
  for (const path of ['strategy', 'symbol']) {
    assert.is(refusal(() => decodeSignal(piped(changed(path, 'other')))).place?.field, 'id')
  }
  assert.is(refusal(() => decodeSignal(piped(changed('side', 'short')))).place?.field, 'id')
})

test('a message says what is wanted and what was found', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['side', 'buy', 'side has to be one of long, short and is "buy"'],
    ['price', undefined, 'price has to be a number and is missing'],
    ['price', 0, 'price has to be a number above 0 and is 0'],
    ['rsi', -1, 'rsi has to be a number of 0 or more and is -1'],
    ['order', [[[]]], 'order is not an object'],
    ['reason', { a: 1 }, 'reason has to be a text of 1 to 200 characters and is an object'],
    ['reason', ['x'], 'reason has to be a text of 1 to 200 characters and is a list'],
    [
      'reason',
      'y'.repeat(500),
      `reason has to be a text of 1 to 200 characters and is "${'y'.repeat(79)}...`,
    ],
  ]
  for (const [path, value, message] of cases) {
    assert.is(refusal(() => decodeSignal(changed(path, value))).message, message)
  }
})

test('a line that is no record of this version is refused with what to do', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['{"v":1} {"v":1}', /not JSON/],
    ['null', /not a JSON object/],
    ['[1]', /not a JSON object/],
    ['"text"', /not a JSON object/],
    ['5', /not a JSON object/],
    ['{}', /^v is missing, records of version 1 are read$/],
    ['{"v":2}', /^v is 2, records/],
    ['{"v":"1"}', /^v is "1", records/],
    [`{"v":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, /^v is a list, records|not JSON/],
  ]
  for (const [line, message] of cases) {
    const error = refusal(() => parseRecord(line))
    assert.match(error.message, message)
    assert.ok(error.remedy !== undefined)
  }
})

test('whatever a line holds, nothing but a DataError comes of it, and no prototype changes', () => {
  const paths: string[] = []
  const collect = (tree: Tree, before: string): void => {
    for (const [name, value] of Object.entries(tree)) {
      paths.push(`${before}${name}`)
      if (typeof value === 'object' && value !== null) collect(value as Tree, `${before}${name}.`)
    }
  }
  collect(JSON.parse(JSON.stringify(GOOD)), '')
  const deep = JSON.parse(`${'['.repeat(3_000)}${']'.repeat(3_000)}`)
  const garbage = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.constantFrom<unknown>(
      undefined,
      null,
      true,
      0,
      -0,
      -1,
      1e308,
      -1e308,
      5e-324,
      2 ** 53,
      '',
      '0',
      '1e400',
      'NaN',
      'Infinity',
      '9'.repeat(200),
      `0.${'9'.repeat(190)}`,
      '1'.repeat(15),
      deep,
      'x'.repeat(100_000),
      '\u0000',
      '__proto__',
    ),
    fc.string({ unit: 'binary' }),
    fc.double().map(value => (Number.isFinite(value) ? value : String(value))),
    fc.stringMatching(/^\d{1,16}(\.\d{1,24})?$/),
  )
  let taken = 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...paths), garbage), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      (changes, poisoned) => {
        const tree: Tree = JSON.parse(JSON.stringify(GOOD))
        for (const [path, value] of changes) {
          const names = path.split('.')
          const last = names.pop() ?? ''
          let at: unknown = tree
          for (const name of names) at = typeof at === 'object' && at !== null ? (at as Tree)[name] : null
          if (typeof at === 'object' && at !== null) (at as Tree)[last] = value
        }
        const text = JSON.stringify(tree)
        const line = poisoned ? text.replace('{', '{"__proto__":{"score":9.9,"polluted":true},') : text
        try {
          decodeScored(parseRecord(line))
          taken++
        } catch (error) {
          if (!(error instanceof DataError)) throw error
          assert.ok(error.message.length < 1_000, 'a message stays short')
        }
        assert.is(({} as { readonly polluted?: unknown }).polluted, undefined)
      },
    ),
    { seed: SEED, numRuns: 3_000 },
  )
  assert.ok(taken > 10, `${taken} of the changes were harmless`)
})

test('nor does it of lines that are no records at all', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.json()), line => {
      try {
        decodeSignal(parseRecord(line))
      } catch (error) {
        if (!(error instanceof DataError)) throw error
      }
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})

test('a prototype in the record stands for no field', () => {
  const inherited: WireRecord = Object.assign(Object.create({ score: 9.9 }), changed('score', undefined))
  assert.is(refusal(() => decodeScored(inherited)).place?.field, 'score')
  const without = changed('score', undefined)
  const line = JSON.stringify(without).replace('{', '{"__proto__":{"score":9.9},')
  assert.is(refusal(() => decodeScored(parseRecord(line))).place?.field, 'score')
})

test.run()
