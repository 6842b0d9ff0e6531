import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../base/units.ts'
import type { RuleKind } from './decision-record.ts'
import { Desk, only } from './desk.fixture.ts'
import type { AccountTerms, RestingReport } from './protocol.ts'

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
  assert.equal(moved(desk, { marginMode: 'isolated' }), ['+terms'])
})

test('what a restart finds of the terms in the books is lifted by a decision', () => {
  const desk = house()
  assert.equal(moved(desk, { mayOnlyReduce: true }), ['+only-reduce'])
  desk.restart()
  assert.equal(moved(desk, {}), ['-only-reduce'])
})

test.run()
