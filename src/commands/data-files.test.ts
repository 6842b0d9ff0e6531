import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findFiles, targetOf } from './data-files.ts'

const test = suite('data files')

test('what a file is goes by the folders it lies in', () => {
  const cases: readonly (readonly [string, ReturnType<typeof targetOf>])[] = [
    ['/d/klines/1h/BTCUSDT.csv.gz', { kind: 'candles', symbol: 'BTCUSDT', interval: '1h' }],
    ['/d/klines/5m-earlier/BTCUSDT.csv.gz', { kind: 'candles', symbol: 'BTCUSDT', interval: '5m' }],
    ['/d/klines/weekly/BTCUSDT.csv', { kind: 'candles', symbol: 'BTCUSDT', interval: undefined }],
    ['/d/1h/BTCUSDT.csv', { kind: 'candles', symbol: 'BTCUSDT', interval: undefined }],
    ['/d/candles.csv', { kind: 'candles', symbol: null, interval: undefined }],
    ['/d/mark/1h/BTCUSDT.csv', { kind: 'mark', symbol: 'BTCUSDT', interval: '1h' }],
    ['/d/mark/BTCUSDT.csv', { kind: 'mark', symbol: 'BTCUSDT', interval: undefined }],
    ['/d/funding/BTCUSDT.csv', { kind: 'funding', symbol: 'BTCUSDT' }],
    ['/d/instruments/x-2025-06-09.csv', { kind: 'instruments', date: '2025-06-09' }],
    ['/d/instruments/x.csv', { kind: 'instruments', date: null }],
  ]
  for (const [path, target] of cases) assert.equal(targetOf(path), target, path)
})

test('a walk takes CSV files in the order of their names and leaves out what is not for bbw', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bbw-files-'))
  const put = (path: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), 'abc')
  }
  for (const path of [
    'b/B.csv',
    'b/A.CSV.gz',
    'b/c/C.tsv',
    'b/notes.txt',
    'b/x.json',
    'oi-binance/1d/D.csv',
    'index.csv',
  ]) {
    put(path)
  }
  symlinkSync(folder, join(folder, 'b', 'loop'))
  const short = (path: string): string => path.slice(folder.length + 1)

  const whole = findFiles([folder])
  assert.equal(
    whole.files.map(file => [short(file.path), file.size]),
    [
      ['b/A.CSV.gz', 3],
      ['b/B.csv', 3],
      ['b/c/C.tsv', 3],
    ],
  )
  assert.equal(
    whole.leftOut.map(one => short(one.path)),
    ['index.csv', 'oi-binance'],
  )

  const named = findFiles([
    join(folder, 'b', 'notes.txt'),
    join(folder, 'oi-binance', '1d'),
    join(folder, 'gone.csv'),
  ])
  assert.equal(
    named.files.map(file => short(file.path)),
    ['b/notes.txt'],
  )
  assert.match(named.leftOut[0].reason, 'open interest')
  assert.match(named.unreadable[0].reason, 'no such file')
  rmSync(folder, { recursive: true })
})

test.run()
