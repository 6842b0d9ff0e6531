/** The rows of the fault catalogue about streams, outages and the market data that come by them, with their tests. */
import type { FaultRow, NamedTest } from './fault-map.fixture.ts'

const named =
  (file: string) =>
  (...titles: readonly string[]): readonly NamedTest[] =>
    titles.map(title => ({ file, title }))

const streams = named('faults-streams.test.ts')
const market = named('faults-market.test.ts')

export const STREAM_ROWS: readonly FaultRow[] = [
  {
    row: 'D3',
    lever: ['L2'],
    what: 'the exchange is away for half an hour',
    codes: ['C403'],
    shown: streams(
      'D3: in an outage of half an hour nothing is entered, it is told once, and all is compared before it goes on',
      'D3: a client that takes no answer for no change is found out',
    ),
  },
  {
    row: 'E1',
    lever: ['L2'],
    what: 'a socket is open and silent',
    codes: ['W501'],
    shown: streams(
      'E1: a socket that is open and silent is given up after 15 s, and requests tell what it does not',
      'E1: a client that trusts an open socket is found out',
    ),
  },
  {
    row: 'E2',
    lever: ['L1'],
    what: 'a topic is dead while pongs come',
    codes: ['W502'],
    shown: streams(
      'E2: a topic that is dead while pongs come is asked for again, and comes',
      'E2: a client that goes by pongs alone is found out',
    ),
  },
  {
    row: 'E3',
    lever: ['L2'],
    what: 'sockets do not hold',
    codes: ['W503'],
    shown: streams(
      'E3: sockets that do not hold are tried ever more rarely, up to a minute, and come back',
      'E3: a client that comes back at once is found out',
    ),
  },
  {
    row: 'E4',
    lever: ['L1'],
    what: 'something happens while a stream is away',
    codes: [],
    shown: streams(
      'E4: what happened while a stream was away is known seconds after it is back',
      'E4: a client that goes on as if nothing had been missed is found out',
    ),
  },
  {
    row: 'E5',
    lever: ['L1'],
    what: 'a delta lacks a field',
    codes: [],
    shown: streams(
      'E5: a field that a delta lacks is as it was, and no price is ever none',
      'E5: a client that takes a delta for all there is is found out',
    ),
  },
  {
    row: 'E7',
    lever: ['L1'],
    what: 'candles are missing, doubled, out of order or unfinished',
    codes: ['I507'],
    shown: market(
      'E7: candles that come twice, out of order or unfinished are told once, in order, when they have closed',
      'E7: a candle that the exchange itself does not have is a gap, told as that, and nothing stands for it',
      'E7: a client that fills holes, or takes a candle before it has closed, is found out',
    ),
  },
  {
    row: 'E9',
    lever: ['L1'],
    what: 'a price is far from the mark, or nothing',
    codes: ['W509'],
    shown: market(
      'E9: a price far from the mark, or of nothing, is not decided by, by stream or by request',
      'E9: a client that compares a price with nothing is found out',
    ),
  },
  {
    row: 'E10',
    lever: ['L1'],
    what: 'funding becomes hourly, at an extreme rate',
    codes: ['W510'],
    shown: market(
      'E10: funding that becomes hourly is told, reckoned with and paid by the hour',
      'E10: a client that knows of eight hours alone is found out',
    ),
  },
]

/** The rows of the groups D and E that are shown here. */
export const STREAM_NUMBERS = 'D3 E1 E2 E3 E4 E5 E7 E9 E10'.split(' ')
