/**
 * The codes of bbw's messages. Each message reads `CODE what happened. What bbw did. What you can do.`; the letter is
 * the severity: I information, W warning, E error, C critical. `bbw explain CODE` prints the entry.
 */

export interface CodeEntry {
  /** What the code stands for, in a few words. */
  readonly title: string
  /** What has happened, and how it comes about. */
  readonly what: string
  /** What bbw does by itself. */
  readonly did: string
  /** What is left to the user. */
  readonly can: string
}

const NOTHING = 'Nothing has to be done.'

export const CODES = {
  // --- submitting orders
  E101: {
    title: 'reply lost, order found',
    what: 'An order was sent and its answer never came. A look-up by its client order id found it at the exchange.',
    did: 'Took the order over as it stands; no second one was sent.',
    can: NOTHING,
  },
  E102: {
    title: 'order never arrived',
    what: 'An order was sent, and after the time within which it could still have landed the exchange knows nothing of it: neither orders, history, executions nor the position show it.',
    did: 'Sent it again under the same id, twice at most; an entry whose signal has gone stale meanwhile is dropped.',
    can: 'Look at the connection if it happens often.',
  },
  W103: {
    title: 'late acceptance',
    what: 'A request that was held up on its way reached the exchange seconds later.',
    did: 'Waited for the end of its time window before judging, then took the order over.',
    can: NOTHING,
  },
  I104: {
    title: 'already placed',
    what: 'The exchange says that an order with this client order id exists.',
    did: 'Looked the order up and took it over; nothing was sent twice.',
    can: NOTHING,
  },
  E105: {
    title: 'no clear answer',
    what: 'The exchange answered a request with an error that does not say whether it took effect.',
    did: 'Counts the request as unknown until a look-up tells; no entry on that symbol meanwhile.',
    can: 'If it lasts, look at the status page of the exchange.',
  },
  E106: {
    title: 'unreadable reply',
    what: 'What came back is not the reply of an exchange: empty, cut off, or a page of HTML.',
    did: 'Counts a request as unknown until a look-up tells, and an answer as not given.',
    can: 'A proxy between bbw and the exchange is the usual cause.',
  },
  I107: {
    title: 'unsent entry discarded',
    what: 'bbw ended between writing an entry down and sending it. The exchange does not know it.',
    did: 'Dropped it: its signal is no longer fresh, or it will be decided anew.',
    can: NOTHING,
  },
  I108: {
    title: 'order recovered',
    what: 'bbw ended after an order had reached the exchange and before its answer was written down.',
    did: 'Found it by its client order id and took it over, with its stop.',
    can: NOTHING,
  },
  E109: {
    title: 'cannot save',
    what: 'What has happened could not be written to the state.',
    did: 'Keeps it in memory, tries again, and admits no entry until it is written. Stops at the exchange stay; exits go on.',
    can: 'Look at disk space and permissions of the data folder.',
  },
  W110: {
    title: 'order rejected',
    what: 'An order that had been received was rejected afterwards.',
    did: 'Freed its slot; an acceptance is never taken for a fill.',
    can: 'The reason of the exchange is in the event.',
  },
  W111: {
    title: 'filled in part',
    what: 'Only a part of an order was filled before the rest was cancelled.',
    did: 'Keeps the part as a position of its own size; stop and targets cover it.',
    can: NOTHING,
  },
  I112: {
    title: 'symbol reserved',
    what: 'Another entry on this symbol is held or on its way.',
    did: 'Skipped the signal.',
    can: NOTHING,
  },
  I113: {
    title: 'duplicate signal',
    what: 'This signal has been acted on before, by this process or another one.',
    did: 'Ignored it.',
    can: NOTHING,
  },
  I130: {
    title: 'paused',
    what: 'A person has paused entries.',
    did: 'Admits no entry; positions are managed on.',
    can: 'bbw trade resume',
  },
  I131: {
    title: 'resumed',
    what: 'A person has resumed entries.',
    did: 'Pause and halt are lifted; the equity peak restarts at the present equity.',
    can: NOTHING,
  },
  C132: {
    title: 'halted',
    what: 'Entries are halted: by a person, or by a limit on losses.',
    did: 'Takes back entries that rest and admits none, over restarts too; positions are managed on.',
    can: 'Find out why, then: bbw trade resume',
  },
  W133: {
    title: 'drawdown pause',
    what: 'Equity has fallen too far from its peak.',
    did: 'Pauses entries for the time configured, then restarts the peak.',
    can: 'bbw status shows the figures.',
  },
  W134: {
    title: 'position over its risk budget',
    what: 'A position at high leverage risks more at its stop than its share of equity: the market has become wilder, or equity has shrunk.',
    did: 'Tells so once; stop and position stand as they are.',
    can: 'bbw status shows it; reduce it by hand if it is too much.',
  },
  I140: {
    title: 'closed on request',
    what: 'A person wants a position closed.',
    did: 'Takes back what waits on its symbol and closes it at the market, reduce-only, again until it is gone. Its stop stays at the exchange until then.',
    can: NOTHING,
  },
  I141: {
    title: 'flat',
    what: 'What a person wanted closed is closed: the account shows nothing of it any more.',
    did: 'Nothing is left to do; a halt that came with it stays.',
    can: 'bbw trade resume lifts the halt.',
  },
  W142: {
    title: 'state left aside',
    what: 'A person closes straight at the exchange, without the state: it is damaged, say, or cannot be read.',
    did: 'Closes what the account shows, whoever opened it, and takes back entries of any bbw. The state is not touched.',
    can: 'Start bbw run once the state is sound: it compares its books with the exchange.',
  },
  W135: {
    title: 'losing streak',
    what: 'Several trades have closed with a loss within a short time.',
    did: 'Pauses entries for the time configured. The pause ends by itself; bbw trade resume does not shorten it.',
    can: 'bbw status shows the figures.',
  },
  W137: {
    title: 'resumed, and a cause stands',
    what: 'A person has resumed, and something else keeps entries away: it is named.',
    did: 'Took the halt and the pause back; entries wait for the end of that cause, which no resume lifts.',
    can: 'Do what the cause asks for; entries go on by themselves then.',
  },
  W136: {
    title: 'losses at high leverage',
    what: 'Several trades at high leverage have closed with a loss within a day.',
    did: 'Pauses entries at high leverage for the time configured; others go on. The pause ends by itself; bbw trade resume does not shorten it.',
    can: 'bbw status shows the figures.',
  },
  // --- stops
  C201: {
    title: 'stop missing',
    what: 'A position stands at the exchange without its stop.',
    did: 'Set the stop again, up to three times; then closes the position.',
    can: 'Look at the position if it repeats.',
  },
  C202: {
    title: 'price past the stop',
    what: 'The stop could not be set because the price is already beyond it.',
    did: 'Closes the position at the market, reduce-only.',
    can: NOTHING,
  },
  I203: {
    title: 'stop confirmed',
    what: 'The answer to moving a stop was lost; the account shows the stop where it was wanted.',
    did: 'Took it as moved.',
    can: NOTHING,
  },
  I204: {
    title: 'stop already there',
    what: 'The exchange says that nothing was modified, and the account shows the stop where it was wanted.',
    did: 'Took it as moved.',
    can: NOTHING,
  },
  I205: {
    title: 'stop verified after a restart',
    what: 'bbw ended while a stop was being moved.',
    did: 'Read the stop back: it is the old one or the new one, and the move is made again where it is the old one.',
    can: NOTHING,
  },
  E206: {
    title: 'no valid stop',
    what: 'Rounded to the tick, the stop would be 0 or on the wrong side of the price.',
    did: 'Refused the entry; nothing was sent.',
    can: NOTHING,
  },
  W207: {
    title: 'stop changed outside',
    what: 'The stop of a position was removed or loosened outside of bbw.',
    did: 'Restored it. A tighter one is kept.',
    can: 'Close the position if you do not want it.',
  },
  W208: {
    title: 'orders cancelled outside',
    what: 'Orders of bbw were cancelled outside of it.',
    did: 'Frees the slots of entries and sets targets again; the stop of a position is not among its orders.',
    can: NOTHING,
  },
  C210: {
    title: 'stop filled in part',
    what: 'A stop fired and the market took only a part of the position.',
    did: 'Closes the rest at the market, reduce-only, again until nothing is left.',
    can: 'Look at the position: its market is thin.',
  },
  W209: {
    title: 'too many orders of a position',
    what: 'The exchange takes only so many conditional orders or targets of one symbol, and there are as many.',
    did: 'The stop has priority: it takes the farthest target back, or does without one, and tries it again later.',
    can: 'Cancel orders of your own on that symbol.',
  },
  C220: {
    title: 'stop of an adopted position not set',
    what: 'The stop of a position that was handed over cannot be set, or the price is past it already.',
    did: 'Did not close what a person has opened; asks for the stop again and again.',
    can: 'Set a stop at the exchange yourself, or close the position.',
  },
  C221: {
    title: 'not flat',
    what: 'A person wanted positions closed, and something stands in the way; the event says what.',
    did: "A loop goes on closing what is bbw's own, and admits no entry there before it is flat; where none runs the next bbw run does, and with --without-state nothing goes on. Stops stay at the exchange.",
    can: 'Look at the account; close the position at the exchange if that is faster.',
  },
  C222: {
    title: 'position not closed',
    what: 'The exchange has refused several times in a row to close a position.',
    did: 'Asks again and again, every 30 seconds at least; the stop at the exchange stays.',
    can: 'Look at the reason, and close the position at the exchange if it does not go away.',
  },
  I211: {
    title: 'orphan order removed',
    what: 'An order of bbw rests at the exchange that no position or entry needs.',
    did: 'Cancelled it by its id.',
    can: NOTHING,
  },
  I212: {
    title: 'target and stop both fired',
    what: 'A target and the stop of one position filled at the same time, or a fill was told twice.',
    did: 'Counted each execution once; the size is that of the exchange.',
    can: NOTHING,
  },
  W213: {
    title: 'rotation stopped half way',
    what: 'A position was to be exchanged for one that is paid for being held, and one of the two orders came to nothing.',
    did: 'What could not be opened whole, or has no stop, is closed again and the old position stays. An old one that could not be closed stays beside the new one; both have their stops.',
    can: 'bbw status shows both; close the one that you do not want.',
  },
  I214: {
    title: 'position exchanged',
    what: 'A position that paid funding was exchanged for one on the same side that receives it.',
    did: 'Opened the new one with its stop first, then closed the old one.',
    can: 'strategies.funding-rotation.enabled switches this off.',
  },
  W219: {
    title: 'add filled after its position had closed',
    what: 'An add of a ladder filled although its position was closed already: it was being taken back, and the price was faster.',
    did: 'Closes what it has opened at the market, reduce-only.',
    can: NOTHING,
  },
  // --- fills and foreign activity
  I301: {
    title: 'missed fill booked',
    what: 'The exchange shows an execution that was never told.',
    did: 'Booked it as if it had been told in time.',
    can: NOTHING,
  },
  W303: {
    title: 'position not in the books',
    what: 'The account holds a position that the books do not know, and no order of this bbw is known to have opened it.',
    did: 'Leaves it alone, takes back what bbw has waiting on that symbol and admits no entry there.',
    can: 'Hand it over with bbw trade adopt SYMBOL --stop PRICE, or close it, or protect it yourself.',
  },
  I304: {
    title: 'size changed outside',
    what: 'A part of a position was closed, or something was added to it, outside of bbw.',
    did: 'Follows the size of the exchange; targets are set anew.',
    can: NOTHING,
  },
  I311: {
    title: 'position handed over',
    what: 'A person has handed a position over that bbw did not open.',
    did: 'Sets its stop at once and keeps it there, places its target if it has one, trails its stop, and counts it in every gate.',
    can: 'bbw trade release SYMBOL takes it back.',
  },
  I312: {
    title: 'position taken back',
    what: 'A person has taken a position back from bbw.',
    did: 'Took its own targets back, left the stop at the exchange, and leaves the position alone from now on.',
    can: 'bbw trade adopt SYMBOL hands it over again.',
  },
  W314: {
    title: 'order of somebody else where nothing is held',
    what: 'An order that bbw has not placed waits for a price on a side of a symbol of which nothing is held, such as a stop whose position is gone.',
    did: 'Left it alone, and tells of it once.',
    can: 'Cancel it at the exchange if you do not want it: it may open or close something one day.',
  },
  C305: {
    title: 'another bbw trades this account',
    what: 'The account has orders of another instance of bbw.',
    did: 'Admits no entry; halts at the second sight.',
    can: 'Stop one of the two, then: bbw trade resume',
  },
  C306: {
    title: 'liquidated',
    what: 'The exchange has taken a position over.',
    did: 'Booked the loss; the strategy rests on the symbol.',
    can: 'Look at leverage and stops.',
  },
  W307: {
    title: 'closed by settlement',
    what: 'The exchange has settled a position, without an order: its trading has ended.',
    did: 'Booked it.',
    can: NOTHING,
  },
  W308: {
    title: 'account unreadable',
    what: 'The account could not be read.',
    did: 'Keeps the last known state; nothing counts as gone. No entry until it is read again.',
    can: 'Look at the connection if it lasts.',
  },
  W309: {
    title: 'books differ from the exchange',
    what: 'Positions, stops, orders or the wallet at the exchange are not what the books say.',
    did: 'Admits no entry, asks the exchange for what was missed and sets right what can be.',
    can: 'bbw status shows the difference.',
  },
  E313: {
    title: 'list incomplete',
    what: 'A list came in pages and did not come to its end.',
    did: 'Took none of it: what is left out would look as if it were not there.',
    can: 'Try again; if it lasts, look at the status page of the exchange.',
  },
  W315: {
    title: 'part of the account unreadable',
    what: 'A row of the account holds something that makes no sense: its field and value are named.',
    did: 'Keeps what is known of that symbol and manages it on; enters nothing there. All others go on.',
    can: 'bbw trade why SYMBOL says what stands in the way. If it lasts, look at the symbol in the app.',
  },
  W316: {
    title: 'lost position taken back',
    what: 'The account holds a position that orders of this bbw have opened and its books do not know: the part of the state that knew it is lost.',
    did: 'Manages it again, as one that was handed over: keeps its stop and its targets at the exchange, sets a stop half-way to its liquidation where it has none, trails it, and counts it in every gate.',
    can: 'Look at its stop and target in bbw status. bbw trade close SYMBOL closes it, bbw trade release SYMBOL takes it back.',
  },
  W317: {
    title: 'order of a lost part of the state',
    what: 'The exchange says that an order of bbw has filled, and nothing of it is to be booked: it had been sent, and filled, in a part of the state that is lost, and its position is gone.',
    did: 'Takes an entry for spent and frees its slot; what a close or a target was for is asked anew.',
    can: NOTHING,
  },
  W318: {
    title: 'position gone without a trace',
    what: 'The account has not shown a position of the books for 20 s, and none of its executions tells how it has ended: they are lost, or the account was reset.',
    did: 'Booked it as closed outside (closed-outside) at the mark price, or the last price, or its entry where neither is known, without a fee; what its end has really brought comes with the wallet of the exchange (W309).',
    can: 'Look the close up in the app of the exchange: its price and fee are not those of the trade in the books. Should the position come back, bbw trade adopt SYMBOL --stop PRICE hands it over.',
  },
  C310: {
    title: 'not converged',
    what: 'Books and exchange have differed for too long.',
    did: 'Halted entries; stops at the exchange stay, exits go on.',
    can: 'Compare the account with bbw status, then: bbw trade resume',
  },
  C415: {
    title: 'API key can move money away',
    what: 'The API key may withdraw, transfer, pay, or move money into a product. What trades needs no such right, and whoever steals the key would have it.',
    did: 'Refused to trade with it; nothing was sent. bbw trade close and flatten take it all the same, and say so.',
    can: 'Make a key that may read and trade contracts and nothing else.',
  },
  W416: {
    title: 'API key exposed, ending or too wide',
    what: 'The API key is good from any address, ends within 14 days, or has a right of which bbw does not know that it moves nothing.',
    did: 'Goes on.',
    can: 'Bind the key to the address of this machine, or make another one in time that may trade contracts and nothing else.',
  },
  C403: {
    title: 'exchange unreachable',
    what: 'The exchange does not answer: for five minutes in a row, where it is an account at Bybit.',
    did: 'Admits no entry, keeps trying, and reconciles before anything else once it answers. Stops at the exchange stay.',
    can: 'Look at the connection, and whether the exchange is up.',
  },
  C407: {
    title: 'API key rejected',
    what: 'The exchange does not accept the key: it has expired, was revoked, belongs to another environment, is bound to another address, or may not trade.',
    did: 'Does not start with it. A loop halts entries, and asks and sends nothing more with that key. Stops at the exchange stay.',
    can: 'Protect or close positions at the exchange if need be; give bbw a key that works, with the secret that belongs to it. Where entries were halted, then: bbw trade resume',
  },
  W401: {
    title: 'rate limit',
    what: 'Requests came faster than half of what the exchange allows, or the exchange itself said that it has no room.',
    did: 'Let requests wait for their turn; part of the room is kept for closes, stops and cancellations.',
    can: 'If it lasts, look for another program that uses the same account or address.',
  },
  C408: {
    title: 'account may only close',
    what: 'The exchange lets this account only reduce positions, or has banned it from trading.',
    did: 'Admits no entry for an hour at a time; exits, targets and stops go on.',
    can: 'Ask the exchange why.',
  },
  W404: {
    title: 'maintenance announced',
    what: 'The exchange has announced that it will be down for maintenance.',
    did: 'Admits no entry from five minutes before, and compares everything with the exchange before the first one afterwards. Stops stay at the exchange, which carries none out while it is down.',
    can: 'Close what you do not want to hold meanwhile.',
  },
  W405: {
    title: 'the exchange answers slowly',
    what: 'One answer in twenty takes two seconds or longer, over the last minutes.',
    did: 'Goes on: each request has its time limit, what is not answered in it is looked up, and no cycle overlaps itself. Stops are at the exchange.',
    can: 'Look at status.bybit.com and at your own line. Entries may come late, which their own limits refuse.',
  },
  W409: {
    title: 'too many orders',
    what: 'As many orders rest on the account as the exchange allows.',
    did: 'Denied the entry, and admits none for a quarter of an hour.',
    can: 'Cancel orders that are not needed.',
  },
  I410: {
    title: 'too late to cancel',
    what: 'An entry was to be taken back, and had filled, or filled on the way.',
    did: 'Took the position over, with its stop; a cancellation is never taken for granted.',
    can: NOTHING,
  },
  W411: {
    title: 'not enough margin',
    what: 'The exchange has refused an entry because there is not enough money for it.',
    did: 'Dropped it, and admits none for a quarter of an hour.',
    can: 'Look for what else uses the margin of the account; lower the sizes, or the number of positions.',
  },
  W412: {
    title: 'order does not fit',
    what: 'The exchange has refused an entry for its size or for another of its terms: a filter of the symbol may have changed.',
    did: 'Dropped it; nothing is entered on that symbol for an hour.',
    can: 'If it comes again and again, report it: it may be a fault of bbw.',
  },
  W413: {
    title: 'price out of bounds',
    what: 'The price of an order is farther from the mark price than the exchange allows.',
    did: 'An entry is dropped, and its symbol rests for a quarter of an hour. A target whose price is reached goes at the market; another one is tried again later.',
    can: NOTHING,
  },
  W414: {
    title: 'symbol not traded',
    what: 'The exchange takes no orders that add on that symbol at present.',
    did: 'Dropped the entry; nothing is entered on that symbol for an hour.',
    can: NOTHING,
  },
  C402: {
    title: 'address blocked',
    what: 'The exchange has answered with HTTP 403: requests were too frequent, or it does not serve this country.',
    did: 'Sends nothing to that host for ten minutes. Stops at the exchange stay.',
    can: 'End other programs that use the same address; wait.',
  },
  // --- market and funding
  W501: {
    title: 'stream silent',
    what: 'A stream was connected and nothing came any more, not even an answer to a ping.',
    did: 'Cut the connection and connected anew; what was missed meanwhile is asked for.',
    can: 'Look at the connection if it happens often.',
  },
  W502: {
    title: 'topic silent',
    what: 'A stream is alive, and one of its topics has fallen silent.',
    did: 'Subscribed to it again; what it has left out is asked for.',
    can: NOTHING,
  },
  W503: {
    title: 'reconnects slowed',
    what: 'A stream could not be connected, or did not hold, many times in a row; or that of the account is not there at the start.',
    did: 'Tries ever more rarely, once a minute in the end, and goes back to shorter waits when it has held for a minute. Positions, orders and stops are looked after by requests meanwhile.',
    can: 'Look at the connection, and whether the exchange is up.',
  },
  W504: {
    title: 'topic refused',
    what: 'The exchange does not know a topic of a stream, as of a symbol that is no longer listed.',
    did: 'Left it out; all other topics go on.',
    can: NOTHING,
  },
  I507: {
    title: 'candles missing',
    what: 'Candles of a symbol are missing between others, at the exchange too.',
    did: 'Goes on without them: figures that need them are not available, and a signal that needs those is not given.',
    can: NOTHING,
  },
  E508: {
    title: 'figure unavailable',
    what: 'A price, a candle or a funding rate cannot be true, or an indicator comes to no number.',
    did: 'Left it out: nothing is entered on it. What is held keeps its stops.',
    can: 'If it comes again, report it with the message.',
  },
  W509: {
    title: 'price spike ignored',
    what: 'The last price of a symbol is far from its mark price, or that from the index price.',
    did: 'Does not decide by it; the price before it counts until it is back.',
    can: NOTHING,
  },
  W506: {
    title: 'price too old',
    what: 'The newest price of a symbol, by the clock of the exchange, was too old to enter on.',
    did: 'Skipped the entry; exits and protection go on.',
    can: 'If it comes often, look at the connection and at the clock of this machine.',
  },
  W510: {
    title: 'funding interval shortened',
    what: 'The exchange now settles funding of a symbol with a position more often than before, as it does when rates are extreme.',
    did: 'Reckons with the new interval from now on. What the position pays at the next settlement is looked at in every heavy cycle.',
    can: 'bbw status shows what its funding has come to.',
  },
  W511: {
    title: 'prices read late',
    what: 'Prices have waited for longer than five seconds until bbw read them: the machine stood still or is too slow, or the stream lags.',
    did: 'Kept the newest price of each symbol and left out those before it. Fills and orders are all taken.',
    can: 'If it comes often, look at the load of this machine, or follow fewer symbols.',
  },
  W513: {
    title: 'part of the market unreadable',
    what: 'A row of a list of the market holds something that makes no sense: its field and value are named.',
    did: 'Left that symbol out; one that is held or followed goes on by what was known of it. All others go on.',
    can: 'If it lasts, look at the symbol in the app, and for a newer bbw.',
  },
  I512: {
    title: 'position pays funding',
    what: 'A position pays more at the next settlement of funding than it should.',
    did: 'Looks for one on the same side that receives funding, and exchanges them where that saves more than it costs.',
    can: NOTHING,
  },
  // --- margin
  I604: {
    title: 'rest below the least order',
    what: 'What is left of a position, or a part that was to be sold, is less than the exchange takes in one order.',
    did: 'Tried to close all of it with its own quantity; that was refused, so it is left, with its stop, and tried again when its quantity changes or after a day.',
    can: 'Close it at the exchange, where there is a way for so little.',
  },
  I601: {
    title: 'filters changed',
    what: 'The exchange has changed what a symbol with a position is counted or ordered in: the tick, the step, the least or the greatest order.',
    did: 'Counted position, stop, targets and orders anew, without adding risk, and took entries on their way back.',
    can: NOTHING,
  },
  C602: {
    title: 'being delisted',
    what: 'The trading of a symbol with a position ends, is suspended, or the symbol is missing in the lists of the exchange.',
    did: 'Enters nothing there. What bbw holds, adopted positions included, is closed a day before the announced end; a position that is in no list stays in the books.',
    can: 'Close a position of your own in time.',
  },
  C606: {
    title: 'position mode differs',
    what: 'The account is in another position mode, one-way or hedge, than positionMode in the configuration, and has a position or an order: then the mode cannot be switched.',
    did: 'Did not start: an entry would have met a position on the other side, or been refused. Stops at the exchange stay.',
    can: 'Set positionMode to the mode of the account, or close what is held and cancel what rests, and start again: an account with nothing on it is switched.',
  },
  C609: {
    title: 'margin low',
    what: 'Maintenance margin takes half of the equity of the account or more: the exchange may cancel orders, and a stop may not be carried out whole.',
    did: 'Admits no entry until it is below four tenths again; exits and stops go on.',
    can: 'Add money, or reduce what is held beside bbw.',
  },
  C610: {
    title: 'margin mode changed outside',
    what: 'The margin mode or the type of the account is another one than when bbw began to trade it: liquidations and sizes were planned for that one.',
    did: 'Admits no entry; positions are managed on.',
    can: 'Choose isolated margin again: entries go on by themselves. Another type of the account, if it is meant: bbw trade resume',
  },
  C616: {
    title: 'not isolated margin',
    what: 'The account is in cross or portfolio margin. bbw plans sizes and liquidations for isolated margin, in which a position can lose its own margin and no more.',
    did: 'Did not start where its books hold nothing. Else it looks after what it holds, and halts entries; a resume lets none in while it lasts. Closing is never refused.',
    can: 'Choose isolated margin for the account at Bybit, and start again; where it was halted, then: bbw trade resume',
  },
  I611: {
    title: 'auction without stops',
    what: 'The symbol is in an auction before its market opens, in which the exchange takes no stops.',
    did: 'Enters nothing there: what cannot hold a stop is not traded.',
    can: NOTHING,
  },
  W608: {
    title: 'leverage not as planned',
    what: 'The exchange has not confirmed the leverage that an entry was planned with: it is another one, or no answer came in time.',
    did: 'Denied the entry; nothing was sent.',
    can: 'Look at the leverage and the risk tier of the symbol, or change strategies.<id>.leverage.',
  },
  W615: {
    title: 'liquidation near the stop',
    what: 'The liquidation of a position lies nearer to its entry than 1.5 x its stop: its average has moved, its maintenance margin was raised, or the exchange tells a nearer one than bbw reckons.',
    did: 'Tightens the stop; closes the position only with risk.cascadeClose: true.',
    can: 'Reduce the position, or close it.',
  },
  C612: {
    title: 'near liquidation',
    what: 'Only a fifth of the way from the entry to the liquidation is left: the stop has not held.',
    did: 'Tells so once until it changes; the stop stays, and is restored where it is missing.',
    can: 'Close the position, or reduce it.',
  },
  // --- process life
  W701: {
    title: 'clock off',
    what: "The machine's clock differs from the exchange's by more than a second, or the exchange has refused a request for its time stamp.",
    did: "Goes by the exchange's time, taken anew where that was refused; what is sent bears it.",
    can: 'Let the system keep its clock by NTP.',
  },
  W702: {
    title: 'time jumped',
    what: 'The wall clock has moved by more than the time that has passed: it was set, or the machine slept.',
    did: 'Reconciles before anything else.',
    can: 'Let the system keep its clock by NTP.',
  },
  I704: {
    title: 'stopped',
    what: 'bbw was asked to end.',
    did: 'Entered nothing new, found out what had become of what was on its way, saw to it that what is held has its stop, saved and left; stops stay at the exchange.',
    can: NOTHING,
  },
  I705: {
    title: 'recovered',
    what: 'bbw has started on the state of an earlier run.',
    did: 'Compared it with the exchange, set right what differed, and goes on.',
    can: NOTHING,
  },
  C706: {
    title: 'safe mode after several restarts',
    what: 'bbw was started five times within ten minutes without a clean end. Starts that could not reach the exchange do not count.',
    did: 'Protects what is held and admits no entry.',
    can: 'Read the log for the cause, then: bbw trade resume',
  },
  C707: {
    title: 'loop stood still',
    what: 'The loop has not come on: on a real market a cycle had not ended for twice its period (a light one for a minute), on one that bbw moves itself nothing had for 20 s. Its event loop was blocked by a calculation, a disk or a terminal that takes no output, or its cycles did not run.',
    did: 'Ended the process as a crash does, without saving: the state is as after the last step, and stops stay at the exchange. The next start tells it and goes on there. The fifth such start within ten minutes enters nothing (C706).',
    can: 'Where nothing starts bbw run again by itself, start it: bbw run. Report it if it repeats.',
  },
  C712: {
    title: 'ended with something left open',
    what: 'A command has ended, and within 8 s it could not be found out what has become of something that bbw had sent, or a position stands without its stop; the message names each.',
    did: 'Read the account again and again, asked for missing stops, entered nothing more; the books know what is open. A loop that runs beside the command goes on with it.',
    can: 'Where no loop runs, start bbw run at once: it looks up what is open and protects what is held. Or look at the account, and set the stop there.',
  },
  E708: {
    title: 'internal error',
    what: 'bbw has met a state that must not be.',
    did: 'Stopped sending and ended with exit code 1; the next start recovers.',
    can: 'Start it again and report the message.',
  },
  I709: {
    title: 'database upgraded',
    what: 'The state was written by an earlier version of bbw.',
    did: 'Backed it up, then migrated it in one transaction.',
    can: NOTHING,
  },
  W710: {
    title: 'memory rising',
    what: 'The process uses much more memory than it should.',
    did: 'Goes on.',
    can: 'Report it, and restart bbw at a quiet moment: a restart forgets nothing.',
  },
  W711: {
    title: 'the same step fails again and again',
    what: 'A step of a cycle has failed more than three times within five minutes, or in as many turns.',
    did: 'Tries again at each turn; says so once in five minutes for as long as that goes on.',
    can: 'The reason is in the event: look at the connection, and report it if that is well.',
  },
  // --- store, disk, several processes
  E801: {
    title: 'already running',
    what: 'Another process of bbw holds this account.',
    did: 'Did not start, exit code 79.',
    can: 'Stop the other one, or choose another --data-dir.',
  },
  C802: {
    title: 'lease lost',
    what: 'Another process has taken the account over, because this one had not renewed its lease in time.',
    did: 'Sent nothing more and ended with exit code 79.',
    can: 'Look for what froze this process.',
  },
  W803: {
    title: 'database busy',
    what: 'Another process holds the database for longer than a write may take.',
    did: 'Keeps what was to be written and tries again, a quarter of a second at a time; entries wait, stops and exits go on.',
    can: 'Look for a process that keeps the database open.',
  },
  C805: {
    title: 'disk full',
    what: 'The state cannot be written: the disk is full.',
    did: 'Freed its reserve file, admits no entry; stops at the exchange stay, exits go on.',
    can: 'Free some space.',
  },
  C806: {
    title: 'disk error',
    what: 'The state cannot be written: the disk fails, or the file system is read-only.',
    did: 'Admits no entry; stops at the exchange stay, exits go on.',
    can: 'Look at the disk, and remount it.',
  },
  C807: {
    title: 'database damaged',
    what: 'The state failed its check, or is older than the last run: the exchange has executed orders of this bbw that the state does not know. Or, where the message names sim.db or paper.db, the book of the exchange that bbw itself is, embedded or on paper.',
    did: 'bbw run puts a damaged state aside, restores the newest sound backup and books what the exchange can tell of its orders. Positions that only the lost part knew and that its own orders have opened are managed again, with their stops and targets (W316). Entries are halted. Of the book of an exchange there is no second copy: bbw does not start on a damaged one. Other commands change nothing.',
    can: 'Compare bbw status with the account, then: bbw trade resume. Where the book of the exchange is damaged, begin anew, which keeps the file: bbw run --new',
  },
  W808: {
    title: 'write-ahead log grows',
    what: 'The write-ahead log cannot be emptied because a reader holds an old view.',
    did: 'Goes on; the log is emptied when the reader ends.',
    can: 'End the process that keeps the database open.',
  },
  C809: {
    title: 'SQLite can corrupt its log',
    what: 'This version of SQLite can damage a database that several processes write, or the folder is on a network file system.',
    did: 'Refused to trade.',
    can: 'Use the Node that bbw brings, and a local disk.',
  },
  I810: {
    title: 'queued to the running bbw',
    what: 'A loop is running, so a command from outside is carried out by it.',
    did: 'Wrote the command down and waited for its outcome.',
    can: NOTHING,
  },
  I811: {
    title: 'scan already running',
    what: 'Another scan on this data folder is at work.',
    did: 'Waited its turn, or ended with exit code 75.',
    can: 'Let the scheduler start scans further apart.',
  },
  W812: {
    title: 'decisions not taken down',
    what: 'The journal of decisions cannot be opened or written.',
    did: 'Went on trading without it. Once it can be written again, it holds how many decisions it lacks.',
    can: 'Look at the disk, and at decisions.db in the data folder: it may be moved away while bbw does not run.',
  },
  E813: {
    title: 'journal of decisions damaged',
    what: 'A row of the journal of decisions was changed, taken out or put in, or what belongs to it is missing.',
    did: 'Ended with exit code 1; the message names the row.',
    can: 'Put decisions.db in the data folder aside; the next run begins a new one.',
  },
  // --- configuration
  E971: {
    title: 'unknown setting',
    what: 'The configuration has a key that is no setting, or a value that cannot be.',
    did: 'Did not start, exit code 4.',
    can: 'bbw config check names the place and the nearest key.',
  },
  W972: {
    title: 'configuration changed',
    what: 'The configuration was read again.',
    did: 'Took over what does not raise risk; what does waits for a confirmation.',
    can: 'bbw config show --origin shows what is in force.',
  },
  E973: {
    title: 'variable not set',
    what: 'The configuration names an environment variable that is not set.',
    did: 'Did not start, exit code 4.',
    can: 'Set the variable, or write the value.',
  },
  E975: {
    title: 'reply too long',
    what: 'A reply was longer than 16 MB, as it came or unpacked.',
    did: 'Dropped it before it was taken in: an answer counts as not given, a request as unknown until a look-up tells.',
    can: 'A proxy between bbw and the exchange is the usual cause.',
  },
  C976: {
    title: 'API key of another environment',
    what: 'The exchange does not know the API key at the address of the environment that was chosen: keys of the real account, of the demo account and of the test network are good in their own place alone.',
    did: 'Did not start; nothing was sent.',
    can: 'Take a key of that environment, or choose the environment of the key.',
  },
  E974: {
    title: 'secret readable by others',
    what: 'A file with secrets can be read by other users.',
    did: 'Refused to read it.',
    can: 'chmod 600 FILE',
  },
} as const satisfies { readonly [code: string]: CodeEntry }

export type Code = keyof typeof CODES

/** The severity that the code's letter says. */
export function severityOf(code: Code): 'info' | 'warning' | 'error' | 'critical' {
  switch (code[0]) {
    case 'I':
      return 'info'
    case 'W':
      return 'warning'
    case 'E':
      return 'error'
    default:
      return 'critical'
  }
}

export function isCode(text: string): text is Code {
  return Object.hasOwn(CODES, text)
}
