/** Incidents of an earlier engine that had to do with processes, files and memory, and the tests that show ours. */
import type { NamedTest } from './fault-map.fixture.ts'

export interface Incident {
  readonly incident: number
  readonly what: string
  readonly shown: readonly NamedTest[]
}

const DESK = 'commands/desk.test.ts'
const OWN = 'incidents-process.test.ts'
const DISK = 'commands/run-disk.test.ts'
const LIFE = 'commands/run-life.test.ts'
const FAULTS = 'commands/run-faults.test.ts'
const CYCLES = 'core/engine/cycles.test.ts'
const STORE = 'core/adapters/sqlite/state-store.test.ts'
const MANY = 'core/adapters/sqlite/state-store.many.test.ts'
const MANY_LONG = 'core/adapters/sqlite/state-store.many.long.test.ts'

export const PROCESS_INCIDENTS: readonly Incident[] = [
  {
    incident: 5,
    what: 'a database without a write-ahead log; a database file in the repository',
    shown: [
      {
        file: OWN,
        title: 'incident 5: every database has its log, its flushes and its limits at each opening',
      },
      { file: OWN, title: 'incident 5: the project holds no database and no file of secrets' },
      {
        file: STORE,
        title: 'a new store has eight strict tables, its log and its flushes, and nothing booked',
      },
    ],
  },
  {
    incident: 6,
    what: 'a state spread over several places, different after a restart',
    shown: [
      {
        file: 'commands/kill-sweep.test.ts',
        title: 'a trader killed at any point goes on with books that are equal to the exchange',
      },
      {
        file: DESK,
        title:
          'incident 6: at every moment the state on the disk is the one in memory, wherever a kill would fall',
      },
    ],
  },
  {
    incident: 46,
    what: 'a list where a record was expected: errors by the hour',
    shown: [
      {
        file: OWN,
        title: 'incident 46: what has the wrong shape is refused where it comes in, with its place',
      },
    ],
  },
  {
    incident: 47,
    what: 'the same fault every 30 s for more than a day, unnoticed',
    shown: [
      {
        file: CYCLES,
        title:
          'incident 47: a step that fails again and again is said at once, and from then on once in five minutes',
      },
      {
        file: CYCLES,
        title: 'a step that fails now and then is not said to fail again and again, over a restart neither',
      },
      { file: LIFE, title: 'G6: the fifth start within ten minutes protects and enters nothing' },
    ],
  },
  {
    incident: 61,
    what: 'a database locked, malformed, or with a log of 100 MB',
    shown: [
      { file: OWN, title: 'incident 61: many writers and a kill lose nothing, and the log stays short' },
      { file: MANY, title: 'what a killed process had confirmed is there, 6 times' },
      { file: MANY_LONG, title: 'what a killed process had confirmed is there, 100 times' },
      { file: MANY_LONG, title: 'four processes write 40,000 transactions, and none is lost or refused' },
    ],
  },
  {
    incident: 62,
    what: 'a second instance that ran on beside the first',
    shown: [
      {
        file: FAULTS,
        title: 'incident 62: a second instance refuses to trade, and the first goes on',
      },
    ],
  },
  {
    incident: 63,
    what: 'the name of a variable taken for a key',
    shown: [
      {
        file: LIFE,
        title: 'incident 63: a variable that is not set stops a loop before it does anything, and is named',
      },
    ],
  },
  {
    incident: 66,
    what: 'SIGTERM lost what had not been written, or was not heard',
    shown: [
      {
        file: LIFE,
        title:
          'incident 66: SIGTERM ends a loop within 8 s, with everything saved and the stops at the exchange',
      },
    ],
  },
  {
    incident: 73,
    what: 'a change of the schema that broke the start',
    shown: [
      { file: OWN, title: 'incident 73: a state of every version so far is upgraded, with its books' },
      {
        file: 'core/adapters/sqlite/migrations.test.ts',
        title: 'a step that fails leaves the state as it was, with its backup beside it',
      },
    ],
  },
  {
    incident: 74,
    what: 'memory that grew with every order',
    shown: [
      { file: OWN, title: 'incident 74: what the engine remembers does not grow with what it has done' },
      {
        file: 'commands/soak.long.test.ts',
        title: 'incident 74: memory and handles of a loop are as many after many months as after one',
      },
    ],
  },
  {
    incident: 78,
    what: 'a full disk that stopped the log',
    shown: [
      {
        file: DISK,
        title: 'incident 78: a log that cannot be written is said, and the loop goes on to its end',
      },
      {
        file: 'core/adapters/system/log-file.test.ts',
        title: 'a full disk stops no caller, is said once, and later lines are written again',
      },
    ],
  },
]
