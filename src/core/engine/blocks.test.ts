import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import type { RuleKind } from './decision-record.ts'
import { Desk, only, placed, reversionSignal } from './desk.fixture.ts'
import { keptAway, undecided } from './kept-away.fixture.ts'
import type { AccountTerms, RestingReport } from './protocol.ts'
import { defaultSettings, overlay } from './settings.ts'

const test = suite('blocks')

/** A house in which a cycle has run. */
function house(): Desk {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  return desk
}

/** The answers of a kind that are taken down while something is done. */
function taken(desk: Desk, kind: RuleKind, act: () => void): readonly unknown[] {
  const before = desk.decisions.length
  act()
  return desk.decisions.slice(before).flatMap(one => (one.kind === kind ? [JSON.parse(one.answer)] : []))
}

const RIVAL = {
  clientOrderId: 'bbw-4321-0000',
  symbol: 'ADAUSDT',
  side: 'long',
  purpose: 'entry',
  price: null,
  steps: 1,
} as unknown as RestingReport

/** The account is looked at until a minute is over, and shows an order of another bbw. */
function shown(desk: Desk): void {
  for (let second = 0; second < 70; second++) {
    const effects = desk.wait(1_000)
    for (const { queryId } of only(effects, 'query-executions')) desk.executions(queryId)
    for (const { queryId } of only(effects, 'query-account'))
      desk.reply(queryId, { ...desk.account(), orders: [...desk.resting(), RIVAL] })
  }
}

test('orders of another bbw that are still there when a person resumes halt entries by a decision of their own', () => {
  const desk = house()
  desk.feed({ type: 'feed-gap', reason: 'cut' })
  assert.equal(
    taken(desk, 'rivals', () => shown(desk)),
    ['block', 'halt'],
  )
  desk.feed({ type: 'command', id: 'r', command: 'resume', by: 'me', reason: 'it is gone' })
  assert.equal(
    taken(desk, 'rivals', () => shown(desk)),
    ['halt'],
  )
  assert.ok(desk.engine.halted)
})

test('each coming and going of maintenance is a decision', () => {
  const desk = house()
  const announced = (): void => {
    desk.feed({ type: 'maintenance', from: desk.now + MINUTE, until: null })
    desk.live(2 * MINUTE)
  }
  const withdrawn = (): void => {
    desk.feed({ type: 'maintenance', from: null, until: null })
  }
  for (const _ of [1, 2]) {
    assert.equal(taken(desk, 'maintenance', announced)[0], 'near')
    assert.ok(JSON.stringify(desk.engine.save().obstacles).includes('maintenance'))
    assert.equal(taken(desk, 'maintenance', withdrawn), ['withdrawn'])
    assert.equal(desk.engine.save().obstacles, [])
  }
})

test('maintenance that is put off to much later keeps nothing away until then', () => {
  const desk = house()
  desk.feed({ type: 'maintenance', from: desk.now + MINUTE, until: null })
  desk.live(MINUTE)
  desk.feed({ type: 'maintenance', from: desk.now + 60 * MINUTE, until: null })
  desk.live(MINUTE)
  assert.equal(desk.engine.save().obstacles, [])
})

const TERMS: AccountTerms = {
  marginMode: 'isolated',
  accountType: 'unified',
  mayOnlyReduce: false,
  marginUse: null,
}

/** What the terms of the account raise and lift, by the decisions about them. */
function moved(desk: Desk, ...list: readonly Partial<AccountTerms>[]): readonly unknown[] {
  return list.flatMap(over => {
    const answers = taken(desk, 'terms', () =>
      desk.feed({ type: 'account-terms', terms: { ...TERMS, ...over } }),
    )
    return answers.map(answer => {
      const { raised, lifted } = answer as { raised: string[]; lifted: string[] }
      return [...raised.map(cause => `+${cause}`), ...lifted.map(cause => `-${cause}`)].join(' ')
    })
  })
}

test('what the terms of the account raise and lift is a decision each', () => {
  const desk = house()
  assert.equal(moved(desk, { marginUse: 0.6 }, { marginUse: 0.45 }, { marginUse: 0.3 }).filter(Boolean), [
    '+margin',
    '-margin',
  ])
  assert.equal(moved(desk, {}, { marginMode: 'cross' }).filter(Boolean), ['+terms'])
  desk.feed({ type: 'command', id: 'r', command: 'resume', by: 'me', reason: 'I did that' })
  assert.equal(moved(desk, { marginMode: 'isolated' }), ['-terms'], 'the resume has not lifted it')
})

test('what a restart finds of the terms in the books is lifted by a decision', () => {
  const desk = house()
  assert.equal(moved(desk, { mayOnlyReduce: true }), ['+only-reduce'])
  desk.restart()
  assert.equal(moved(desk, {}), ['-only-reduce'])
})

/** For a span nothing that is asked is answered. */
function away(desk: Desk, span: number): void {
  for (let waited = 0; waited < span; waited += 1_000) {
    for (const effect of desk.wait(1_000))
      if ('queryId' in effect) desk.feed({ type: 'query-failed', queryId: effect.queryId, reason: 'away' })
  }
}

test('an exchange that is away, and there again, is a decision each', () => {
  const desk = house()
  desk.open(reversionSignal())
  desk.live(MINUTE)
  const answers = (act: () => void): readonly unknown[] =>
    taken(desk, 'reading', act).filter(answer => answer !== null)
  assert.equal(
    answers(() => away(desk, 15 * MINUTE)),
    ['unreadable', 'away'],
  )
  assert.is.not(desk.engine.save().recovery, null)
  assert.equal(
    answers(() => desk.live(2 * MINUTE)),
    ['read'],
  )
  assert.is(desk.engine.save().recovery, null)
})

test('a decision on closed candles that is put off names them, and what it waits for', () => {
  const desk = house()
  desk.open(reversionSignal())
  desk.live(MINUTE)
  away(desk, 2 * MINUTE)
  desk.day('SOLUSDT', MIDNIGHT, 100)
  assert.equal(
    taken(desk, 'put-off', () => away(desk, 2 * MINUTE)).map(answer => JSON.stringify(answer).slice(0, 5)),
    ['[["1d'],
  )
  assert.ok(desk.decisions.some(({ kind, seen }) => kind === 'put-off' && seen.includes('unreadable')))
  assert.equal(
    taken(desk, 'put-off', () => desk.live(MINUTE)),
    [[]],
  )
})

test('an order of which nothing is known any more, and one that was found, is a decision each', () => {
  const desk = house()
  const [{ clientOrderId }] = placed(desk.propose(reversionSignal()))
  assert.equal(
    taken(desk, 'unanswered', () => desk.order(clientOrderId, 'unknown', 'time-out')),
    [{ doubt: 'lost-reply', code: 'E105', isInVain: false }],
  )
  assert.equal(
    taken(desk, 'order-answer', () => desk.order(clientOrderId, 'accepted')),
    ['accepted'],
  )
})

test('a store in trouble, and out of it, is a decision each', () => {
  const desk = house()
  assert.equal(
    taken(desk, 'store', () => {
      desk.feed({ type: 'store', ok: false, reason: 'the disk is full', code: 'E109' })
      desk.feed({ type: 'store', ok: false, reason: 'it is still full', code: 'E109' })
      desk.feed({ type: 'store', ok: true, reason: '', code: null })
    }).filter(answer => answer !== null),
    ['trouble', 'saves'],
  )
})

test('that everything is closed for a drawdown is part of the decision about it', () => {
  const settings = overlay({ ...defaultSettings() }, { drawdown: { percent: 0.1, closeAll: true } })
  const desk = new Desk(settings).introduce('SOLUSDT')
  desk.live(0)
  desk.open(reversionSignal())
  desk.price('SOLUSDT', 96)
  const [course] = taken(desk, 'drawdown', () => desk.live(MINUTE))
  assert.match((course as { closes: string }).closes, 'drawdown of')
  assert.ok(placed(desk.effects).some(({ type, purpose }) => type === 'market' && purpose === 'exit'))
})

test('what comes or goes in a step in which nobody decides it is found', () => {
  const desk = house()
  const before = keptAway(desk.engine.state())
  const input = { type: 'store', at: desk.now, ok: false, reason: 'the disk is full', code: 'E109' } as const
  const effects = desk.engine.step(input)
  const after = keptAway(desk.engine.state())
  assert.equal(undecided(before, after, input, effects), [])
  const silent = effects.filter(({ type }) => type !== 'decisions')
  assert.equal(undecided(before, after, input, silent), ['store: nothing -> true at store'])
  assert.equal(undecided(after, before, input, silent), ['store: true -> nothing at store'])
})

test('what has an end of its own is over then without anybody', () => {
  const desk = house()
  const [{ clientOrderId }] = placed(desk.propose(reversionSignal()))
  desk.feed({ type: 'order', clientOrderId, status: 'rejected', why: 'balance', reason: 'too little' })
  const stands = keptAway(desk.engine.state())
  const until = stands.get('obstacle balance null')?.until ?? 0
  assert.ok(until > desk.now)
  const left = (at: number): number => undecided(stands, new Map(), { type: 'time', at }, []).length
  assert.equal([left(until - 1), left(until)], [1, 0])
})

test.run()
