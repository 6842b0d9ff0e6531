import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND, type Steps } from '../base/units.ts'
import { instrumentOf, MIDNIGHT } from '../decision/view.fixture.ts'
import { type Decision, fromText, RULE_KINDS, type RuleKind, textOf } from './decision-record.ts'
import { Desk, gridSignal, instrument, only, placed, resumed, reversionSignal } from './desk.fixture.ts'
import { clientOrderId } from './order-id.ts'
import type { OrderRequest } from './protocol.ts'
import { RULES } from './rules.ts'
import { defaultSettings, overlay, type Settings } from './settings.ts'

const test = suite('rules')

/** A reversion long of SOL from 100 that has been seen with its stop, and looked at by every cycle. */
function held(settings: Settings = defaultSettings()): Desk {
  const desk = new Desk(settings).introduce('SOLUSDT')
  desk.live(0)
  for (const order of placed(desk.open(reversionSignal('SOLUSDT')).effects)) {
    desk.order(order.clientOrderId, 'accepted')
  }
  desk.price('SOLUSDT', 100)
  desk.live(MINUTE)
  return desk
}

/** The stop is moved, and the exchange answers as said; `null`: not at all. */
function moved(answer: 'ok' | 'crossed' | 'too-many' | null): Desk {
  const desk = held()
  const raised = instrumentOf({ ...instrument('SOLUSDT'), maintenanceMarginRate: 0.04 })
  desk.feed({ type: 'instrument', instrument: raised })
  desk.price('SOLUSDT', 100)
  // No further than that: its answer is not overdue by then.
  for (let second = 0; second < 60 && only(desk.effects, 'set-stop').length === 0; second++) desk.live(SECOND)
  const [request] = only(desk.effects, 'set-stop')
  assert.ok(request !== undefined, 'the margin checks tighten it')
  if (answer === null) desk.live(MINUTE)
  else if (answer === 'ok') desk.feed({ type: 'stop', requestId: request.requestId, ok: true, reason: '' })
  else {
    const { requestId } = request
    desk.feed({ type: 'stop', requestId, ok: false, why: answer, reason: 'it cannot be' })
  }
  return desk
}

/** A person wants everything closed, which is asked for. */
function closing(desk: Desk): Desk {
  const asked = { kind: 'close', symbol: null, side: null, isForeignToo: false, halts: false } as const
  desk.feed({ type: 'closure', id: 'c', ...asked, by: 'me', reason: 'enough' })
  return desk
}

function closeOf(desk: Desk): OrderRequest {
  const close = placed(desk.effects).find(({ type, purpose }) => type === 'market' && purpose === 'exit')
  assert.ok(close !== undefined, 'it is closed at the market')
  return close
}

/** An entry that the exchange has not taken. */
function refusedEntry(): Desk {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const [{ clientOrderId: id }] = placed(desk.propose(reversionSignal()))
  desk.feed({ type: 'order', clientOrderId: id, status: 'rejected', why: 'balance', reason: 'too little' })
  return desk
}

/** A close at the market that the exchange has not taken. */
function refusedClose(): Desk {
  const desk = moved('crossed')
  desk.order(closeOf(desk).clientOrderId, 'rejected', 'try later')
  return desk
}

/** A position that a person takes back; `isOwn`: although bbw has opened it. */
function released(isOwn: boolean): Desk {
  const desk = held()
  const request = { id: 'r', symbol: 'SOLUSDT', side: null, stop: null, target: null, by: 'me' }
  desk.feed({ type: 'handover', kind: 'release', ...request, isOwn })
  return desk
}

/** A position on a perpetual that is delisted in an hour. */
function listed(): Desk {
  const desk = held()
  desk.feed({ type: 'listing', symbol: 'SOLUSDT', status: 'trading', delistsAt: desk.now + HOUR })
  desk.live(MINUTE)
  return desk
}

/** A candle closes while the account cannot be read. */
function unread(span: number): Desk {
  const desk = held()
  desk.feed({ type: 'feed-gap', reason: 'cut' })
  desk.day('SOLUSDT', MIDNIGHT, 100)
  for (let waited = 0; waited <= span; waited += SECOND) {
    for (const effect of desk.wait(SECOND)) {
      if ('queryId' in effect) desk.feed({ type: 'query-failed', queryId: effect.queryId, reason: 'away' })
    }
  }
  return desk
}

/** A start on books that have lost a position, which an order of this bbw has opened. */
function reclaimed(): Desk {
  const desk = new Desk(defaultSettings(), { instance: '1234' }).introduce('SOLUSDT')
  const next = resumed(desk, desk.settings, { instance: '1234' }).introduce('SOLUSDT')
  const [asked] = only(next.effects, 'query-executions').concat(only(next.wait(0), 'query-executions'))
  const of = { symbol: 'SOLUSDT', side: 'long', steps: 1_000 as Steps } as const
  next.executions(asked.queryId, [
    {
      type: 'fill',
      at: next.now,
      time: next.now,
      execId: 'unknown',
      clientOrderId: clientOrderId('1234', 'signal', 'entry', 0),
      cause: 'order',
      ...of,
      opens: true,
      price: 1_000,
      fee: 0,
      liquidity: 'maker',
      complete: true,
    } as never,
  ])
  const there = { ...of, entry: 100, leverage: 3, stop: null }
  for (const { queryId } of only(next.effects, 'query-account')) {
    next.reply(queryId, { wallet: 1_000, positions: [there], orders: [] })
  }
  return next
}

/** Kinds whose scenarios are those of `rotations.test.ts`, `ladders.test.ts` and `second-look.test.ts`. */
const ELSEWHERE = [
  'exchange',
  'candidates',
  'instead',
  'rotation',
  'add-stands',
  'orphan',
  'second-look',
] as const
type Elsewhere = (typeof ELSEWHERE)[number]
const isElsewhere = (kind: RuleKind): kind is Elsewhere => ELSEWHERE.some(one => one === kind)

/** Each kind of decision in a scenario that has it; a desk makes each again as soon as it is taken down. */
const SCENES: { readonly [K in Exclude<RuleKind, Elsewhere>]: () => Desk } = {
  gates: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.propose(reversionSignal())
    desk.propose(reversionSignal())
    return desk
  },
  expiry: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    desk.order(placed(desk.propose(reversionSignal()))[0].clientOrderId, 'accepted')
    desk.feed({ type: 'command', id: 'c', command: 'halt', by: 'me', reason: 'enough' })
    return desk
  },
  'stop-wish': () => moved('ok'),
  'stop-answer': () => moved('ok'),
  'stop-late': () => moved(null),
  'stop-shown': () => held(),
  'stop-told': () => {
    const desk = held()
    desk.feed({ type: 'stop-told', symbol: 'SOLUSDT', side: 'long', stop: null, time: desk.now })
    return desk
  },
  emergency: () => moved('crossed'),
  closing: () => {
    const desk = refusedClose()
    desk.live(MINUTE)
    return desk
  },
  margin: () => moved('ok'),
  risk: () => {
    const desk = held()
    for (let i = 1; i <= 20; i++) {
      const start = MIDNIGHT + (i - 21) * 15 * MINUTE
      const range = { open: 100, high: 130, low: 70, close: 100, volume: 1, turnover: Number.NaN }
      desk.feed({ type: 'candle', symbol: 'SOLUSDT', interval: '15m', start, ...range })
    }
    desk.price('SOLUSDT', 100)
    desk.live(8 * MINUTE)
    return desk
  },
  reconciliation: () => {
    const desk = held()
    desk.feed({ type: 'feed-gap', reason: 'the stream was cut' })
    desk.live(MINUTE)
    return desk
  },
  drawdown: () => {
    const desk = held(overlay({ ...defaultSettings() }, { drawdown: { percent: 0.1 } }))
    desk.price('SOLUSDT', 96)
    desk.live(MINUTE)
    return desk
  },
  'loss-pause': () => {
    const symbols = ['SOLUSDT', 'ADAUSDT', 'XRPUSDT']
    const desk = new Desk().introduce(...symbols)
    desk.live(0)
    for (const symbol of symbols) {
      desk.open(reversionSignal(symbol))
      desk.stopOut(desk.position(symbol))
    }
    return desk
  },
  'comes-back': () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    desk.open(gridSignal())
    desk.stopOut(desk.position())
    return desk
  },
  'leaves-queue': () => {
    const desk = SCENES['comes-back']()
    desk.live(MINUTE)
    // Its symbol is never decided on again.
    desk.now += 4 * DAY
    desk.feed({ type: 'command', id: 'c', command: 'resume', by: 'me', reason: 'on' })
    desk.live(MINUTE)
    return desk
  },
  absence: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const [order] = placed(desk.propose(reversionSignal()))
    desk.order(order.clientOrderId, 'unknown', 'time-out')
    const asked = desk.feed({ type: 'time' })
    for (const { queryId } of only(asked, 'query-executions')) desk.executions(queryId)
    for (const { queryId } of only(asked, 'query-order')) desk.found(queryId, order.clientOrderId, 'absent')
    for (const { queryId } of only(asked, 'query-account')) desk.reply(queryId, desk.account([]))
    return desk
  },
  rest: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const [{ clientOrderId }] = placed(desk.propose(reversionSignal()))
    desk.order(clientOrderId, 'accepted')
    desk.feed({ type: 'command', id: 'c', command: 'halt', by: 'me', reason: 'enough' })
    desk.order(clientOrderId, 'rejected', 'too late')
    desk.live(MINUTE)
    return desk
  },
  spent: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const [{ clientOrderId: id }] = placed(desk.propose(reversionSignal()))
    desk.order(id, 'unknown', 'time-out')
    for (let k = 0; k < 2; k++) {
      const asked = desk.feed({ type: 'time' })
      for (const { queryId } of only(asked, 'query-executions')) desk.executions(queryId)
      for (const { queryId } of only(asked, 'query-order')) desk.found(queryId, id, 'filled')
      for (const { queryId } of only(asked, 'query-account')) desk.reply(queryId, desk.account([]))
      desk.now += MINUTE
    }
    return desk
  },
  leverage: () => held(),
  'held-back': () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    desk.confirmsLeverage = false
    const [{ requestId, leverage }] = only(desk.propose(reversionSignal()), 'set-leverage')
    desk.now += MINUTE
    desk.feed({ type: 'leverage', requestId, leverage, reason: '' })
    return desk
  },
  release: () => released(false),
  closure: () => closing(held()),
  'closure-course': () => {
    const desk = closing(held())
    desk.order(closeOf(desk).clientOrderId, 'accepted')
    return desk
  },
  'closure-refusal': () => {
    const desk = closing(held())
    desk.order(closeOf(desk).clientOrderId, 'rejected', 'try later')
    return desk
  },
  'closure-account': () => {
    const desk = closing(held())
    const close = closeOf(desk)
    desk.order(close.clientOrderId, 'accepted')
    desk.fill(close)
    desk.live(MINUTE)
    return desk
  },
  adoption: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const request = {
      kind: 'adopt',
      symbol: 'SOLUSDT',
      side: null,
      stop: 95,
      target: null,
      isOwn: false,
    } as const
    const [asked] = only(
      [...desk.feed({ type: 'handover', id: 'h', by: 'me', ...request }), ...desk.wait(SECOND)],
      'query-account',
    )
    for (const { queryId } of only(desk.effects, 'query-executions')) desk.executions(queryId)
    const there = {
      symbol: 'SOLUSDT',
      side: 'long',
      steps: 1_000,
      entry: 100,
      leverage: 3,
      stop: null,
    } as const
    desk.reply(asked.queryId, { ...desk.account(), positions: [there as never] })
    return desk
  },
  placing: () => held(),
  targets: () => held(),
  fill: () => held(),
  obstacle: () => refusedEntry(),
  'order-answer': () => refusedEntry(),
  'refused-exit': () => refusedClose(),
  room: () => moved('too-many'),
  'take-back': () => SCENES.expiry(),
  late: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    desk.propose(reversionSignal())
    desk.live(MINUTE)
    return desk
  },
  fate: () => SCENES.late(),
  'letting-go': () => released(true),
  filters: () => {
    const desk = held()
    desk.feed({ type: 'instrument', instrument: instrumentOf({ ...instrument('SOLUSDT'), tick: '0.01' }) })
    return desk
  },
  listing: () => listed(),
  delisting: () => listed(),
  maintenance: () => {
    const desk = held()
    desk.feed({ type: 'maintenance', from: desk.now + MINUTE, until: null })
    desk.live(MINUTE)
    return desk
  },
  unread: () => {
    const desk = held()
    desk.feed({ type: 'feed-gap', reason: 'cut' })
    for (let second = 0; second < 10; second++) {
      for (const { queryId } of only(desk.wait(SECOND), 'query-account')) {
        const unread = { type: 'unread', what: 'position', symbol: 'SOLUSDT', reason: 'size is "x"' } as const
        desk.reply(queryId, { ...desk.account(), positions: [], unread: [unread] })
      }
      for (const { queryId } of only(desk.effects, 'query-executions')) desk.executions(queryId)
    }
    return desk
  },
  terms: () => {
    const desk = held()
    const terms = { marginMode: 'isolated', accountType: 'unified', mayOnlyReduce: false, marginUse: null }
    desk.feed({ type: 'account-terms', terms })
    desk.feed({ type: 'account-terms', terms: { ...terms, marginMode: 'cross' } })
    return desk
  },
  rivals: () => {
    const desk = held()
    let [asked] = only(desk.feed({ type: 'feed-gap', reason: 'cut' }), 'query-account')
    for (let second = 0; second < 60 && asked === undefined; second++)
      asked = only(desk.wait(SECOND), 'query-account')[0]
    assert.ok(asked !== undefined)
    for (const { queryId } of only(desk.effects, 'query-executions')) desk.executions(queryId)
    const rival = {
      clientOrderId: 'bbw-4321-0000',
      symbol: 'ADAUSDT',
      side: 'long',
      purpose: 'entry',
    } as const
    const order = { ...rival, price: null, steps: 1 } as never
    desk.reply(asked.queryId, { ...desk.account(), orders: [...desk.resting(), order] })
    return desk
  },
  leftovers: () => {
    const desk = held()
    let [asked] = only(desk.feed({ type: 'feed-gap', reason: 'cut' }), 'query-account')
    for (let second = 0; second < 60 && asked === undefined; second++)
      asked = only(desk.wait(SECOND), 'query-account')[0]
    assert.ok(asked !== undefined)
    for (const { queryId } of only(desk.effects, 'query-executions')) desk.executions(queryId)
    const stop = { id: 'f3a1', symbol: 'ADAUSDT', side: 'long', purpose: 'exit', isGuard: true } as const
    desk.reply(asked.queryId, { ...desk.account(), conditional: [{ ...stop, since: MIDNIGHT }] })
    return desk
  },
  'lost-books': () => {
    const desk = new Desk(defaultSettings(), { instance: '1234' }).introduce('SOLUSDT')
    const next = resumed(desk, desk.settings, { instance: '1234' })
    const [asked] = only(next.wait(0), 'query-executions')
    next.executions(asked.queryId, [
      {
        type: 'fill',
        at: next.now,
        time: next.now,
        execId: 'unknown',
        clientOrderId: clientOrderId('1234', 'signal', 'entry', 0),
        cause: 'order',
        symbol: 'SOLUSDT',
        side: 'long',
        opens: true,
        price: 1_000,
        steps: 1_000,
        fee: 0,
        liquidity: 'maker',
        complete: true,
      } as never,
    ])
    for (const { queryId } of only(next.effects, 'query-account')) next.reply(queryId, next.account([]))
    return next
  },
  'lost-fill': () => reclaimed(),
  reclaim: () => reclaimed(),
  early: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const [entry] = placed(desk.propose(reversionSignal()))
    desk.order(entry.clientOrderId, 'accepted')
    desk.fill(entry, { clientOrderId: null, cause: 'stop' })
    return desk
  },
  'leverage-first': () => held(),
  'comes-to-life': () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const [entry] = placed(desk.propose(reversionSignal()))
    desk.order(entry.clientOrderId, 'accepted')
    desk.order(entry.clientOrderId, 'cancelled')
    desk.fill(entry)
    return desk
  },
  unsaved: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const [{ clientOrderId: key }] = placed(desk.propose(reversionSignal()))
    desk.feed({ type: 'persist-refused', key, reason: 'the disk is full', code: 'E109' })
    return desk
  },
  'stop-send': () => moved('ok'),
  cooldown: () => {
    const desk = held()
    desk.stopOut(desk.position())
    return desk
  },
  accepted: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    const [{ clientOrderId }] = placed(desk.propose(gridSignal('SOLUSDT', { strategy: 'sl-reentry' })))
    desk.order(clientOrderId, 'accepted')
    return desk
  },
  unanswered: () => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.live(0)
    desk.order(placed(desk.propose(reversionSignal()))[0].clientOrderId, 'unknown', 'time-out')
    return desk
  },
  store: () => {
    const desk = held()
    desk.feed({ type: 'store', ok: false, reason: 'the disk is full', code: 'E109' })
    desk.feed({ type: 'store', ok: true, reason: '', code: null })
    return desk
  },
  reading: () => unread(6 * MINUTE),
  gap: () => SCENES.reconciliation(),
  question: () => SCENES.reconciliation(),
  'put-off': () => unread(MINUTE),
  left: () => {
    const desk = held()
    const position = desk.position()
    desk.stopOut(position, { steps: (position.steps / 2) as Steps, complete: false })
    return desk
  },
}

for (const kind of RULE_KINDS) {
  if (isElsewhere(kind)) continue
  test(`a decision of the kind ${kind} is taken down by the engine that makes it, and is made again`, () => {
    const desk = SCENES[kind]()
    const decisions = desk.decisions.filter(one => one.kind === kind)
    assert.ok(decisions.length > 0, `none among ${desk.decisions.map(one => one.kind).join(', ')}`)
    for (const decision of decisions) {
      const now = RULES[kind].decide(fromText(decision.seen) as never, desk.settings)
      assert.is(textOf(now), decision.answer)
    }
  })
}

test('a signal that is judged twice in one moment leaves two decisions, each made again by itself', () => {
  const desk = new Desk().introduce('SOLUSDT')
  desk.feed({ type: 'command', id: 'c', command: 'pause', by: 'me', reason: 'no more' })
  const signal = reversionSignal()
  desk.propose(signal, signal)
  const judged = desk.decisions.filter(({ kind }) => kind === 'guards')
  assert.is(judged.length, 2)
  assert.is(judged[0].answer, judged[1].answer)
  assert.is(judged[0].answer.split('refused').length, 2, 'one refusal each')
})

test('a stop that is withheld because the API key is refused is said once, and once more when it leaves', () => {
  const desk = held()
  desk.feed({ type: 'query-failed', queryId: 'none', why: 'credentials', reason: 'the key is refused' })
  const raised = instrumentOf({ ...instrument('SOLUSDT'), maintenanceMarginRate: 0.04 })
  desk.feed({ type: 'instrument', instrument: raised })
  desk.price('SOLUSDT', 100)
  desk.live(3 * MINUTE)
  const sends = (): readonly string[] =>
    desk.decisions.flatMap(({ kind, answer }) => (kind === 'stop-send' ? [answer] : []))
  assert.equal(sends(), ['"withheld"'])
  assert.equal(only(desk.effects, 'set-stop'), [])
  desk.feed({ type: 'command', id: 'c', command: 'resume', by: 'me', reason: 'mended' })
  desk.live(MINUTE)
  const sent = only(desk.effects, 'set-stop')
  assert.ok(sent.length > 0)
  // Asked for again, as nobody answers: each time is a decision.
  assert.is(sends().length, 1 + sent.length)
})

test('a pause after losses that another rule has made longer over a restart is decided on, and taken down', () => {
  const desk = SCENES['loss-pause']()
  const { guards } = desk.settings
  const streak = { ...guards['losing-streak'], pauseMinutes: 600 }
  const settings = { ...desk.settings, guards: { ...guards, 'losing-streak': streak } }
  const next = resumed(desk, settings)
  next.live(MINUTE)
  const told = next.effects.flatMap(one => (one.type === 'event' && one.event.code === 'W135' ? [one] : []))
  const decided = next.decisions.filter(({ kind }) => kind === 'loss-pause')
  assert.equal([told.length, decided.length], [1, 1])
})

const answerUnder = ({ kind, seen }: Decision, settings: Settings): string =>
  textOf(RULES[kind as RuleKind].decide(fromText(seen) as never, settings))

test('a parameter that decides makes another answer', () => {
  const standard = defaultSettings()
  for (const [kind, over] of [
    ['margin', { risk: { cascadeClose: true } }],
    ['drawdown', { drawdown: { percent: 99, haltPercent: 99 } }],
    ['risk', { strategies: { 'trailing-x10': { leverageFrom: 20 } } }],
  ] as const) {
    const decision = SCENES[kind]().decisions.find(one => one.kind === kind)
    assert.ok(decision !== undefined)
    assert.is.not(answerUnder(decision, overlay({ ...standard }, over)), decision.answer, kind)
  }
})

test('a decision is about the strategy, symbol and side that it is about', () => {
  for (const kind of ['stop-wish', 'margin', 'emergency'] as const) {
    const decision = SCENES[kind]().decisions.find(one => one.kind === kind)
    assert.equal(
      [decision?.strategy, decision?.symbol, decision?.side],
      ['mean-reversion', 'SOLUSDT', 'long'],
      kind,
    )
  }
})

test.run()
