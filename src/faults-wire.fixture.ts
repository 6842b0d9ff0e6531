/** The rows of the fault catalogue about slow answers and storms of questions, about figures, keys and replies. */
import type { FaultRow, NamedTest } from './fault-map.fixture.ts'

const WIRE = 'faults-wire.test.ts'

function of(file: string, ...titles: readonly string[]): readonly NamedTest[] {
  return titles.map(title => ({ file, title }))
}

export const WIRE_ROWS: readonly FaultRow[] = [
  {
    row: 'D5',
    lever: ['L2'],
    what: 'answers are slow',
    codes: ['W405'],
    shown: [
      ...of(
        WIRE,
        'D5: an answer that is too slow is given up in its time, and an order is in doubt then',
        'D5: a client without a time limit is found out',
      ),
      ...of(
        'faults-terms.test.ts',
        'D5: over the wire slow answers are told of once and nothing is given up for them',
      ),
      ...of(
        'core/adapters/bybit/bybit-exchange.test.ts',
        'D5: an exchange that answers slowly is told of once',
      ),
    ],
  },
  {
    row: 'D6',
    lever: ['L8'],
    what: 'everybody asks at once after an outage',
    codes: [],
    shown: [
      ...of(
        WIRE,
        'D6: equal questions at once are one, and after an outage they come back with pauses',
        'D6: a client that asks each question by itself is found out',
      ),
      ...of(
        'kernel/bybit-world.test.ts',
        'D6: after an outage no storm of requests follows, and one that makes it is found out',
      ),
    ],
  },
  {
    row: 'E8',
    lever: ['L8'],
    what: 'a figure is no number',
    codes: ['E508'],
    shown: of(
      'kernel/rows-market.test.ts',
      'E8: in the whole loop no figure that cannot be true decides anything, and taking one for a price is found out',
    ),
  },
  {
    row: 'E11',
    lever: ['L8'],
    what: 'prices come faster than they are read',
    codes: ['W511'],
    shown: of(
      'kernel/rows-market.test.ts',
      'E11: in the whole loop of prices that pile up the newest counts and no fill is lost, and other queues are found out',
    ),
  },
  {
    row: 'K1',
    lever: ['file'],
    what: 'a setting is misspelt',
    codes: ['E971'],
    shown: of(
      'commands/config-command.test.ts',
      'K1: a misspelt setting is named with the nearest one, nothing starts, and a reader that passes it over is found out',
    ),
  },
  {
    row: 'K2',
    lever: ['file'],
    what: 'the configuration is edited while a loop runs',
    codes: ['W972'],
    shown: of(
      'commands/config-reload.test.ts',
      'K2: of a file that was edited, what raises risk is told and waits, and a loop that takes all of it is found out',
    ),
  },
  {
    row: 'K3',
    lever: ['L1'],
    what: 'the key is of another environment',
    codes: ['C976', 'C415', 'C407'],
    shown: of(
      WIRE,
      'K3: a key of another environment is refused before anything is sent with it',
      'K3: one that can move money away, or has run out, is refused at its own environment, too',
      'K3: a client that takes the answer of another environment is found out',
    ),
  },
  {
    row: 'K4',
    lever: ['file'],
    what: 'others can read the file with the secret',
    codes: ['E974'],
    shown: of(
      'commands/private-file.test.ts',
      'K4: what anybody else could read is refused, with the words that help',
      'K4: a link, a folder and what is not there are no secrets',
      'K4: a secret in a checkout is refused, in whatever folder of it',
      'K4: a reader that does not look who else can read is found out',
    ),
  },
  {
    row: 'K5',
    lever: ['L1'],
    what: 'a reply is a bomb, or far too long',
    codes: ['E975'],
    shown: of(
      'core/adapters/bybit/http.test.ts',
      'K5: a bomb is dropped before it is unpacked, whichever way it is packed',
      'K5: a client that unpacks whatever comes is found out',
    ),
  },
  {
    row: 'K6',
    lever: ['output'],
    what: 'a cell of a table begins as a formula does',
    codes: [],
    shown: {
      notApplicable:
        'bbw writes no CSV that a spreadsheet could open: results leave as records of JSON, as text for a terminal and as a database.',
    },
  },
  {
    row: 'K7',
    lever: ['file'],
    what: 'a model or a strategy in a file is another one than it was',
    codes: [],
    shown: {
      notApplicable:
        'bbw reads no models and no strategies from files: what decides is part of its own code, and settings are checked by range.',
    },
  },
  {
    row: 'K8',
    lever: ['CI'],
    what: 'a package brings a script, or is not the one that was chosen',
    codes: [],
    shown: of(
      'tidy.test.ts',
      'K8: of packages that must not come in none passes, and a gate that looks at less is found out',
      'K8: an install script beside those of node and esbuild is told',
      'K8: a package without its hash, or from elsewhere, is told',
      'K8: the project has install scripts only where they must be',
      'K8: the project takes no package without its hash, nor from anywhere but the registry',
    ),
  },
  {
    row: 'K9',
    lever: ['CLI'],
    what: 'real money by mistake',
    codes: [],
    shown: of(
      'commands/live-consent.test.ts',
      'K9: any other combination of them than all does not',
      'K9: a start that goes by the configuration and the flag alone is found out',
      'K9: no name leads a key to the account of another one, whatever address is given',
      'K9: an address that is taken as it is given is found out',
    ),
  },
]

/** The rows of the groups D, E and K that are shown here. */
export const WIRE_NUMBERS = 'D5 D6 E8 E11 K1 K2 K3 K4 K5 K6 K7 K8 K9'.split(' ')
