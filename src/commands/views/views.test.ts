import type { ReactElement } from 'react'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../../core/base/units.ts'
import { NO_CURVE } from './equity-curve.ts'
import { glyphsOf } from './glyphs.ts'
import { FIRST_VIEW, type ViewState } from './keys.ts'
import { withJsx } from './load.ts'
import {
  AT,
  CYCLES,
  EVENTS,
  event,
  FACTS,
  GATES,
  model,
  PENDING,
  POSITIONS,
  position,
  REFUSALS,
  refusal,
} from './model.fixture.ts'
import { type DashboardModel, dashboardModel, emptyModel } from './model.ts'
import { longest } from './symbol-width.ts'
import { widthOf } from './width.ts'

const views = await withJsx(async () => {
  const { createElement } = await import('react')
  const { renderToString } = await import('ink')
  const { render, cleanup } = await import('ink-testing-library')
  return {
    createElement,
    renderToString,
    render,
    cleanup,
    ...(await import('./header.tsx')),
    ...(await import('./notes.tsx')),
    ...(await import('./positions.tsx')),
    ...(await import('./gates.tsx')),
    ...(await import('./cycles.tsx')),
    ...(await import('./equity.tsx')),
    ...(await import('./events.tsx')),
    ...(await import('./refusals.tsx')),
    ...(await import('./details.tsx')),
    ...(await import('./help.tsx')),
    ...(await import('./key-line.tsx')),
    ...(await import('./confirm.tsx')),
    ...(await import('./lines.tsx')),
    ...(await import('./screen.tsx')),
    ...(await import('./dashboard.tsx')),
  }
})
const { createElement, renderToString, render, cleanup } = views

const test = suite('views')
const UNICODE = { glyphs: glyphsOf({ LANG: 'C.UTF-8' }), color: false }
const PLAIN = { glyphs: glyphsOf({}), color: false }
const SIZE = { columns: 100, rows: 12, theme: UNICODE }

test.after(cleanup)

function frame(element: ReactElement, columns = SIZE.columns): readonly string[] {
  return renderToString(element, { columns })
    .split('\n')
    .map(line => line.trimEnd())
}

function text(element: ReactElement, columns = SIZE.columns): string {
  return frame(element, columns).join('\n').trimEnd()
}

/** What is longer or stranger than anything an exchange has. */
const MONSTROUS = (): DashboardModel => {
  const long =
    'because \u001b[2J\u202eof 币安 everything that ever happened on this market and elsewhere '.repeat(5)
  const symbol = '币安人生10000000000000000USDT'
  let made = model({
    positions: Array.from({ length: 30 }, (_, n) =>
      position({
        symbol: `${n}${symbol}`,
        entry: 1e12,
        mark: 1e-9,
        stop: '0.000000000000000001',
        unrealised: -1e12,
      }),
    ),
    foreign: Array.from({ length: 9 }, () => ({
      symbol,
      side: 'short',
      qty: null,
      entry: 1e12,
      mark: null,
      stop: null,
      leverage: 100,
      unrealised: -1e12,
    })),
    pending: Array.from({ length: 9 }, () => ({ ...PENDING, symbol, isUnknown: true })),
    gates: GATES.map(gate => ({ ...gate, isOpen: false, reason: long, value: long })),
    cycles: CYCLES.map(cycle => ({ ...cycle, errors: 1e6, lastError: long, isFailing: true })),
    equity: 1e15,
    drift: long,
    isRecovering: true,
  })
  for (let n = 0; n < 60; n += 1) {
    made = dashboardModel(made, { type: 'event', event: event({ symbol, reason: long }) })
    made = dashboardModel(made, {
      type: 'event',
      event: refusal({ symbol, reason: long, figures: { gate: long } }),
    })
  }
  return { ...made, facts: { ...made.facts, exchange: long, market: long } }
}

test('the header says what runs, how it stands and what is earned', () => {
  assert.is(
    text(createElement(views.Header, { model: model(), ...SIZE, rows: 2 })),
    [
      `${'bbw run  sim  2025-10-15 08:30:00 UTC  synthetic market, a day a second'.padEnd(91)}[RUNNING]`,
      'equity 1,034.12  open -2.70  today +3.20  total +36.82  12 trades, 58 % won  wallet 1,036.82',
    ].join('\n'),
  )
  const dry = { ...model(), facts: { ...FACTS, isDry: true, market: '' }, isStopping: true }
  assert.match(text(createElement(views.Header, { model: dry, ...SIZE })), /sim, dry .* \[STOPPING\]/)
  assert.match(
    text(createElement(views.Header, { model: emptyModel(FACTS), ...SIZE })),
    /\[STARTING\]\nequity - {2}open - {2}today 0\.00 {2}total 0\.00 {2}0 trades/,
  )
})

test('notes say what is wrong, and count what has no room', () => {
  const wrong = {
    ...model({ drift: 'wallet' }),
    standing: { paused: { at: AT, by: 'me', reason: 'news' }, halted: null },
  }
  const lines = views.noteLines(wrong)
  assert.is(
    text(createElement(views.Notes, { lines, ...SIZE })),
    '! paused by me: news\n! ADAUSDT short has no confirmed stop\n! books and exchange differ: wallet',
  )
  assert.is(text(createElement(views.Notes, { lines, ...SIZE, rows: 1 })), '! paused by me: news +2 more')
})

test('positions have entry, mark, stop, target and result, and entries on their way stand below', () => {
  assert.is(
    text(createElement(views.Positions, { model: model(), chosen: 1, ...SIZE, rows: 6 })),
    [
      'POSITIONS 3 +1       side       entry     mark       stop   target     PnL    PnL %      age  lev',
      'BTCUSDT              long     61234.5  62101.2    59010.4  63500.0  +13.87  +1.42 %  1 d 5 h  10x',
      '›ADAUSDT             short     0.6514   0.6623    0.6841!   0.6021  -16.57  -1.67 %  1 d 5 h   3x',
      '1000000BABYDOGEUSDT  long   0.0012345        -  0.0011900        -       -        -  1 d 5 h  10x',
      'SUIUSDT              long      2.1034        -     1.9982        -   waits               3 m   3x',
    ].join('\n'),
  )
  const none = model({ positions: [], pending: [] })
  assert.match(text(createElement(views.Positions, { model: none, chosen: 0, ...SIZE })), 'none is held')
  const unknown = model({ positions: [], pending: [{ ...PENDING, isUnknown: true }] })
  assert.match(
    text(createElement(views.Positions, { model: unknown, chosen: 0, ...SIZE })),
    /SUIUSDT .* unknown/,
  )
  const adding = model({ positions: [], pending: [{ ...PENDING, add: 2 }] })
  assert.match(
    text(createElement(views.Positions, { model: adding, chosen: 0, ...SIZE })),
    /SUIUSDT .* add 2/,
  )
  const foreign = [
    {
      symbol: 'SOLUSDT',
      side: 'long',
      qty: '1.5',
      entry: 101,
      mark: 99,
      stop: '95.5',
      leverage: 5,
      unrealised: -3,
    },
  ] as const
  const byHand = text(createElement(views.Positions, { model: model({ foreign }), chosen: 0, ...SIZE }))
  assert.match(byHand, /^POSITIONS 3 \+1, 1 by hand/)
  assert.match(byHand, /SOLUSDT +long +101\.0 +99\.0 +95\.5 +manual +-3\.00/)
})

test('the chosen position is in sight, however few rows there are', () => {
  const many = model({
    positions: Array.from({ length: 20 }, (_, n) => position({ symbol: `COIN${n}USDT` })),
    pending: [],
  })
  for (const rows of [2, 3, 4, 9, 21, 30]) {
    for (const chosen of [0, 7, 19]) {
      const lines = frame(createElement(views.Positions, { model: many, chosen, ...SIZE, rows }))
      const shown = lines.filter(line => line.includes('USDT')).length
      assert.ok(
        lines.some(line => line.startsWith(`›COIN${chosen}USDT`)),
        `${chosen} in ${rows}`,
      )
      assert.is(
        lines.some(line => line.includes(`+${20 - shown} more`)),
        shown < 20,
      )
    }
  }
})

test('gates are a table where there is room, else the closed ones with their reasons', () => {
  const full = text(createElement(views.Gates, { gates: GATES, ...SIZE }))
  assert.match(
    full,
    /^GATES +state +sees +limit +reason\nlong-share +CLOSED +100 % of 5 +80 % +of 5 positions/,
  )
  assert.match(full, /\ndrawdown +open +1\.2 % +10 %/)
  assert.is(
    text(createElement(views.Gates, { gates: GATES, ...SIZE, rows: 2 })),
    'GATES 5 of 6 open\n  long-share: of 5 positions all are long: at most 80 % may be',
  )
  assert.is(
    text(createElement(views.Gates, { gates: GATES, ...SIZE, rows: 1 })),
    'GATES 5 of 6 open, closed: long-share: of 5 positions all are long: at most 80 % may be',
  )
  const closed = GATES.map(gate => ({ ...gate, isOpen: false, reason: '' }))
  assert.is(
    text(createElement(views.Gates, { gates: closed, ...SIZE, rows: 3 })),
    'GATES 0 of 6 open\n  pause: not paused, limit -\n  +5 more closed',
  )
  assert.match(
    text(createElement(views.Gates, { gates: closed, ...SIZE, rows: 1 })),
    'closed: pause (+5 more): ',
  )
  assert.is(text(createElement(views.Gates, { gates: [], ...SIZE })), 'GATES not told yet')
})

test('cycles have their last and next run, duration and errors, and the last failure in words', () => {
  assert.is(
    text(createElement(views.Cycles, { cycles: CYCLES, at: AT, ...SIZE, columns: 60 })),
    [
      'CYCLES      last       next   took  errors  every  runs',
      'light   08:29:40   08:30:30  12 ms       0   30 s  1234',
      'heavy   08:29:40   08:32:00  1.3 s       2    2 m  1234',
      'x10     08:29:40   08:38:00   4 ms       0    8 m  1234',
      'daily   08:29:40  on change   3 ms       0    1 d  1234',
      'heavy: step scan: the exchange did not answer within 20 s',
    ].join('\n'),
  )
  assert.match(text(createElement(views.Cycles, { cycles: CYCLES, at: AT, ...SIZE, rows: 4 })), '+3 more')
  assert.match(text(createElement(views.Cycles, { cycles: [], at: AT, ...SIZE })), 'none has run yet')
})

test('equity is a curve between its lowest and highest, with what it is now', () => {
  const curve = {
    points: [1_000, 1_010, 1_020, 1_040].map((equity, n) => ({ at: AT + n * HOUR, equity })),
    spacing: 0,
  }
  assert.is(
    text(createElement(views.Equity, { curve, columns: 17, rows: 3, theme: UNICODE })),
    'EQUITY 1,040.00\n1,040.00       ██\n1,000.00 ▁▁▄▄████',
  )
  assert.match(
    text(createElement(views.Equity, { curve, ...SIZE, theme: PLAIN })),
    /^EQUITY 1,040\.00 {2}\+4\.00 % {2}10-15 08:30 to 10-15 11:30\n[ .:#\d,]+/,
  )
  assert.is(text(createElement(views.Equity, { curve: NO_CURVE, ...SIZE })), 'EQUITY\nno points yet')
})

test('events have their time, kind, figures, code and reason', () => {
  const lines = frame(createElement(views.Events, { events: EVENTS, count: 214, ...SIZE, rows: 6 }))
  assert.match(lines[0], /^EVENTS 214 {2}event +symbol +side +what/)
  assert.match(
    lines[1],
    /^10-15 08:20 entered +BTCUSDT long +score 6\.50 qty 0\.016 price 61234\.5 stop 59010\.4/,
  )
  assert.match(lines[5], /drift +ADAUSDT short W309 {2}the stop at the exchange/)
  assert.match(
    text(createElement(views.Events, { events: [], count: 0, ...SIZE })),
    'nothing has happened yet',
  )
})

test('refusals have the gate and why', () => {
  const lines = frame(createElement(views.Refusals, { refusals: REFUSALS, count: 31, ...SIZE, rows: 4 }))
  assert.match(lines[0], /^REFUSED 31/)
  assert.match(lines[1], /^10-15 08:20 ETHUSDT +long +score-threshold the score of 4\.2 is below 5\.5$/)
  assert.match(lines[3], '1000000BABYDOGEUSDT')
  const narrow = frame(
    createElement(views.Refusals, { refusals: REFUSALS, count: 31, ...SIZE, columns: 80 }),
    80,
  )
  assert.match(narrow[3], '1000000BABY… long  total-margin    63 % of the wallet would')
  assert.match(
    text(createElement(views.Refusals, { refusals: [], count: 0, ...SIZE })),
    'no entry was refused',
  )
})

test('details have everything of a position', () => {
  const props = { reason: EVENTS[0].reason, at: AT, columns: 100, rows: 20, theme: UNICODE }
  const all = text(createElement(views.Details, { position: POSITIONS[0], ...props }))
  for (const words of [
    'BTCUSDT long 10x, mean-reversion',
    /entry +61234\.5 +mark +62101\.2/,
    /stop is +initial, confirmed/,
    /to stop +-4\.98 %/,
    /fees +0\.54 +funding +-0\.12/,
    /net so far +\+13\.21 +age +1 d 5 h/,
    /on margin +\+14\.20 %/,
    /score +6\.5/,
    /TP1 +63500\.0, qty 0\.008, \+3\.70 % from the entry/,
    /TP2 +65000\.0/,
    /signal +c0ffee0000000001/,
    /reason +closed below the lower band/,
  ])
    assert.match(all, words)
  const short = text(
    createElement(views.Details, { position: POSITIONS[1], ...props, reason: null, columns: 60 }),
    60,
  )
  assert.match(short, /stop is +initial, NOT CONFIRMED/)
  assert.match(short, /TP +0\.6021, qty 1520, \+7\.57 % from the entry/)
  assert.match(short, 'entered before this view began')
  assert.match(
    text(createElement(views.Details, { position: POSITIONS[0], ...props, rows: 4 })),
    /\+\d+ more rows/,
  )
  const laddered = { ...POSITIONS[0], adds: { planned: 2, filled: 1 } }
  assert.match(text(createElement(views.Details, { position: laddered, ...props })), /adds +1 of 2 filled/)
  assert.not.match(all, /adds/)
  assert.is(text(createElement(views.Details, { position: null, ...props })), 'no position is held')
})

test('help and the key line name the keys that do something, and only those', () => {
  const keys = (change: object): string => {
    const props = {
      canAct: true,
      isOwn: true,
      isDetails: false,
      word: 'RUNNING',
      said: '',
      columns: 100,
      theme: UNICODE,
    }
    return text(createElement(views.KeyLine, { ...props, ...change } as Parameters<typeof views.KeyLine>[0]))
  }
  assert.is(keys({}), 'p pause   h halt   j/k choose   d details   ? help   q stop and quit')
  assert.is(keys({ word: 'PAUSED' }), 'r resume   h halt   j/k choose   d details   ? help   q stop and quit')
  assert.is(keys({ word: 'HALTED' }), 'r resume   j/k choose   d details   ? help   q stop and quit')
  assert.is(keys({ canAct: false, isOwn: false }), 'j/k choose   d details   ? help   q quit   read-only')
  assert.match(keys({ said: 'halt asked for', isDetails: true }), /^halt asked for .* d back/)
  const help = { columns: 100, rows: 20, theme: UNICODE }
  assert.match(text(createElement(views.Help, { canAct: true, isOwn: true, ...help })), /h +halt entries/)
  const looking = text(createElement(views.Help, { canAct: false, isOwn: false, ...help }))
  assert.not.match(looking, 'halt entries')
  assert.match(looking, /q +leave; the loop goes on/)
  assert.match(
    text(createElement(views.Confirm, { asking: 'halt', columns: 80, theme: UNICODE })),
    /\[y\/n\] Halt all/,
  )
})

test('lines are coloured only where colours are wanted, and ASCII where nothing else can be shown', () => {
  const lines = [[{ text: '币安 →', tone: 'bad' as const }], [], [{ text: 'end', tone: 'plain' as const }]]
  const drawn = (theme: typeof PLAIN): string =>
    text(createElement(views.Lines, { lines, columns: 20, rows: 3, theme }))
  assert.is(drawn(UNICODE), '币安 →\n\nend')
  assert.is(drawn(PLAIN), '???? ?\n\nend')
})

test('a screen shows every part at 80 by 24 and at 200 by 60', () => {
  for (const [columns, rows] of [
    [80, 24],
    [200, 60],
  ]) {
    const props = { model: model(), view: FIRST_VIEW, canAct: true, columns, rows, theme: UNICODE }
    const all = text(createElement(views.Screen, props), columns)
    for (const word of [
      'RUNNING',
      'POSITIONS 3',
      '›BTCUSDT',
      'GATES',
      'CYCLES',
      'EQUITY',
      'REFUSED 3',
      'EVENTS 5',
      'q stop',
    ])
      assert.match(all, word, `${columns}x${rows}`)
  }
})

test('a screen is never wider or higher than its terminal, and nothing from outside moves the cursor', () => {
  const monstrous = MONSTROUS()
  const states = [
    FIRST_VIEW,
    { ...FIRST_VIEW, isDetails: true, asking: 'halt' as const },
    { ...FIRST_VIEW, isHelp: true },
  ]
  const check = (
    one: DashboardModel,
    view: ViewState,
    theme: typeof PLAIN,
    columns: number,
    rows: number,
  ): void => {
    const element = createElement(views.Screen, { model: one, view, canAct: true, columns, rows, theme })
    const lines = renderToString(element, { columns }).split('\n')
    const where = `${columns}x${rows}`
    assert.ok(lines.length <= rows, `${where} has ${lines.length} rows`)
    for (const line of lines) {
      assert.ok(widthOf(line) <= columns, `${where}: ${line}`)
      assert.not.match(line, /[\p{Cc}\u202e]/u, where)
      if (theme === PLAIN) assert.match(line, /^[ -~]*$/, where)
    }
  }
  for (const [columns, rows] of sizes()) {
    for (const view of states) check(monstrous, view, UNICODE, columns, rows)
    check(monstrous, FIRST_VIEW, PLAIN, columns, rows)
    check(emptyModel(FACTS), FIRST_VIEW, UNICODE, columns, rows)
  }
})

function sizes(): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [
    [20, 5],
    [40, 8],
    [41, 9],
  ]
  for (const columns of [60, 79, 80, 100, 131, 132, 175, 220])
    for (const rows of [15, 24, 33, 34, 51, 70]) found.push([columns, rows])
  return found
}

test('on a narrow screen long symbols make room for reasons', () => {
  assert.equal([60, 95, 96, 200].map(longest), [12, 12, 24, 24])
})

/** A mounted dashboard with the wishes that keys make. The library's terminal is 100 columns wide, without rows. */
async function mounted(canAct: boolean): Promise<{
  readonly press: (...keys: readonly string[]) => Promise<string>
  readonly wishes: readonly string[]
}> {
  const wishes: string[] = []
  const element = createElement(views.Dashboard, {
    model: model(),
    canAct,
    theme: UNICODE,
    wish: one => wishes.push(one),
  })
  const { stdin, lastFrame } = render(element)
  const drawn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  await drawn()
  return {
    wishes,
    async press(...keys) {
      for (const key of keys) {
        stdin.write(key)
        await drawn()
      }
      return lastFrame() ?? ''
    },
  }
}

test('keys choose a position, open its details and help', async () => {
  const { press } = await mounted(true)
  assert.match(await press('j'), '›ADAUSDT')
  assert.match(await press('\u001b[B'), '›1000000BABYDOGEUSDT')
  assert.match(await press('kk'), '›BTCUSDT')
  assert.match(await press('\r'), /net so far +\+13\.21/)
  assert.not.match(await press('d'), 'net so far')
  assert.match(await press('?'), 'KEYS')
})

test('pause is asked for at once, halt after a yes, and neither by a paste', async () => {
  const { press, wishes } = await mounted(true)
  assert.match(await press('p'), 'pause asked for')
  assert.match(await press('h'), 'Halt all entries?')
  assert.match(await press('n'), 'nothing was done')
  assert.match(await press('hy'), 'Halt all entries?')
  await press('n', '\u001b[200~hypr\u001b[201~')
  assert.equal(wishes, ['pause'])
  await press('h', 'y')
  assert.equal(wishes, ['pause', 'halt'])
  await press('q', '\u0003')
  assert.equal(wishes, ['pause', 'halt', 'quit', 'interrupt'])
})

test('a dashboard that only looks takes no pause and no halt', async () => {
  const { press, wishes } = await mounted(false)
  assert.match(await press('p', 'h', 'y', 'r'), 'read-only')
  assert.equal(wishes, [])
  await press('q')
  assert.equal(wishes, ['quit'])
})

test.run()
