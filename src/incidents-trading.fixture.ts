/** Incidents of trading programs, told apart by number, with the tests that show that they cannot happen here. */
import type { NamedTest } from './fault-map.fixture.ts'

export interface IncidentRow {
  readonly incident: number
  readonly what: string
  readonly shown: readonly NamedTest[]
}

export const TRADING_INCIDENTS: readonly IncidentRow[] = [
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
    incident: 35,
    what: 'positions closed without the word of the person who opened them',
    shown: [
      {
        file: 'faults-handover.test.ts',
        title: 'incident 35: a position opened by hand whose stop cannot be set is told of and not closed',
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
    incident: 36,
    what: 'a target at once on one coin, because a symbol was written into the defaults',
    shown: [
      {
        file: 'core/strategies/junk-short.test.ts',
        title:
          'incident 36: its target is the middle of the bands of its own symbol, and never beyond the entry',
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
