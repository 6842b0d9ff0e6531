/** The rows of the fault catalogue about limits, listings and the account itself, with the tests that show each. */
import type { FaultRow, NamedTest } from './fault-map.fixture.ts'

const named =
  (file: string) =>
  (...titles: readonly string[]): readonly NamedTest[] =>
    titles.map(title => ({ file, title }))

const limits = named('faults-limits.test.ts')
const account = named('faults-account.test.ts')
const terms = named('faults-terms.test.ts')
const leverage = named('faults-leverage.test.ts')
const facts = named('faults-facts.test.ts')
const overWire = named('faults-wire.test.ts')

export const LIMIT_ROWS: readonly FaultRow[] = [
  {
    row: 'D1',
    lever: ['L1'],
    what: 'too many requests',
    codes: ['W401'],
    shown: [
      ...limits('D1: a request that comes too fast keeps entries away for a minute, and is told once'),
      ...overWire(
        'D1: a rate limit is waited out, told, and the order placed once',
        'D1: a client that does not know a rate limit from a refusal is found out',
      ),
    ],
  },
  {
    row: 'D2',
    lever: ['L1'],
    what: 'the address is blocked',
    codes: ['C402'],
    shown: [
      ...limits('D2: a blocked address keeps entries away for ten minutes, and positions their stops'),
      ...overWire(
        'D2: a host that has blocked the address hears nothing more, whatever is wanted',
        'D2: a client that takes a block for a busy server hammers on, and is found out',
      ),
    ],
  },
  {
    row: 'D4',
    lever: ['L1'],
    what: 'maintenance is announced',
    codes: ['W404'],
    shown: [
      ...facts(
        'D4: entries end five minutes before announced maintenance, and everything is compared after it',
        'D4: maintenance that is called off keeps nothing away',
      ),
      ...terms(
        'D4: over the wire entries end before announced maintenance, and one who asks for it once is found out',
      ),
    ],
  },
  {
    row: 'D7',
    lever: ['L1'],
    what: 'the key is not accepted',
    codes: ['C407'],
    shown: [
      ...limits(
        'D7: a key that is not accepted halts, and nothing more is asked or sent until a person resumes',
        'D7: after a restart the key is tried once more, and the halt stays',
        'D7: a driver that forgets that the key was refused hammers on, and is found out',
      ),
      ...overWire(
        'D7: a key that is not accepted is tried once, and the verdict on it says so',
        'D7: a client that takes a wrong key for a busy server is found out',
      ),
    ],
  },
  {
    row: 'D8',
    lever: ['L1'],
    what: 'the account is banned or may only reduce',
    codes: ['C408'],
    shown: [
      ...limits(
        'D8: an account that may only reduce enters nothing, and what is held is closed all the same',
      ),
      ...facts('D8: an account that says that it may only reduce enters nothing, and its targets fill'),
      ...terms(
        'D8: over the wire an account that may only reduce enters nothing more, and one who takes it for one order is found out',
      ),
    ],
  },
  {
    row: 'D9',
    lever: ['L1'],
    what: 'as many orders rest as are allowed',
    codes: ['W409'],
    shown: [
      ...limits(
        'D9: an entry over the number of orders is denied, and the next is not sent before its time',
        'D9: a driver that forgets why an order was refused is found out',
      ),
      ...terms(
        'D9: over the wire an entry over the number of orders is denied without a loop, and one who takes it for one order is found out',
      ),
    ],
  },
  {
    row: 'D10',
    lever: ['L1'],
    what: 'a cancellation races the fill',
    codes: ['I410'],
    shown: [
      ...limits(
        'D10: a cancellation that comes too late is never taken for granted: what has filled is taken over',
      ),
      ...terms(
        'D10: over the wire a cancellation that comes too late is looked up, and one who takes it for done is found out',
      ),
    ],
  },
  {
    row: 'E6',
    lever: ['L1'],
    what: 'the price is old',
    codes: ['W506'],
    shown: [
      ...limits('E6: a price that is too old for an entry is told of once, and nothing is sent'),
      ...terms(
        'E6: over the wire a price is as old as the exchange says, and one who goes by its arrival is found out',
      ),
    ],
  },
  {
    row: 'F1',
    lever: ['L1'],
    what: 'tick or step changes while something is held',
    codes: ['I601'],
    shown: [
      ...facts(
        'F1: filters that change while something is held are followed without adding risk',
        'F1: filters that have changed while bbw was not there are found at its start',
        'F1: an entry that rests is taken back, and what was lost is sent again in the units of now',
      ),
      ...terms(
        'F1: over the wire a coarser grid is found within the hour, and one who never looks again is found out',
      ),
    ],
  },
  {
    row: 'F2',
    lever: ['L1'],
    what: 'a perpetual is delisted',
    codes: ['C602'],
    shown: [
      ...facts(
        'F2: what is held of a perpetual that is delisted is closed a day before, and told of twice at most',
        'F2: a position of a person is told of and left, an adopted one is closed',
        'F2: the embedded exchange delists at the moment that it has announced',
      ),
      ...terms(
        'F2: over the wire what is delisted within a day is closed, and one who never looks again is found out',
      ),
    ],
  },
  {
    row: 'F3',
    lever: ['L1'],
    what: 'a perpetual is missing in the lists',
    codes: ['C602'],
    shown: [
      ...facts('F3: a held perpetual that is missing in the lists stays in the books, with its stop'),
      ...terms(
        'F3: over the wire what is held and missing in the lists stays in the books, and one who goes by the lists is found out',
      ),
    ],
  },
  {
    row: 'F4',
    lever: ['L1'],
    what: 'the rest is below the least order',
    codes: ['I604'],
    shown: [
      ...limits(
        'F4: what is too little for an order is closed with its own quantity, or left, told once, without a loop',
      ),
      ...terms(
        'F4: over the wire what is too little for an order is left under its stop, and one who tries on and on is found out',
      ),
    ],
  },
  {
    row: 'F5',
    lever: ['L1'],
    what: 'above the greatest quantity at the market',
    codes: [],
    shown: [
      ...limits(
        'F5: a close above the greatest quantity at the market goes out in parts of one chain',
        'F5: where nobody has told the greatest quantity it is found by halving, and all is closed',
      ),
      ...terms(
        'F5: over the wire a close above the greatest quantity goes in parts of one chain, and one who takes that of limits for it is found out',
      ),
    ],
  },
  {
    row: 'F6',
    lever: ['L1'],
    what: 'the account is in another position mode',
    codes: ['C606'],
    shown: account(
      'F6: an account that is switched to hedge mode enters nothing, is told of once and never switched back',
      'F6: a client that does not look at the mode, and knows it from no other refusal, is found out',
      'F6: what the exchange says of a switch is no, it was so already, or something is in the way',
    ),
  },
  {
    row: 'F7',
    lever: ['L1'],
    what: 'the leverage is not modified',
    codes: [],
    shown: account(
      'F7: a leverage that is in force already is a success, once it is read back',
      'F7: a client that takes it for a refusal, or its words for a success, is found out',
    ),
  },
  {
    row: 'F8',
    lever: ['L1'],
    what: 'the leverage is not the planned one',
    codes: ['W608'],
    shown: [
      ...leverage(
        'F8: the leverage is set and confirmed before the first order of a symbol',
        'F8: a lost reply to it is looked up, and the entry goes',
        'F8: where nothing is ever answered the entry is denied, and nothing is placed',
        'F8: another leverage than the planned one denies the entry, and nothing is placed',
        'F8: a driver that sends entries at whatever leverage is found out',
      ),
      ...account(
        'F8: a leverage that the tier does not allow denies the entry, over the wire as well',
        'F8: a client that sends entries at whatever leverage there is is found out',
      ),
    ],
  },
  {
    row: 'F9',
    lever: ['L1'],
    what: 'margin is low',
    codes: ['C609'],
    shown: [
      ...facts('F9: margin that is low keeps entries away until there is room again'),
      ...terms(
        'F9: over the wire margin that is low keeps entries away, and one who does not read its rate is found out',
      ),
    ],
  },
  {
    row: 'F10',
    lever: ['L1'],
    what: 'the margin mode is changed outside',
    codes: ['C610'],
    shown: [
      ...facts(
        'F10: a margin mode that somebody has changed keeps entries away until it is back, whoever resumes',
      ),
      ...terms(
        'F10: over the wire another margin mode keeps entries away, and one who asks for it once is found out',
      ),
    ],
  },
  {
    row: 'F11',
    lever: ['L1'],
    what: 'an auction without stops',
    codes: ['I611'],
    shown: [
      ...facts('F11: nothing is entered in an auction, in which nothing can have a stop'),
      ...terms(
        'F11: over the wire nothing more is sent into an auction, and one who takes its refusal for that of one order is found out',
        'F11: over the wire an auction that is listed is told of before anything is sent, and one who does not read its phase is found out',
        'F11: over the wire whatever the exchange calls the refusal of an order in an auction, it is known as that',
      ),
    ],
  },
]

/** The rows of the groups D to F that are shown so far. */
export const LIMIT_NUMBERS = 'D1 D2 D4 D7 D8 D9 D10 E6 F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11'.split(' ')
