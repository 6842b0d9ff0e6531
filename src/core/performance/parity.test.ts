import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Trade, TradeExit } from '../portfolio/trade.ts'
import { type Aspect, parityOf, STRICT } from './parity.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('parity of trades')
const SEED = 20_260_729
console.log(`seed ${SEED}`)

const exit = (over: Partial<TradeExit> = {}): TradeExit => ({
  ...{ time: 90_000, price: 110.1, qty: 1, reason: 'target' },
  ...over,
})

const TRADE: Trade = testTrade({
  ...{ id: 'signal', openedAt: 60_000, closedAt: 90_000, entry: 100, exit: 110.1, qty: 1, notional: 100 },
  ...{ fees: 0.1155, funding: -0.01, gross: 10.1, net: 9.9745, exits: [exit()] },
})

const aspects = (a: Trade, b: Trade, over: Partial<typeof STRICT> = {}): readonly Aspect[] =>
  parityOf([a], [b], { ...STRICT, ...over }).differences.map(({ aspect }) => aspect)

test('equal trades do not differ, in whatever order they are given', () => {
  const other = { ...TRADE, id: 'other', openedAt: 50_000 }
  const { differences, same, paired, explanations } = parityOf([TRADE, other], [other, TRADE])
  assert.equal([differences, same, paired, explanations], [[], 2, 2, []])
  assert.equal(parityOf([], []).differences, [])
})

test('each part that differs is named for what it is, and nothing that follows from it', () => {
  const cases: readonly (readonly [Partial<Trade>, readonly Aspect[]])[] = [
    [{ fees: 0.1156, net: 9.9744 }, ['fees']],
    [{ funding: -0.02, net: 9.9645 }, ['funding']],
    [{ entry: 100.1, gross: 10, net: 9.8745 }, ['entry-price']],
    [{ exit: 110.2, exits: [exit({ price: 110.2 })], gross: 10.2, net: 10.0745 }, ['exit-price']],
    [{ openedAt: 61_000 }, ['open-time']],
    [{ closedAt: 91_000, exits: [exit({ time: 91_000 })] }, ['exit-time']],
    [{ exitReason: 'stop', exits: [exit({ reason: 'stop' })] }, ['exit-reason', 'exits']],
    [{ leverage: 7 }, ['leverage']],
    [{ score: 1.5 }, ['score']],
    [{ entryReason: 'else' }, ['entry-reason']],
    [{ side: 'short' }, ['side']],
    [{ mae: -3.1 }, ['excursion']],
    [{ net: 9 }, ['result']],
  ]
  for (const [over, expected] of cases) {
    assert.equal(aspects(TRADE, { ...TRADE, ...over }), expected, JSON.stringify(over))
  }
  const half = { ...TRADE, qty: 0.5, exits: [exit({ qty: 0.5 })] }
  assert.equal(aspects(TRADE, half), ['quantity', 'exits'])
})

test('one tick is told as one of the last digit, one fee by both rates', () => {
  const ticked = parityOf([TRADE], [{ ...TRADE, entry: 100.1 }]).differences[0]
  assert.match(ticked.words, '+1 of the last digit, 10.0 bp worse in B')
  const short = { ...TRADE, side: 'short' } as const
  assert.match(parityOf([short], [{ ...short, entry: 100.1 }]).differences[0].words, 'better in B')
  const [fee] = parityOf([TRADE], [{ ...TRADE, fees: 0.2 }]).differences
  assert.equal([fee.a, fee.b, fee.words], [0.1155, 0.2, '0.05497 % of turnover against 0.09519 %'])
})

test('what is tolerated is what was said, and no more', () => {
  const late = { ...TRADE, openedAt: 62_000, closedAt: 92_000, exits: [exit({ time: 92_000 })] }
  assert.equal(aspects(TRADE, late), ['open-time', 'exit-time'])
  assert.equal(aspects(TRADE, late, { time: 2_000 }), [])
  assert.equal(aspects(TRADE, late, { time: 1_999 }), ['open-time', 'exit-time'])
  const split = { ...TRADE, exits: [exit({ qty: 0.3, time: 89_000 }), exit({ qty: 0.7 })] }
  const [found] = parityOf([TRADE], [split]).differences
  assert.equal([found.aspect, found.words], ['exits', 'the same in sum, filled in other parts'])
  assert.equal(aspects(TRADE, split, { splitFills: true }), [])
  const worse = { ...split, exits: [exit({ qty: 0.3, price: 110 }), exit({ qty: 0.7 })] }
  assert.equal(aspects(TRADE, worse, { splitFills: true }), ['exit-price'])
  const less = { ...split, exits: [exit({ qty: 0.3 }), exit({ qty: 0.6 })] }
  assert.equal(aspects(TRADE, less, { splitFills: true }), ['exits'])
  assert.equal(aspects(TRADE, { ...TRADE, mfe: 99 }, { anyExcursion: true }), [])
})

test('a trade of one side alone is told with what is known of it', () => {
  const { differences, paired } = parityOf([TRADE], [{ ...TRADE, id: 'else' }], STRICT, (id, missingIn) =>
    id === 'signal' ? `refused in ${missingIn}` : null,
  )
  assert.is(paired, 0)
  assert.equal(
    differences.map(({ aspect, a, b, words }) => [aspect, a, b, words]),
    [
      ['missing', 'net 9.97', null, 'refused in b'],
      ['extra', null, 'net 9.97', 'not in A; what came before may have led elsewhere'],
    ],
  )
  assert.is(parityOf([TRADE, TRADE], [TRADE]).differences.length, 1, 'a second one of a signal is missing')
})

test('what many differences have in common is said', () => {
  const trades = [1, 2, 3].map(k => ({ ...TRADE, id: `${k}`, fees: 0.1 * k }))
  const dearer = trades.map(trade => ({ ...trade, fees: trade.fees * 1.02, entry: 100.1, openedAt: 60_250 }))
  const { explanations } = parityOf(trades, dearer)
  const all = explanations.join('\n')
  assert.match(all, 'the first difference is open-time of')
  assert.match(all, 'fees differ in 3 of 3 trades, by +2.000 % in B: another fee rate')
  assert.match(all, 'all worse in B: another slippage')
  assert.match(all, '3 fills lie +0.250 s apart in the middle: latency')
})

test('any single change of a price or a fee by a hundred-thousandth is found, and none of a rounding', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('entry' as const, 'fees' as const, 'exit' as const),
      fc.double({ min: 1e-7, max: 1e5, noNaN: true }),
      fc.constantFrom(-1e-5, 1e-5),
      (what, scale, share) => {
        const base: Trade = {
          ...{ ...TRADE, entry: scale, exit: scale, notional: scale },
          ...{ fees: scale * 0.00055, exits: [exit({ price: scale })] },
        }
        const moved = (by: number): Trade =>
          what === 'exit'
            ? { ...base, exits: [exit({ price: scale * (1 + by) })] }
            : { ...base, [what]: base[what] * (1 + by) }
        assert.is(parityOf([base], [moved(share)]).differences.length, 1)
        assert.is(parityOf([base], [moved(1e-13)]).differences.length, 0)
      },
    ),
    { seed: SEED },
  )
})

test.run()
