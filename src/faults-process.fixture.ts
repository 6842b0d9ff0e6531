/** The rows of the fault catalogue on clock and process life (G), and on the database, the disk and several processes (H). */
import type { FaultRow } from './fault-map.fixture.ts'

const DESK = 'commands/desk.test.ts'
const FAULTS = 'commands/run-faults.test.ts'
const DAMAGE = 'commands/run-damage.test.ts'
const DISK = 'commands/run-disk.test.ts'
const LIFE = 'commands/run-life.test.ts'
const ACCOUNT_LIFE = 'commands/run-bybit-life.test.ts'
const KERNEL = 'kernel/rows.test.ts'
const STANDSTILL = 'commands/run-standstill.test.ts'
const SYSTEM = 'core/adapters/system'
const SQLITE = 'core/adapters/sqlite'

export const PROCESS_ROWS: readonly FaultRow[] = [
  {
    row: 'G1',
    lever: ['L3'],
    what: 'the clock is ahead of the exchange’s',
    codes: ['W701'],
    shown: [
      {
        file: 'kernel/bybit-world.test.ts',
        title: 'G1: a wall clock that is ahead is said and corrected, and going by it is found out',
      },
      {
        file: 'faults-wire.test.ts',
        title: 'G1: the clock of the exchange counts, and is taken anew when it refuses a time stamp',
      },
      {
        file: 'faults-wire.test.ts',
        title: 'G1: a client that trusts the clock of its machine is found out',
      },
    ],
  },
  {
    row: 'G2',
    lever: ['L3'],
    what: 'the wall clock jumps, or the machine sleeps',
    codes: ['W702'],
    shown: [
      {
        file: KERNEL,
        title:
          'G2: in the whole loop a wall clock that jumps is said, and timers that go by it are found out',
      },

      {
        file: DESK,
        title:
          'G2: a wall clock that jumps is said, the account is compared before anything else, and the trading is the same',
      },
    ],
  },
  {
    row: 'G3',
    lever: ['L3'],
    what: 'time zones, changes of the clock, leap days',
    codes: [],
    shown: [
      {
        file: KERNEL,
        title:
          'G3: the same seed gives the same run in every time zone, and one that looks at the local hour is found out',
      },

      {
        file: LIFE,
        title:
          'G3: a run says the same, to the byte, in every time zone, over a leap day and both changes of the clock',
      },
    ],
  },
  {
    row: 'G4',
    lever: ['L4'],
    what: 'SIGTERM in the middle of everything',
    codes: ['I704'],
    shown: [
      {
        file: LIFE,
        title:
          'G4: Ctrl-C ends a loop with 130 in the middle of everything, and its positions keep their stops',
      },
      {
        file: ACCOUNT_LIFE,
        title:
          'G4: on an account a signal in the middle of an entry lets it come to its end, and a build that exits at once is found out',
      },
    ],
  },
  {
    row: 'G5',
    lever: ['L4'],
    what: 'killed at any point',
    codes: ['I705'],
    shown: [
      { file: LIFE, title: 'G5: a loop that was killed goes on where it stood' },
      {
        file: ACCOUNT_LIFE,
        title:
          'G5: on an account a loop that was killed goes on where it stood, and a build that trusts only its memory is found out',
      },
    ],
  },
  {
    row: 'G6',
    lever: ['L4'],
    what: 'started again and again',
    codes: ['C706'],
    shown: [
      { file: LIFE, title: 'G6: the fifth start within ten minutes protects and enters nothing' },
      {
        file: ACCOUNT_LIFE,
        title:
          'G6: on an account the fifth start within ten minutes protects and enters nothing, and a build that does not count is found out',
      },
    ],
  },
  {
    row: 'G7',
    lever: ['hook'],
    what: 'the event loop is blocked',
    codes: ['C707'],
    shown: [
      {
        file: STANDSTILL,
        title:
          'G7: a loop whose event loop is blocked is ended, the next start tells it, and positions keep their stops',
      },
      {
        file: STANDSTILL,
        title: 'G7: on a market with a clock of its own it is the cycles that have not ended',
      },
      {
        file: `${SYSTEM}/watchdog-thread.test.ts`,
        title:
          'G7: a loop that stands still is ended, said on standard error and in the log, and leaves a trace',
      },
      {
        file: `${SYSTEM}/watchdog.test.ts`,
        title: 'G7: a watchdog that a timer feeds, and one within the loop, are found out',
      },
    ],
  },
  {
    row: 'G8',
    lever: ['L8'],
    what: 'a rejection that nobody handles',
    codes: ['E708'],
    shown: [
      {
        file: KERNEL,
        title: 'G8: a rejection that nobody handles is no quiet end: the whole loop is found out',
      },

      {
        file: LIFE,
        title:
          'G8: a rejection that nobody handles ends a loop with 1 and says so, and the next one recovers',
      },
    ],
  },
  {
    row: 'G9',
    lever: ['L7'],
    what: 'an update with open positions, a state of another version',
    codes: ['I709'],
    shown: [
      {
        file: DAMAGE,
        title:
          'G9: a state of an earlier bbw, with open positions, is upgraded beside a backup of it, and says so',
      },
      { file: DAMAGE, title: 'G9: a state of a later bbw is refused with what to do, and not touched' },
      {
        file: 'faults-processes.test.ts',
        title: 'G9: over the wire a state of a later bbw is refused before anything is asked of the account',
      },
      {
        file: 'faults-terms.test.ts',
        title:
          'G9: over the wire a later bbw takes over what is held, from a state that it upgrades beside a backup, and one whose upgrade loses rows is found out',
      },
    ],
  },
  {
    row: 'G10',
    lever: ['L8'],
    what: 'memory grows',
    codes: ['W710'],
    shown: [
      {
        file: DESK,
        title: 'G10: memory that has doubled beyond measure is said once, and the loop goes on',
      },
      {
        file: 'kernel/memory.long.test.ts',
        title:
          'G10: what a process keeps does not grow within days such that a year of it would be told, and a leak is found out',
      },
    ],
  },
  {
    row: 'H1',
    lever: ['L7'],
    what: 'two loops on one folder',
    codes: ['E801'],
    shown: [
      {
        file: FAULTS,
        title:
          'H1: a second loop on the folder does not start, and says which process holds it, where and since when',
      },
      {
        file: DESK,
        title:
          'H1: a second trader on the folder gets no further than the lease, and neither exchange nor books are touched',
      },
    ],
  },
  {
    row: 'H2',
    lever: ['L3'],
    what: 'the holder of the lease is frozen, and wakes',
    codes: ['C802'],
    shown: [
      {
        file: KERNEL,
        title:
          'H2: in the whole loop one that wakes without its lease ends, and going on without it is found out',
      },

      {
        file: FAULTS,
        title: 'H2: a frozen loop whose place was taken sends nothing when it wakes, and ends with 79',
      },
      {
        file: DESK,
        title: 'H2: a trader whose lease was taken sends nothing more, and its next tick says so',
      },
    ],
  },
  {
    row: 'H3',
    lever: ['L5'],
    what: 'the database is busy',
    codes: ['W803'],
    shown: [
      {
        file: DISK,
        title: 'H3: while another process holds the database entries wait, and go on once it lets go',
      },
      {
        file: DESK,
        title:
          'H3: while the database is busy nothing is entered, exits and stops go on, and nothing is lost',
      },
    ],
  },
  {
    row: 'H4',
    lever: ['L5'],
    what: 'a transaction refused in its middle',
    codes: [],
    shown: [
      {
        file: `${SQLITE}/connection.test.ts`,
        title: 'H4: no code of the adapter begins a transaction in another way',
      },
      {
        file: `${SQLITE}/connection.test.ts`,
        title: 'H4: a transaction that reads before it writes is never refused in the middle',
      },
    ],
  },
  {
    row: 'H5',
    lever: ['L5'],
    what: 'the disk is full',
    codes: ['C805'],
    shown: [
      {
        file: DISK,
        title:
          'H5: on a full disk the reserve is used, then entries wait while exits and stops go on, until there is room',
      },
      {
        file: DESK,
        title: 'H5: while the disk is full nothing is entered, exits and stops go on, and nothing is lost',
      },
    ],
  },
  {
    row: 'H6',
    lever: ['L5'],
    what: 'the disk fails, or cannot be written',
    codes: ['C806'],
    shown: [
      {
        file: DISK,
        title:
          'H6: when the system refuses the write entries wait while exits and stops go on, until it does not',
      },
      {
        file: DESK,
        title: 'H6: while the disk fails nothing is entered, exits and stops go on, and nothing is lost',
      },
    ],
  },
  {
    row: 'H7',
    lever: ['L5'],
    what: 'the state is damaged, or its log was deleted',
    codes: ['C807'],
    shown: [
      {
        file: DAMAGE,
        title:
          'H7: a state with flipped bytes is put aside, its backup restored, and entries wait for a person',
      },
      { file: DAMAGE, title: 'H7: a state whose log was deleted is compared with the exchange' },
      {
        file: DAMAGE,
        title:
          'H7: a state that is older than the last run is told from what the exchange knows, and entries wait',
      },
      {
        file: DAMAGE,
        title: 'H7: a log that is torn at its end loses no more than its end, and the loop recovers',
      },
      {
        file: 'core/engine/recovery.test.ts',
        title:
          'H7: books that do not know an order of their own bbw that has filled are old: entries are halted',
      },
    ],
  },
  {
    row: 'H8',
    lever: ['L7'],
    what: 'a reader keeps the log from being emptied',
    codes: ['W808'],
    shown: [
      {
        file: DESK,
        title: 'H8: a log that a reader keeps from being emptied is said, until the reader ends',
      },
    ],
  },
  {
    row: 'H9',
    lever: ['hook'],
    what: 'an SQLite that damages logs, a network file system',
    codes: ['C809'],
    shown: [
      {
        file: DAMAGE,
        title: 'H9: an SQLite that can damage logs, and a network file system, are refused in words',
      },
    ],
  },
  {
    row: 'H10',
    lever: ['L7'],
    what: 'an order of a person beside a running loop',
    codes: ['I810'],
    shown: [
      {
        file: FAULTS,
        title:
          'H10: an order of a person beside a loop is queued to it, carried out by it, and its outcome told',
      },
    ],
  },
  {
    row: 'H11',
    lever: ['L7'],
    what: 'two scans at once',
    codes: ['I811'],
    shown: [{ file: FAULTS, title: 'H11: a second scan on the folder waits for the first, and says so' }],
  },
  {
    row: 'H12',
    lever: ['L7'],
    what: 'a status while much is written',
    codes: [],
    shown: [
      {
        file: FAULTS,
        title:
          'H12: a status beside a loop that writes all the time succeeds, locks nothing and writes nothing',
      },
    ],
  },
]
