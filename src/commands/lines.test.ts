import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EngineEvent } from '../core/engine/protocol.ts'
import { testTrade } from '../core/performance/trades.fixture.ts'
import { eventLine, minute, say, tradeLine } from './lines.ts'

const test = suite('lines')
const EVENT: EngineEvent = {
  kind: 'entered',
  code: null,
  ts: Date.UTC(2024, 6, 26, 0, 2, 59),
  symbol: 'BTCUSDT',
  side: 'long',
  strategy: 'mean-reversion',
  signalId: 'a',
  clientOrderId: 'b',
  reason: 'as told',
  figures: { stop: '22000.5', qty: '0.01', score: 7, margin: 12.3456, other: 1, target: null },
}

test('what came of an entry stands first', () => {
  const told = eventLine({ ...EVENT, figures: { ...EVENT.figures, outcome: 'resting' } })
  assert.match(told, 'mean-reversion  outcome resting score 7 qty')
})

test('an event is its time in UTC, its kind, what it is about, figures in one order and why', () => {
  assert.is(
    eventLine(EVENT),
    '2024-07-26 00:02  ENTERED     BTCUSDT long mean-reversion  score 7 qty 0.01 stop 22000.5 margin 12.35  as told',
  )
  assert.is(
    eventLine({
      ...EVENT,
      kind: 'digest',
      symbol: null,
      side: null,
      strategy: null,
      figures: { equity: 1000.5 },
    }),
    '2024-07-26 00:02  DIGEST      equity 1000.50  as told',
  )
  assert.is(
    eventLine({ ...EVENT, figures: {}, reason: '' }),
    '2024-07-26 00:02  ENTERED     BTCUSDT long mean-reversion',
  )
})

test('an event that came in by a pipe cannot write on the terminal', () => {
  assert.is(
    eventLine({ ...EVENT, figures: {}, reason: 'a\u001b[2J\nb' }),
    '2024-07-26 00:02  ENTERED     BTCUSDT long mean-reversion  a [2J b',
  )
})

test('a trade is its close, who and what it came to', () => {
  const trade = testTrade({ closedAt: EVENT.ts, net: -1.234, netPercent: 0.5, exitReason: 'trailing-stop' })
  assert.is(
    tradeLine(trade),
    '2024-07-26 00:02  TRADE       BTCUSDT long grid  net -1.23 USDT, 0.50 %  trailing-stop',
  )
})

test('a moment is in UTC, to the minute', () => {
  assert.is(minute(0), '1970-01-01 00:00')
})

test('words are said unless only data are wanted, and without control characters', () => {
  let said = ''
  const stderr = {
    isTTY: false,
    columns: 80,
    write: (text: string) => {
      said += text
    },
  }
  say({ stderr, quiet: false }, 'a\tb')
  say({ stderr, quiet: true }, 'c')
  assert.is(said, 'a b\n')
})

test.run()
