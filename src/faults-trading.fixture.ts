/** The rows of the fault catalogue about orders, stops and books, with the tests that show each. */
import type { FaultRow, NamedTest } from './fault-map.fixture.ts'

const named =
  (file: string) =>
  (...titles: readonly string[]): readonly NamedTest[] =>
    titles.map(title => ({ file, title }))

const orders = named('faults-orders.test.ts')
const stops = named('faults-stops.test.ts')
const books = named('faults-books.test.ts')
const rotations = named('faults-rotation.test.ts')
const kernel = named('kernel/rows-orders.test.ts')
const limits = named('faults-limits.test.ts')
const overWire = named('faults-wire.test.ts')
const account = named('faults-account.test.ts')
const strange = named('faults-strange.test.ts')
const terms = named('faults-terms.test.ts')
const money = named('faults-money.test.ts')
const answers = named('faults-answers.test.ts')
const disk = named('faults-disk.test.ts')
const severalProcesses = named('faults-processes.test.ts')
const crashes = named('faults-crash.test.ts')

export const TRADING_ROWS: readonly FaultRow[] = [
  {
    row: 'A1',
    lever: ['L2', 'L8'],
    what: 'the reply is lost after the order was accepted',
    codes: ['E101'],
    shown: [
      ...orders(
        'A1: a reply lost after the order was accepted is looked up and taken over',
        'A1: a driver that takes silence for a refusal, or sends again blindly, is found out',
      ),
      ...kernel('A1: in the whole loop a lost reply is looked up, and taking it for a refusal is found out'),
      ...money(
        'A1: over the wire a lost reply is looked up, and one who takes it for a refusal is found out',
      ),
    ],
  },
  {
    row: 'A2',
    lever: ['L2'],
    what: 'the request is lost before it arrives',
    codes: ['E102'],
    shown: [
      ...orders(
        'A2: a request that never arrived is sent again under the same id, once its window has passed',
        'A2: a request that never arrives at all is given up after two more tries',
      ),
      ...money(
        'A2: over the wire what never arrived is sent again after its window, and one who sends it at once is found out',
      ),
      ...answers('A2: over the wire what never arrives at all is given up after two more tries, and told'),
    ],
  },
  {
    row: 'A3',
    lever: ['L8'],
    what: 'a request lands late',
    codes: ['W103'],
    shown: [
      ...orders(
        'A3: a request that lands late is waited for, and is the only one',
        'A3: a driver that judges before the window ends is found out',
      ),
      ...kernel(
        'A3: in the whole loop a request that lands late is waited for, and judging at once is found out',
      ),
    ],
  },
  {
    row: 'A4',
    lever: ['L1'],
    what: 'the exchange has the id already',
    codes: ['I104'],
    shown: [
      ...orders('A4: an id that the exchange has already is looked up and taken over'),
      ...money(
        'A4: over the wire an id that is there already is looked up, and one who takes it for a refusal is found out',
      ),
    ],
  },
  {
    row: 'A5',
    lever: ['L1'],
    what: 'an error that does not say whether the order was taken',
    codes: ['E105'],
    shown: [
      ...orders('A5: an error that says nothing is no verdict, whether the order was taken or not'),
      ...overWire(
        'A5: an order that Bybit answers by nothing clear is in doubt and not sent again',
        'A5: a client that sends again what was not clearly answered is found out',
      ),
      ...answers(
        'A5: over the wire an answer that says nothing is looked up, and one who takes it for a refusal is found out',
      ),
    ],
  },
  {
    row: 'A6',
    lever: ['L1'],
    what: 'a reply that cannot be read',
    codes: ['E106'],
    shown: [
      ...orders('A6: a reply that cannot be read is no verdict, whether the order was taken or not'),
      ...overWire(
        'A6: a page of HTML, half a reply and an empty one say nothing of an order that was taken',
        'A6: a client that takes what it cannot read for an answer is found out',
      ),
      ...answers(
        'A6: over the wire an answer that cannot be read is looked up, and one who takes it for a refusal is found out',
      ),
    ],
  },
  {
    row: 'A7',
    lever: ['L4'],
    what: 'bbw ends between writing an entry down and sending it',
    codes: ['I107', 'E102'],
    shown: [
      ...orders(
        'A7: an entry written down and never sent is dropped when its signal is old, and sent when it is not',
      ),
      ...crashes(
        'A7: over the wire an entry written down and never sent is dropped or sent on proof of absence, and one who forgets it, writes late or asks nobody is found out',
      ),
    ],
  },
  {
    row: 'A8',
    lever: ['L4'],
    what: 'bbw ends between the acceptance and writing it down',
    codes: ['I108'],
    shown: [
      ...orders('A8: an order that was taken while bbw ended is recovered with its stop'),
      ...crashes(
        'A8: over the wire an order taken while bbw dies is recovered with its stop, and one who forgets it, writes late or asks for no executions is found out',
      ),
    ],
  },
  {
    row: 'A9',
    lever: ['L5'],
    what: 'the state cannot be written',
    codes: ['E109', 'W803', 'C805'],
    shown: [
      ...orders(
        'A9: a state that cannot be written keeps entries out, and nothing is lost once it can',
        'A9: an entry whose row cannot be written is never sent',
      ),
      ...disk(
        'A9: over the wire while another process holds the database nothing is entered and nothing lost, and one who takes it for written is found out',
      ),
    ],
  },
  {
    row: 'A10',
    lever: ['L1'],
    what: 'an order is rejected after it was received',
    codes: ['W110'],
    shown: [
      ...orders('A10: an order that is rejected after it was accepted frees its slot'),
      ...money(
        'A10: over the wire an order that is rejected later frees its slot, and one who takes the receipt for all is found out',
      ),
    ],
  },
  {
    row: 'A11',
    lever: ['L1'],
    what: 'a market order fills in part, and the rest is cancelled',
    codes: ['W111'],
    shown: [
      ...orders('A11: a market order that fills in part is a position of that size under its stop'),
      ...money(
        'A11: over the wire a part that fills is a position under its stop, and one who drops what was cancelled is found out',
      ),
    ],
  },
  {
    row: 'A12',
    lever: ['L8'],
    what: 'two strategies want one symbol at once',
    codes: ['I112'],
    shown: [
      ...orders(
        'A12: of two strategies that want one symbol at the same moment one gets it',
        'A12: a symbol that is reserved in the state stays reserved, whatever the books know',
      ),
      ...kernel(
        'A12: in the whole loop of two signals on one symbol at once one is entered, and a second order is found out',
      ),
    ],
  },
  {
    row: 'A13',
    lever: ['L7'],
    what: 'a signal is seen by two processes',
    codes: ['I113'],
    shown: [
      ...orders(
        'A13: a signal that was acted on is ignored when it comes again, also after a restart',
        'A13: an order whose row is in the state already is not sent',
      ),
      ...severalProcesses(
        'A13: of processes over the wire that see one signal, one sends one order, and one that does not write down what it has acted on is found out',
      ),
    ],
  },
  {
    row: 'B1',
    lever: ['L1'],
    what: 'the attached stop is missing after the fill',
    codes: ['C201'],
    shown: [
      ...stops(
        'B1: a stop that the exchange has lost is set again within two seconds of the fill',
        'B1: two requests for it that vanish leave the position without a stop for half a second',
        'B1: a bbw that never asks for the stop again is found out',
        'B1: a position whose stop cannot be set after three tries is closed',
      ),
      ...money(
        'B1: over the wire a stop that got lost is set again in time, and one who takes its request for done is found out',
      ),
    ],
  },
  {
    row: 'B2',
    lever: ['L1'],
    what: 'the price is past the stop that is to be set',
    codes: ['C202'],
    shown: [
      ...stops('B2: a position whose price is past its stop is closed at the market'),
      ...money(
        'B2: over the wire a position past its stop is closed, and one who tries to set it on and on is found out',
      ),
    ],
  },
  {
    row: 'B3',
    lever: ['L2'],
    what: 'the reply to moving a stop is lost',
    codes: ['I203'],
    shown: [
      ...stops(
        'B3: an answer to moving a stop that was lost is replaced by reading the stop back',
        'B3: a request to move a stop that never arrived is made again with the same value',
      ),
      ...money(
        'B3: over the wire the lost reply to moving a stop is replaced by reading it back, and one who takes its request for done is found out',
      ),
    ],
  },
  {
    row: 'B4',
    lever: ['L1'],
    what: 'the exchange says that nothing was modified',
    codes: ['I204'],
    shown: [
      ...stops(
        'B4: an answer that nothing was modified counts once the stop is read back where it was wanted',
        'B4: an answer that nothing was modified does not count where the stop stands elsewhere',
      ),
      ...money(
        'B4: over the wire "not modified" counts once the stop is read back, and one who takes its request for done is found out',
      ),
    ],
  },
  {
    row: 'B5',
    lever: ['L4'],
    what: 'bbw ends while it moves a stop',
    codes: ['I205'],
    shown: [
      ...stops('B5: wherever bbw ends while it moves a stop, there is the old one or the new one'),
      ...crashes(
        'B5: over the wire there is the old stop or the new one wherever bbw dies while it moves it, and one who cancels first or forgets the move is found out',
      ),
    ],
  },
  {
    row: 'B6',
    lever: ['L8'],
    what: 'rounding leaves a stop of nothing, or one on the wrong side',
    codes: ['E206'],
    shown: [
      ...stops(
        'B6: a stop that rounds to nothing or lies on the wrong side is refused, whatever tick and price',
        'B6: an entry whose stop would be nothing is refused by the whole of bbw, and nothing is sent',
      ),
      ...named('kernel/rows-market.test.ts')(
        'B6: in the whole loop no stop of nothing, and none on the wrong side, leaves, and one who rounds again is found out',
      ),
    ],
  },
  {
    row: 'B7',
    lever: ['L1'],
    what: 'somebody removes the stop',
    codes: ['W207'],
    shown: [
      ...stops(
        'B7: a stop that somebody removes or loosens is restored within a cycle',
        'B7: a stop that somebody tightens is kept',
      ),
      ...money(
        'B7: over the wire a stop that somebody removes is back within a cycle, and one who takes its request for done is found out',
      ),
    ],
  },
  {
    row: 'B8',
    lever: ['L1'],
    what: 'somebody cancels all orders',
    codes: ['W208'],
    shown: [
      ...stops(
        'B8: orders that somebody cancels are let go or set again, and the stop stays',
        'B8: a cancellation that was never told is found, and a stop is none of the orders',
      ),
      ...money(
        'B8: over the wire what somebody cancels is set again, the stop first, and one who takes its request for done is found out',
      ),
    ],
  },
  {
    row: 'B9',
    lever: ['L1'],
    what: 'no more conditional orders are taken on a symbol',
    codes: ['W209'],
    shown: [
      ...limits(
        'B9: a stop that there is no room for takes the place of a target',
        'B9: a driver that forgets why the stop was refused closes the position, and is found out',
        'B9: a target that there is no room for is done without, told once, and the stop stands',
      ),
      ...money(
        'B9: over the wire a stop without room takes the place of a target, and one who forgets why it was refused is found out',
        'B9: over the wire a target without room is done without and tried later, and one who forgets why is found out',
      ),
    ],
  },
  {
    row: 'B10',
    lever: ['L1'],
    what: 'the stop fires and a thin market takes only a part',
    codes: ['C210'],
    shown: [
      ...stops('B10: what a stop could not sell in a thin market is closed until nothing is left'),
      ...money(
        'B10: over the wire what a stop could not sell is closed, and one who waits for the order alone is found out',
        'B10: over the wire what is left of a close that filled in part, unheard, is closed as well',
      ),
    ],
  },
  {
    row: 'B11',
    lever: ['L1'],
    what: 'an order is left after its position is closed',
    codes: ['I211'],
    shown: [
      ...stops(
        'B11: an order of bbw that no position needs is removed',
        'B11: no order of a position outlives it',
      ),
      ...money(
        'B11: over the wire a stop that outlives its position is removed, and one who does not see it, or takes all for its own, is found out',
      ),
    ],
  },
  {
    row: 'B12',
    lever: ['L1'],
    what: 'a target and the stop fire together, and are told twice',
    codes: ['I212'],
    shown: [
      ...stops(
        'B12: a target and the stop that fire together, each told twice and in the wrong order, are counted once',
      ),
      ...money(
        'B12: over the wire a target and a stop that fire together, each told twice, are counted once, and one who counts all of them is found out',
      ),
    ],
  },
  {
    row: 'B13',
    lever: ['L4'],
    what: 'bbw ends half way through exchanging one position for another',
    codes: ['W213'],
    shown: [
      ...rotations(
        'B13: an exchange that is cut off half way is gone on with or given up, and that is told',
        'B13: a close that is refused leaves both with their stops, and that is told',
      ),
      ...named('faults-crash-rotation.test.ts')(
        'B13: over the wire an exchange that is cut off half way is gone on with or given up, and one who forgets it is found out',
      ),
    ],
  },
  {
    row: 'C1',
    lever: ['L2'],
    what: 'a fill is not told',
    codes: ['I301'],
    shown: [
      ...books(
        'C1: a fill that was never told is found and booked, of an entry, of a target and of a stop',
        'C1: a bbw that asks for no executions is found out',
      ),
      ...money(
        'C1: over the wire a fill that was never told is found and booked, and one who never asks is found out',
      ),
    ],
  },
  {
    row: 'C2',
    lever: ['L1'],
    what: 'a fill is told twice, or out of order',
    codes: [],
    shown: [
      ...books(
        'C2: executions that are told twice are booked once',
        'C2: an execution that is told after the end of its order is still of that order',
        'C2: a close that fills in part and is told in the wrong order is nobody else’s',
        'C2: an execution of an order that was given up is its own after a restart, too',
      ),
      ...money(
        'C2: over the wire news that come twice and out of order are booked once, and one who books all of them is found out',
      ),
    ],
  },
  {
    row: 'C3',
    lever: ['L1'],
    what: 'somebody opens a position by hand',
    codes: ['W303'],
    shown: [
      ...books(
        'C3: a position that somebody opens by hand is left alone, and its symbol is blocked while it is there',
      ),
      ...money(
        'C3: over the wire a position by hand is told of and left alone, and one who sees only its own is found out',
      ),
    ],
  },
  {
    row: 'C4',
    lever: ['L1'],
    what: 'somebody changes the size of a position by hand',
    codes: ['I304'],
    shown: [
      ...books(
        'C4: a part that somebody closes or adds by hand changes the position and its targets',
        'C4: a position that somebody closes by hand is closed in the books',
      ),
      ...money(
        'C4: over the wire a part that is closed by hand changes position and targets, and one who hears nothing of it is found out',
      ),
    ],
  },
  {
    row: 'C5',
    lever: ['L7'],
    what: 'another bbw trades the account',
    codes: ['C305'],
    shown: [
      ...books('C5: orders of another bbw stop entries at the first sight and halt them at the second'),
      ...terms(
        'C5: over the wire orders of another bbw stop entries and halt them, and one who sees only its own is found out',
      ),
    ],
  },
  {
    row: 'C6',
    lever: ['L1'],
    what: 'the exchange liquidates a position',
    codes: ['C306'],
    shown: [
      ...books('C6: a liquidation is booked as the loss it is, and the strategy rests on the symbol'),
      ...money(
        'C6: over the wire a liquidation is told and booked as the loss it is, and one who takes it for a trade is found out',
      ),
    ],
  },
  {
    row: 'C7',
    lever: ['L1'],
    what: 'the exchange settles a position without an order',
    codes: ['W307'],
    shown: [
      ...books('C7: a settlement without an order is booked, also where it was never told'),
      ...money(
        'C7: over the wire a settlement without an order is booked, and one who wants an order for everything is found out',
      ),
    ],
  },
  {
    row: 'C8',
    lever: ['L1'],
    what: 'the account cannot be read',
    codes: ['W308', 'W315'],
    shown: [
      ...strange(
        'C8: a row of a position that cannot be read concerns its symbol alone: the other one is managed, protected and entered',
        'C8: who takes a row that cannot be read for one that is not there is found out',
      ),
      ...books(
        'C8: an account that cannot be read is not an empty one',
        'C8: an order that cannot be looked up stays unknown',
      ),
      ...account(
        'C8: positions that cannot be read over the wire are not none',
        'C8: a client that takes a failure for an empty account is found out',
      ),
    ],
  },
  {
    row: 'C9',
    lever: ['L1'],
    what: 'a list that comes in pages breaks off',
    codes: ['E313'],
    shown: [
      ...overWire(
        'C9: a list that comes in pages comes whole or not at all',
        'C9: a client that takes a broken page for the last one is found out',
      ),
      ...account(
        'C9: more orders than one page has are read to the end, and a cursor that leads nowhere makes none of them count',
        'C9: a client that takes the first page for all of them is found out',
      ),
    ],
  },
  {
    row: 'C10',
    lever: ['L1'],
    what: 'the exchange forgets closed orders in one of its records',
    codes: [],
    shown: account(
      'C10: an order that the exchange has forgotten is found by its executions',
      'C10: a client that believes one record alone is found out',
    ),
  },
  {
    row: 'C11',
    lever: ['L8'],
    what: 'a position is older than the history that can be asked for',
    codes: [],
    shown: [
      ...books('C11: a position older than what the exchange remembers is known from the books'),
      ...named('kernel/weeks.test.ts')(
        'C11: in the whole loop a position older than the history is known, and believing the history is found out',
      ),
      ...named('kernel/weeks.long.test.ts')(
        'C11: a position of sixty days at an exchange that remembers twenty-eight is known, kept and closed',
      ),
    ],
  },
]
