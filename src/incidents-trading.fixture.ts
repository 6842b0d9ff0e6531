/** Incidents of trading programs, told apart by number, with the tests that show that they cannot happen here. */
import type { NamedTest } from './fault-map.fixture.ts'

export interface IncidentRow {
  readonly incident: number
  readonly what: string
  readonly shown: readonly NamedTest[]
}

export const TRADING_INCIDENTS: readonly IncidentRow[] = [
  {
    incident: 13,
    what: 'quantities and prices that the exchange refused, because they were not rounded to its filters',
    shown: [
      {
        file: 'incidents-orders.test.ts',
        title: 'incident 13: whatever tick, step and least order, an order is within them or is refused',
      },
    ],
  },
  {
    incident: 14,
    what: 'targets refused over a guessed step, and the symbol muted for a day',
    shown: [
      {
        file: 'incidents-orders.test.ts',
        title:
          'incident 14: without the filters of its symbol, or with others, nothing is entered; with them it is',
      },
      {
        file: 'incidents-orders.test.ts',
        title: 'incident 14: a row without a usable step or tick is an error, and never a guess',
      },
    ],
  },
  {
    incident: 15,
    what: 'the noise of floating point in the text of a quantity',
    shown: [
      {
        file: 'incidents-orders.test.ts',
        title: 'incident 15: a quantity or a price is written as its exact decimal, for every count',
      },
    ],
  },
  {
    incident: 16,
    what: 'a stop that went down in profit and back, reckoned from the mark alone',
    shown: [
      {
        file: 'core/adapters/sim/managed.test.ts',
        title:
          'incident 16: over any prices, sides and leverages a stop never loosens or is gone, targets add up, and one request is on its way',
      },
    ],
  },
  {
    incident: 17,
    what: 'winners that no rule gave a stop',
    shown: [
      {
        file: 'incidents-positions.test.ts',
        title: 'incident 17: a position in profit has its stop again within one cycle, as any other has',
      },
    ],
  },
  {
    incident: 18,
    what: 'a stop that one rule loosened, not looking where another had put it',
    shown: [
      {
        file: 'incidents-positions.test.ts',
        title:
          'incident 18: a stop that was trailed is restored where it was, and never where the entry had it',
      },
    ],
  },
  {
    incident: 19,
    what: 'a stop within the noise of the price',
    shown: [
      {
        file: 'incidents-orders.test.ts',
        title:
          'incident 19: a stop nearer than 1 % of the price is no entry, on both sides and at both leverages',
      },
    ],
  },
  {
    incident: 20,
    what: 'rules that were reckoned for weeks and never carried out',
    shown: [
      {
        file: 'incidents-positions.test.ts',
        title: 'incident 20: each rule that moves a stop changes the stop at the exchange',
      },
      {
        file: 'incidents-positions.test.ts',
        title: 'incident 20: partial targets rest at the exchange, and what they sell is sold',
      },
    ],
  },
  {
    incident: 25,
    what: 'a duplicate entry, because checking and ordering were apart',
    shown: [{ file: 'faults-orders.test.ts', title: 'incident 25: two triggers at once become one order' }],
  },
  {
    incident: 26,
    what: 'an order lost on a time-out that was taken for a failure',
    shown: [
      {
        file: 'faults-orders.test.ts',
        title: 'incident 26: an order lost on a time-out becomes one position',
      },
    ],
  },
  {
    incident: 27,
    what: 'duplicate stop and target orders, placed without looking',
    shown: [
      {
        file: 'faults-stops.test.ts',
        title: 'incident 27: ten more rounds of every cycle leave the same stop and the same targets',
      },
    ],
  },
  {
    incident: 28,
    what: 'a cancellation taken for a fill',
    shown: [
      {
        file: 'faults-books.test.ts',
        title: 'incident 28: a cancellation, a part and a whole fill are told apart by what was executed',
      },
    ],
  },
  {
    incident: 29,
    what: 'false messages of stops and targets after a restart',
    shown: [
      {
        file: 'faults-books.test.ts',
        title:
          'incident 29: a restart with a position and open orders tells of nothing that has not happened',
      },
    ],
  },
  {
    incident: 30,
    what: 'messages of stops at every cycle, because the exchange gives them new ids',
    shown: [
      {
        file: 'incidents-positions.test.ts',
        title: 'incident 30: a stop whose order is another one each cycle is told of never',
      },
    ],
  },
  {
    incident: 31,
    what: 'an exit without its reason, or with a wrong one',
    shown: [
      {
        file: 'incidents-exits.test.ts',
        title:
          'incident 31: every way out has its own reason, a person, a liquidation and funding among them',
      },
    ],
  },
  {
    incident: 32,
    what: 'a short held for 730 hours, because time exits ran in the heavy cycle alone',
    shown: [
      {
        file: 'incidents-exits.test.ts',
        title: 'incident 32: a position is closed at its limit though the heavy cycle starves',
      },
    ],
  },
  {
    incident: 33,
    what: 'a time in position that was counted from the order',
    shown: [
      {
        file: 'incidents-positions.test.ts',
        title:
          'incident 33: the time in a position counts from its first fill, and not from order, last fill or restart',
      },
    ],
  },
  {
    incident: 34,
    what: 'an age in milliseconds that was read as seconds',
    shown: [
      {
        file: 'core/strategies/partial-tp.test.ts',
        title: 'incident 34: after 48 h the first share is at least 40 %, and not a millisecond before',
      },
    ],
  },
  {
    incident: 35,
    what: 'positions closed without the word of the person who opened them',
    shown: [
      {
        file: 'incidents-positions.test.ts',
        title:
          'incident 35: nothing is closed at the market unsaid, and what would close by itself for risk alone is off',
      },

      {
        file: 'core/engine/margin-checks.test.ts',
        title: 'incident 35: only where the configuration says so is it closed, after the word about it',
      },
      {
        file: 'faults-handover.test.ts',
        title: 'incident 35: a position opened by hand whose stop cannot be set is told of and not closed',
      },
    ],
  },
  {
    incident: 36,
    what: 'a target at once on one coin, because a symbol was written into the defaults',
    shown: [
      {
        file: 'incidents-orders.test.ts',
        title:
          'incident 36: no default and no rule knows a symbol; coins stand in the lists of the universe alone',
      },

      {
        file: 'core/strategies/junk-short.test.ts',
        title:
          'incident 36: its target is the middle of the bands of its own symbol, and never beyond the entry',
      },
    ],
  },
  {
    incident: 37,
    what: 'adding to losing positions without a cap and without a stop',
    shown: [
      {
        file: 'core/guards/planned-size.test.ts',
        title:
          'incident 37: no add takes the margin of a symbol beyond its cap, what is pending there counted',
      },
      {
        file: 'core/adapters/sim/ladder.test.ts',
        title:
          'incident 37: on any path a ladder stays within its cap, and loses its budget at most at its stop',
      },
    ],
  },
  {
    incident: 38,
    what: 'trades opened by hand that a learner took for its own',
    shown: [
      {
        file: 'faults-handover.test.ts',
        title: 'incident 38: the trade of a position opened by hand is stored as manual, that of bbw is not',
      },
    ],
  },
  {
    incident: 43,
    what: 'an entry let through, because the data of a gate were missing',
    shown: [
      { file: 'incidents-positions.test.ts', title: 'incident 43: a gate that lacks its data refuses' },
      {
        file: 'core/guards/lacking.test.ts',
        title: 'incident 43: what each gate does without its data stands in one table',
      },
      {
        file: 'incidents-positions.test.ts',
        title: 'incident 43: without daily bands, or without those of 5 minutes, no strategy wants an entry',
      },
    ],
  },
  {
    incident: 45,
    what: 'symbols that stayed blocked for ever',
    shown: [
      {
        file: 'incidents-positions.test.ts',
        title: 'incident 45: every rest of a strategy on a symbol ends, at the moment that was said',
      },
      {
        file: 'incidents-positions.test.ts',
        title: 'incident 45: a drawdown pause ends by itself, over a restart too',
      },
      {
        file: 'core/guards/loss-pauses.test.ts',
        title: 'incident 45: whatever was lost, both pauses have an end',
      },
    ],
  },
  {
    incident: 50,
    what: 'a profit of 0 of every short, for want of a sign',
    shown: [
      {
        file: 'incidents-exits.test.ts',
        title: 'incident 50: a short earns what its mirror image earns as a long',
      },
    ],
  },
  {
    incident: 72,
    what: 'a re-entry that ignored the side and bought after a short',
    shown: [
      {
        file: 'core/strategies/sl-reentry.test.ts',
        title: 'incident 72: a short comes back as a short, at the upper band',
      },
    ],
  },
  {
    incident: 75,
    what: 'targets sent before there was anything to sell',
    shown: [
      {
        file: 'incidents-orders.test.ts',
        title: 'incident 75: a target is sent after the fill of what it sells, and none is refused',
      },
    ],
  },
  {
    incident: 77,
    what: 'parts below the least order, and a position without a target',
    shown: [
      {
        file: 'core/strategies/partial-tp.test.ts',
        title:
          'incident 77: a part below the least order is merged into the next one, and no position is without a target',
      },
    ],
  },
  {
    incident: 76,
    what: 'no entries, and nothing that said why',
    shown: [
      {
        file: 'core/guards/list.test.ts',
        title: 'incident 76: every guard that there is stands in a list, and so among the readings',
      },
      {
        file: 'core/guards/list.test.ts',
        title:
          'incident 76: every guard has a reading with figures, whether it is open or closed, and none hides another',
      },
      {
        file: 'commands/why.test.ts',
        title:
          'incident 76: for each signal of the moment every gate is listed with what it sees, and its verdict',
      },
    ],
  },
]
