import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../core/base/errors.ts'
import type { ParsedArguments } from './command.ts'
import { intervalFlag, listFlag, numberFlag, symbolFlag, textFlag, timeFlag, timerangeFlag } from './flags.ts'

const test = suite('flags')

function flag(name: string, value: ParsedArguments['flags'][string]): ParsedArguments {
  return { flags: { [name]: value }, args: [] }
}

const isUsageError = (error: unknown): boolean => error instanceof UsageError && error.remedy !== undefined

test('a flag that is not given has no value', () => {
  const none = { flags: {}, args: [] }
  assert.equal(
    [textFlag(none, 'a'), listFlag(none, 'a'), numberFlag(none, 'a', '--a'), timeFlag(none, 'a', '--a')],
    [undefined, [], undefined, undefined],
  )
  assert.equal(
    [symbolFlag(none), intervalFlag(none), timerangeFlag(none)],
    [null, undefined, { from: null, to: null }],
  )
})

test('a time is a day, a moment in UTC or milliseconds, and one that is in no calendar is refused', () => {
  const DAY = Date.UTC(2024, 1, 29)
  for (const [text, time] of [
    ['2024-02-29', DAY],
    ['20240229', DAY],
    [String(DAY), DAY],
    ['2024-02-29T00:00Z', DAY],
    ['2024-02-29T08:30Z', DAY + 30_600_000],
    ['2024-02-29T08:30:15Z', DAY + 30_615_000],
    ['2024-02-29T08:30:15.250Z', DAY + 30_615_250],
    ['1970-01-01', 0],
  ] as const) {
    assert.is(timeFlag(flag('at', text), 'at', '--at'), time, text)
  }
  for (const text of [
    '2023-02-29',
    '20230229',
    '2024-00-10',
    '2024-02-29 08:30',
    '2024-02-29T08:30',
    '2024-02-29T24:01Z',
    '2024-02-29T08:30+01:00',
    '1969-12-31',
    '29.2.2024',
    '0',
    '1e12',
    '-1709164800000',
    '17091648000000',
    'now',
    '',
  ]) {
    assert.throws(() => timeFlag(flag('at', text), 'at', '--at'), isUsageError, text)
  }
})

test('a range of days may be open on either side, and has to hold a day', () => {
  const range = (text: string): unknown => timerangeFlag(flag('timerange', text))
  const [from, to] = [Date.UTC(2021, 0, 1), Date.UTC(2025, 10, 12)]
  assert.equal(range('20210101-20251112'), { from, to })
  assert.equal(range('20210101-'), { from, to: null })
  assert.equal(range('-20251112'), { from: null, to })
  assert.equal(range('-'), { from: null, to: null })
  for (const text of [
    '',
    '20210101',
    '2021-2022',
    '20210101-20210101',
    '20220101-20210101',
    '20211301-',
    '19691231-',
  ]) {
    assert.throws(() => range(text), isUsageError, text)
  }
})

test('symbols are in capitals, each once', () => {
  const symbols = (text: string): unknown => symbolFlag(flag('symbol', text))
  assert.equal(symbols('btcusdt, ETHUSDT,BTCUSDT'), ['BTCUSDT', 'ETHUSDT'])
  assert.equal(symbols('1000PEPEUSDT'), ['1000PEPEUSDT'])
  for (const text of ['', ',', 'BTCUSDT,', 'BTC/USDT', '../BTCUSDT', 'BTC USDT', 'X', 'X'.repeat(31)]) {
    assert.throws(() => symbols(text), isUsageError, text)
  }
})

test('a number is finite and above 0', () => {
  const number = (text: string): unknown => numberFlag(flag('n', text), 'n', '--n')
  assert.equal(['1000', '0.5', '1e3', ' 7 '].map(number), [1000, 0.5, 1000, 7])
  for (const text of ['0', '-1', 'NaN', 'Infinity', '1e400', '', ' ', '1,000', '5 %']) {
    assert.throws(() => number(text), isUsageError, text)
  }
})

test('a timeframe is one of those that are known', () => {
  assert.is(intervalFlag(flag('timeframe', '15m')), '15m')
  for (const text of ['', '7m', '1D', '3d']) {
    assert.throws(() => intervalFlag(flag('timeframe', text)), isUsageError, text)
  }
})

test.run()
