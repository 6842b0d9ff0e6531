import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps } from '../base/units.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import {
  CLOSE_PATIENCE,
  CLOSURE_ACCOUNT,
  CLOSURE_COURSE,
  CLOSURE_REFUSAL,
  CLOSURE_STEP,
  type ClosureCourse,
  type ClosureSight,
  type ClosureStep,
  type SeenClosure,
  type SeenClosureAccount,
  type SeenClosureRefusal,
} from './closure-rules.ts'
import { instrument } from './desk.fixture.ts'
import { isSilent } from './rule.ts'
import { asking } from './rules.fixture.ts'
import type { WaitingClosure } from './state.ts'

const test = suite('rules of closures')
const SEED = 20_260_507
console.log(`seed ${SEED}`)
const ask = asking()

const CLOSURE: WaitingClosure = {
  ...{ id: 'c', kind: 'close', symbol: null, side: null, isForeignToo: false, halts: false },
  ...{ by: 'me', reason: 'enough', since: MIDNIGHT, askedAt: null, tried: [], isOpen: true },
  ...{ isAccepted: false, isAnswered: false, closed: [], left: [], trouble: '' },
}
const SOL = { symbol: 'SOLUSDT', side: 'long' } as const
const ADA = { symbol: 'ADAUSDT', side: 'short' } as const
const SEEN: SeenClosure = {
  closure: CLOSURE,
  now: MIDNIGHT,
  positions: [
    { ...SOL, isClosing: false },
    { ...ADA, isClosing: false },
  ],
  entries: [{ ...ADA, id: 'e', isCancelling: false }],
  exits: [],
}
const of = (over: Partial<WaitingClosure>, seen: Partial<SeenClosure> = {}): SeenClosure => ({
  ...SEEN,
  ...seen,
  closure: { ...CLOSURE, ...over },
})

// --- what is closed and taken back

const step = (over: Partial<WaitingClosure>, seen: Partial<SeenClosure> = {}): ClosureStep | null =>
  ask(CLOSURE_STEP, of(over, seen))

test('all that is asked for is taken back and closed, and nothing else', () => {
  assert.equal(step({}), { takesBack: ['e'], closes: ['SOLUSDT:long', 'ADAUSDT:short'] })
  assert.equal(step({ symbol: 'SOLUSDT' }), { takesBack: [], closes: ['SOLUSDT:long'] })
  assert.equal(step({ side: 'short' }), { takesBack: ['e'], closes: ['ADAUSDT:short'] })
  assert.is(step({ symbol: 'SOLUSDT', side: 'short' }), null)
})

test('what is too little is left, what is on its way is not asked for again, entries after a while', () => {
  assert.equal(step({ left: ['SOLUSDT:long'] })?.closes, ['ADAUSDT:short'])
  const positions = SEEN.positions.map(one => ({ ...one, isClosing: true }))
  const entries = [{ ...ADA, id: 'e', isCancelling: true }]
  assert.is(step({}, { positions, entries }), null)
  const askedAt = MIDNIGHT - 5 * SECOND
  assert.is(step({ askedAt: askedAt + 1 }, { positions }), null)
  assert.equal(step({ askedAt }, { positions }), { takesBack: ['e'], closes: [] })
})

// --- how it goes on

const course = (over: Partial<WaitingClosure>, seen: Partial<SeenClosure> = {}): ClosureCourse =>
  ask(CLOSURE_COURSE, of(over, seen))
const NOTHING: Partial<SeenClosure> = { positions: [], entries: [] }

test('it is open while the books have a position, an entry or an order of it', () => {
  assert.is(course({}).isOpen, true)
  assert.is(course({}, NOTHING).isOpen, false)
  assert.is(course({}, { ...NOTHING, entries: SEEN.entries }).isOpen, true)
  const exits = [{ ...SOL, leg: 'target', isAccepted: true }] as const
  assert.is(course({}, { ...NOTHING, exits }).isOpen, true)
  assert.is(course({ symbol: 'ADAUSDT' }, { ...NOTHING, exits }).isOpen, false)
  assert.is(course({ left: ['SOLUSDT:long'] }, { ...NOTHING, exits }).isOpen, false)
})

test('what the exchange has accepted is waited for; what it has not is told when patience ends', () => {
  const exit = { ...SOL, leg: 'close', isAccepted: true } as const
  const late = MIDNIGHT + CLOSE_PATIENCE
  assert.equal(course({}, { now: late, exits: [exit] }), { isOpen: true, isAccepted: true, stuck: null })
  const doubted = [exit, { ...ADA, leg: 'close', isAccepted: false } as const]
  assert.is(course({}, { now: late - 1, exits: doubted }).stuck, null)
  assert.match(course({}, { now: late, exits: doubted }).stuck ?? '', 'the exchange does not answer')
  assert.match(course({ trouble: 'SOLUSDT long: no' }, { now: late }).stuck ?? '', 'SOLUSDT long: no')
  assert.is(course({ isAccepted: true }, { now: late }).stuck, null, 'until now it had')
  assert.is(course({ isAnswered: true }, { now: late }).stuck, null, 'that is told once')
})

test('a course that stays what it was is silent', () => {
  for (const [closure, silent] of [
    [{}, true],
    [{ isOpen: false }, false],
    [{ isAccepted: true }, false],
    [{ since: MIDNIGHT - MINUTE }, false],
  ] as const) {
    const seen = of(closure)
    assert.is(isSilent(CLOSURE_COURSE, ask(CLOSURE_COURSE, seen), seen), silent, JSON.stringify(closure))
  }
})

// --- refusals

const REFUSED: SeenClosureRefusal = {
  closure: CLOSURE,
  refused: { clientOrderId: 'x', ...SOL, leg: 'close', steps: 10 as Steps, reason: 'no' },
  instrument: { ...instrument('SOLUSDT'), minQty: 10 as Steps },
  isDust: false,
}

test('a close that is refused is tried again, one of less than the least order is left and told', () => {
  assert.equal(ask(CLOSURE_REFUSAL, REFUSED), { kind: 'again', trouble: 'SOLUSDT long: no' })
  assert.equal(ask(CLOSURE_REFUSAL, { ...REFUSED, instrument: null })?.kind, 'again')
  const rest: SeenClosureRefusal = { ...REFUSED, refused: { ...REFUSED.refused, steps: 9 as Steps } }
  const words = 'the rest of 0.009 is below the least order of 0.010'
  const trouble = `SOLUSDT long: ${words}`
  assert.equal(ask(CLOSURE_REFUSAL, rest), { kind: 'leave', trouble, words, rest: '0.009', isTold: true })
  const told = ask(CLOSURE_REFUSAL, { ...rest, isDust: true })
  assert.is(told?.kind === 'leave' && told.isTold, false, 'the exchange has called it that already')
})

test('a refusal of another position, or of a target, says nothing of it', () => {
  assert.is(ask(CLOSURE_REFUSAL, { ...REFUSED, closure: { ...CLOSURE, symbol: 'ADAUSDT' } }), null)
  const refused = { ...REFUSED.refused, leg: 'target', steps: 9 as Steps } as const
  assert.is(ask(CLOSURE_REFUSAL, { ...REFUSED, refused }), null)
})

// --- what the account shows

const sight = (
  over: Partial<WaitingClosure>,
  seen: Partial<SeenClosureAccount> = {},
  books: Partial<SeenClosure> = NOTHING,
): ClosureSight =>
  ask(CLOSURE_ACCOUNT, {
    ...{ ...of(over, books), there: [], resting: [], asked: [], unread: [], instance: 'abcd' },
    ...seen,
  })
const ended = (over: Partial<WaitingClosure>, seen: Partial<SeenClosureAccount> = {}): unknown => {
  const { end } = sight(over, seen)
  return end === null ? null : [end.kind === 'flat' ? end.kind : end.why, end.words]
}

test('it ends when neither books nor account have anything of it, with what there was to say', () => {
  assert.is(sight({}, {}, {}).end, null, 'the books have it still')
  assert.equal(ended({}), ['flat', 'nothing was held'])
  assert.equal(ended({ closed: ['SOLUSDT:long'] }), ['flat', 'flat: SOLUSDT long'])
  assert.equal(ended({ closed: ['SOLUSDT:long'] }, { there: [ADA] }), [
    'flat',
    'flat: SOLUSDT long; left, not opened by bbw: ADAUSDT short',
  ])
  assert.equal(ended({ symbol: 'ADAUSDT' }), ['missing', 'it is not held'])
  assert.equal(ended({ symbol: 'ADAUSDT' }, { there: [ADA] }), [
    'denied',
    'it was not opened by bbw: say --foreign',
  ])
  const left = { left: ['SOLUSDT:long'], closed: ['SOLUSDT:long'], trouble: 'SOLUSDT long: little' }
  assert.equal(ended(left), ['stuck', 'SOLUSDT long: little'])
  assert.equal(ended({ ...left, isAnswered: true }), ['flat', 'flat: SOLUSDT long'])
})

test('what bbw did not open is closed where that was said, once, and again after a while', () => {
  const there = [ADA]
  const closes = (over: Partial<WaitingClosure>, books = NOTHING): unknown => {
    const { closes: keys, end } = sight({ isForeignToo: true, ...over }, { there }, books)
    return end === null ? keys : 'end'
  }
  assert.equal(closes({}), ['ADAUSDT:short'])
  assert.is(closes({ isForeignToo: false }), 'end')
  assert.is(closes({ isAnswered: true }), 'end')
  assert.equal(closes({ symbol: 'SOLUSDT', closed: ['SOLUSDT:long'] }), 'end')
  assert.equal(closes({}, { ...NOTHING, exits: [{ ...ADA, leg: 'close', isAccepted: true }] }), [])
  assert.equal(closes({ tried: [['ADAUSDT:short', MIDNIGHT - 5 * SECOND + 1]] }), [])
  assert.equal(closes({ tried: [['ADAUSDT:short', MIDNIGHT - 5 * SECOND]] }), ['ADAUSDT:short'])
  assert.is(closes({ left: ['ADAUSDT:short'], closed: ['ADAUSDT:short'] }), 'end')
})

test('entries of a bbw that the books do not know are taken back, those of anybody else are left', () => {
  const order = (clientOrderId: string, over = {}) => ({
    ...ADA,
    clientOrderId,
    purpose: 'entry' as const,
    ...over,
  })
  const resting = [
    order('bbw-abcd-1'),
    order('bbw-ffff-2'),
    order('theirs'),
    order('e'),
    order('bbw-abcd-3', { purpose: 'exit' }),
    order('bbw-abcd-4'),
    order('bbw-abcd-5', SOL),
  ]
  const books = { ...NOTHING, entries: SEEN.entries }
  const seen = { resting, asked: ['bbw-abcd-4'] }
  const over = { isForeignToo: true, symbol: 'ADAUSDT' }
  assert.equal(sight(over, seen, books).takesBack, ['bbw-abcd-1', 'bbw-ffff-2'])
  assert.equal(sight({ ...over, isForeignToo: false }, seen, books).takesBack, [])
})

test('the account is pressed for until the exchange has an order for everything', () => {
  const exits = [{ ...SOL, leg: 'close', isAccepted: true }] as const
  assert.is(sight({}, {}, {}).isPressing, true)
  assert.is(sight({}, {}, { exits }).isPressing, false)
  assert.is(sight({ isForeignToo: true }, { there: [ADA] }, { exits, positions: [] }).isPressing, true)
})

test('it does not end while something of what is to be closed cannot be read', () => {
  const hidden = (symbol: string | null, what: 'position' | 'wallet' = 'position') => ({
    unread: [{ type: 'unread', what, symbol, reason: 'size is "x"' } as const],
  })
  for (const symbol of [null, 'SOLUSDT', 'ADAUSDT']) assert.is(sight({}, hidden(symbol)).end, null)
  assert.is(sight({ symbol: 'SOLUSDT' }, hidden('SOLUSDT')).end, null)
  assert.is(sight({ symbol: 'SOLUSDT' }, hidden('ADAUSDT')).end?.kind, 'refused')
  assert.is(sight({}, hidden(null, 'wallet')).end?.kind, 'flat')
})

test('it never ends while anything of it is left in the books or, where that was said, in the account', () => {
  const spots = fc.constantFrom(SOL, ADA, { symbol: 'SOLUSDT', side: 'short' } as const)
  const some = fc.uniqueArray(spots, { selector: ({ symbol, side }) => `${symbol}:${side}` })
  fc.assert(
    fc.property(
      fc.record({
        symbol: fc.constantFrom(null, 'SOLUSDT', 'ADAUSDT'),
        side: fc.constantFrom(null, 'long', 'short'),
        isForeignToo: fc.boolean(),
        isAnswered: fc.boolean(),
      }),
      some,
      some,
      some,
      (request, held, entered, there) => {
        const books = {
          positions: held.map(one => ({ ...one, isClosing: true })),
          entries: entered.map((one, k) => ({ ...one, id: `e${k}`, isCancelling: true })),
        }
        const { symbol, side, isForeignToo, isAnswered } = request
        const isIt = (one: { readonly symbol: string; readonly side: string }): boolean =>
          (symbol === null || symbol === one.symbol) && (side === null || side === one.side)
        const { end } = sight(request as Partial<WaitingClosure>, { there }, books)
        const isLeft = [...held, ...entered].some(isIt)
        const isStrange = isForeignToo && !isAnswered && there.some(one => isIt(one) && !held.includes(one))
        assert.is(end === null, isLeft || isStrange)
      },
    ),
    { seed: SEED, numRuns: 300 },
  )
})

test.run()
