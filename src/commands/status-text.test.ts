import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { noState, statusReport } from './status-report.ts'
import { statusText } from './status-text.ts'
import { AT, CYCLES, event, parts, position, refusal, snapshot } from './views/model.fixture.ts'
import { widthOf } from './views/width.ts'

const test = suite('status text')

test('a report has positions, protection, profit, gates, cycles, refusals, events and health', () => {
  const text = statusText(statusReport(parts(), AT), 160)
  for (const words of [
    /^running +process 4711 on desk since 2025-10-15 07:30:00 UTC$/m,
    /^PnL +today \+3\.20, total \+36\.82, open -2\.70 USDT$/m,
    /^trades +12 closed, 7 won$/m,
    /^BTCUSDT +long +0\.016 +61234\.5 +62101\.2 +59010\.4 +yes +63500\.0 +\+13\.87 +\+1\.42 % +1 d 5 h +10x +mean-reversion +65000\.0$/m,
    /^ADAUSDT +short +1520 +0\.6514 +0\.6623 +0\.6841 +NO +0\.6021/m,
    /^SUIUSDT +long +120\.0 +2\.1034 +1\.9982 +waits$/m,
    /^long-share +CLOSED +100 % of 5 +80 % +of 5 positions/m,
    /^heavy +08:29:40 +08:32:00 +1\.3 s +1234 +2 +2 m +step scan/m,
    /^daily +08:29:40 +on change/m,
    /^10-15 08:20 +ETHUSDT +long +score-threshold +the score of 4\.2 is below 5\.5$/m,
    /^10-15 08:20 +drift +ADAUSDT +short +W309 the stop at the exchange/m,
    /^health: ADAUSDT short has no confirmed stop$/m,
  ])
    assert.match(text, words)
})

test('an add that waits says which one it is', () => {
  const [pending] = snapshot().pending
  const [position] = snapshot().positions
  const adds = { planned: 2, filled: 1 }
  const laddered = snapshot({ pending: [{ ...pending, add: 2 }], positions: [{ ...position, adds }] })
  const report = statusReport(parts({ snapshot: laddered }), AT)
  assert.match(statusText(report, 160), /^SUIUSDT .* add 2 waits$/m)
  assert.equal([report.pending[0].add, report.positions[0].adds], [2, adds])
})

test('a position opened by hand stands apart from those of bbw', () => {
  const one = {
    symbol: 'SOLUSDT',
    side: 'short',
    qty: '1.5',
    entry: 101.5,
    mark: 99,
    stop: null,
    leverage: 5,
  } as const
  const foreign = [
    { ...one, unrealised: 3.75 },
    { ...one, symbol: 'XUSDT', qty: null, mark: null, unrealised: null },
  ]
  const report = statusReport(parts({ snapshot: snapshot({ foreign }) }), AT)
  const text = statusText(report, 160)
  assert.match(
    text,
    /^SOLUSDT +short +1\.5 +101\.5 +99 +- +\+3\.75 +5x +leaves it alone, no entry on its symbol$/m,
  )
  assert.match(text, /^XUSDT +short +- +101\.5 +- +- +- +5x/m)
  assert.is(report.positions.length, snapshot().positions.length)
  assert.not.match(statusText(statusReport(parts(), AT), 160), 'opened by hand')
})

test('at 80 columns what matters stays and no line is wider', () => {
  const text = statusText(statusReport(parts(), AT), 80)
  assert.match(text, /^position +side +qty +entry +mark +stop +set +target +PnL$/m)
  assert.match(text, /^1000000BABY~ +long/m)
})

test('no line is wider than its terminal, whatever is told, and nothing moves the cursor', () => {
  const long = 'because \u001b[2Jof 币安 and \u202eeverything else '.repeat(9)
  const wild = parts({
    holder: { pid: 1, host: long, since: AT, renewedAt: AT },
    exchange: long,
    standing: { paused: { at: AT, by: long, reason: long }, halted: null },
    snapshot: snapshot({
      drift: long,
      gates: [{ gate: long, isOpen: false, value: long, limit: long, reason: long }],
    }),
    events: Array.from({ length: 20 }, () => event({ reason: long, symbol: '币安人生USDT' })),
    refusals: [refusal({ reason: long })],
    notes: [long],
  })
  for (let columns = 40; columns <= 240; columns += 8) {
    for (const line of statusText(statusReport(wild, AT), columns).split('\n')) {
      assert.ok(widthOf(line) <= columns, `${columns}: ${line}`)
      assert.not.match(line, /[\p{Cc}\u202e]/u)
    }
  }
})

test('the age of a position is told in minutes, too', () => {
  const one = position({ symbol: 'SOLUSDT', openedAt: AT - 2 * 60_000 })
  const young = statusReport(parts({ snapshot: snapshot({ positions: [one] }) }), AT)
  assert.match(statusText(young, 200), /^SOLUSDT .* 2 m +10x/m)
})

test('a cycle that has come through since leaves all well, and is told of', () => {
  const cycles = CYCLES.map(one => ({ ...one, isFailing: false, lastErrorAt: AT - 120_000 }))
  const well = { positions: [], pending: [], gates: [], drift: '', isRecovering: false, cycles }
  const text = statusText(statusReport(parts({ snapshot: snapshot(well), notes: [] }), AT), 200)
  assert.match(
    text,
    /^health: all is well again\nhealth: heavy cycle: 2 failed, none for 2 min; the last: step scan/m,
  )
})

test('without a state the text says so and no more', () => {
  const expected = [
    'not running  no loop holds this account',
    '',
    'no position is held',
    '',
    'health: all is well',
    '',
  ]
  assert.is(statusText(noState(AT), 80), expected.join('\n'))
})

test('a halt is told with who and why', () => {
  const standing = { paused: null, halted: { at: AT, by: 'me', reason: 'news' } }
  assert.match(
    statusText(statusReport(parts({ standing, holder: null }), AT), 80),
    /^halted +since 2025-10-15 08:30:00 UTC by me: news$/m,
  )
})

test.run()
