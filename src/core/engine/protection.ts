/**
 * Keeps the stop of each position where it is wanted: sends what is wished, follows what is answered and what the
 * account shows, and closes what cannot be protected.
 */
import { unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { SECOND, type Ticks } from '../base/units.ts'
import { formatTicks } from '../market/quantise.ts'
import { MANUAL, type Position, positionKey, type StopKind } from '../portfolio/position.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Input } from './protocol.ts'
import type { EngineState, StopRequest } from './state.ts'
import { StopDesk } from './stop-desk.ts'
import { CLOSING, EMERGENCY, type StopVerdict } from './stop-rules.ts'

/** The code of a stop that moved although its answer was in doubt. */
const CONFIRMED: { readonly [D in StopRequest['doubt']]: Code | null } = {
  none: null,
  'no-answer': 'I203',
  'not-modified': 'I204',
  restart: 'I205',
}

export class Protection {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  /** What is wanted of each stop, by position. */
  readonly desk: StopDesk

  constructor(core: EngineCore, orders: OrderDesk) {
    this.#core = core
    this.#orders = orders
    this.desk = new StopDesk(core.ruled)
  }

  /** Sets missing stops again, and closes what cannot be protected. */
  protect(): void {
    this.sendWishes()
    for (const [key, state] of this.desk.entries()) {
      const position = this.#core.portfolio.positions.get(key)
      if (position === undefined) continue
      const retryAt = this.#orders.retryAt(position, 'close')
      if (retryAt !== null && state.closing !== null) this.#core.hurry(retryAt)
      const isOrdered = retryAt !== null || this.#orders.find(position, 'close') !== undefined
      const close = this.#core.ruled(CLOSING, { position, state, isOrdered })
      if (close !== null) this.#orders.close(position, close.as, close.reason)
    }
  }

  /** Sends the stops that are wished for by now. */
  sendWishes(): void {
    for (const key of this.desk.wishes(this.#core.now)) this.#send(key)
  }

  /** Sends those that are missing at the exchange: they wait for no cycle, and for no reading of the account. */
  sendMissing(): void {
    for (const key of this.desk.missing(this.#core.now)) this.#send(key)
  }

  /** Closes a position whatever it takes: it is asked for again until it is gone. */
  closeNow(position: Position, reason: string, code: Code, as: ExitReason = 'emergency'): void {
    const key = positionKey(position.symbol, position.side)
    this.desk.close(key, reason, as)
    this.#core.count(`${as}-close`)
    if (this.#orders.find(position, 'close') === undefined) this.#orders.close(position, as, reason, code)
  }

  /** Sets the stop of a position that was handed over without it. */
  setFirst(position: Position): void {
    this.desk.setFirst(position, this.#core.now)
    this.sendWishes()
  }

  /** Takes the stop that the account has just shown for a position; `null`: it has none. */
  readBack(position: Position, shown: Ticks | null): void {
    const key = positionKey(position.symbol, position.side)
    const inFlight = this.desk.of(key).inFlight
    const verdict = this.desk.readBack(position, shown, this.#core.now)
    if (verdict !== null) this.#onVerdict(key, position, verdict, 'no answer', inFlight)
  }

  /** The exchange tells of a position: a stop that is gone is set again before anything is read. */
  told({ symbol, side, stop, time }: Extract<Input, { readonly type: 'stop-told' }>): void {
    const core = this.#core
    const key = positionKey(symbol, side)
    const position = core.portfolio.positions.get(key)
    if (position === undefined) return
    const mark = core.markets.find(symbol)?.mark ?? Number.NaN
    const verdict = this.desk.told(position, stop, Number.isNaN(mark) ? null : mark, time, core.now)
    if (verdict === null) return
    this.#onVerdict(key, position, verdict, 'it is told to be gone', null)
    this.#send(key)
  }

  /** The exchange has answered a request for a stop. */
  answered(input: Extract<Input, { readonly type: 'stop' }>): void {
    const key = this.desk.keyOf(input.requestId)
    if (key === undefined) return
    this.#core.revision++
    const position = this.#core.portfolio.positions.get(key)
    if (position === undefined) {
      this.desk.drop(key)
      return
    }
    const verdict = this.desk.answer(key, input.ok, input.why, this.#core.now)
    if (input.why === 'too-many') this.#makeRoom(key, position, input.reason)
    if (verdict !== null) this.#onVerdict(key, position, verdict, input.reason, null)
  }

  #send(key: string): void {
    const position = this.#core.portfolio.positions.get(key)
    if (position === undefined) return
    const { now, obstacles } = this.#core
    const request = this.desk.send(key, this.#core.requestId('stop'), now, obstacles.isKeyRefused)
    if (request === null) return
    const { symbol, side } = position
    if (request.why === 'halving') this.#core.fold({ type: 'halving-sent', symbol, side })
    this.#core.emit({ type: 'set-stop', requestId: request.requestId, symbol, side, stop: request.stop })
  }

  #onVerdict(
    key: string,
    position: Position,
    verdict: StopVerdict,
    reason: string,
    asked: StopRequest | null,
  ): void {
    const { symbol, side, instrument } = position
    switch (verdict.kind) {
      case 'moved':
        this.#moved(position, verdict.request)
        break
      case 'restored': {
        const seconds = ((this.#core.now - verdict.missingSince) / SECOND).toFixed(1)
        const stop = formatTicks(instrument, verdict.request.stop)
        // Of a position that is being closed the stop has fired, or could not be set: that was said.
        const isClosing = this.desk.of(key).closing !== null
        const isFirst = position.strategy === MANUAL && !verdict.wasSeen
        const code = isClosing ? null : verdict.wasSeen ? 'W207' : isFirst ? 'I311' : 'C201'
        const words = isFirst ? 'set' : 'set again'
        this.#core.event('stop-restored', position, `${words} after ${seconds} s`, { stop }, null, code)
        if (verdict.request.stop !== position.stop) this.#moved(position, verdict.request)
        break
      }
      case 'failed':
        this.#core.count('stop-failed')
        if (asked === null) {
          const wanted = formatTicks(instrument, verdict.request.stop)
          if (this.#core.obstacles.isNews(`${key} stop failed`))
            this.#core.event('stop-failed', position, reason, { wanted })
        } else if (asked.doubt === 'restart') {
          this.#core.event('stop-failed', position, 'the old stop stands; moved again', {}, null, 'I205')
        }
        this.#core.touch('light')
        if (verdict.delay !== null) this.#core.hurry(this.#core.now + verdict.delay)
        break
      case 'unknown':
        this.#core.hurry(this.#core.now)
        break
      case 'close':
        this.#unprotected(key, position, verdict.isCrossed, reason)
        break
      case 'adopt':
        this.#core.event(
          'stop-moved',
          position,
          'tightened outside of bbw',
          {
            from: formatTicks(instrument, position.stop),
            to: formatTicks(instrument, verdict.stop),
            why: 'outside',
          },
          null,
          'W207',
        )
        this.#core.fold({ type: 'stop-moved', symbol, side, stop: verdict.stop, kind: position.stopKind })
        this.#orders.takeBackAdds(position, 'stop-moved')
        break
      case 'missing':
        this.#core.count('stop-missing')
        if (verdict.delay !== null) this.#core.hurry(this.#core.now + verdict.delay)
        break
      default:
        unreachable(verdict)
    }
    if (verdict.kind === 'moved' || verdict.kind === 'restored') this.#send(key)
  }

  /** As many orders rest as are allowed: the stop of a position comes before its targets. */
  #makeRoom(key: string, position: Position, reason: string): void {
    const room = this.#orders.makeRoom(position)
    if (room === undefined || !this.#core.obstacles.isNews(`${key} crowded`)) return
    const words = `the stop comes first, ${room.stay} targets stay: ${reason}`
    this.#core.event('targets', position, words, {}, room.order.clientOrderId, 'W209')
  }

  /** No stop can be set any more: the position is closed, or left to the person whose it is. */
  #unprotected(key: string, position: Position, isCrossed: boolean, said: string): void {
    const core = this.#core
    const emergency = core.ruled(EMERGENCY, { position, state: this.desk.of(key), isCrossed, reason: said })
    if (emergency.kind === 'close') {
      this.closeNow(position, emergency.reason, isCrossed ? 'C202' : 'C201')
      return
    }
    core.count('stop-failed')
    core.hurry(core.now + LOOK_AGAIN)
    if (!emergency.isTold) return
    const wanted = formatTicks(position.instrument, position.stop)
    core.event('stop-failed', position, emergency.reason, { wanted }, null, 'C220')
  }

  #moved(position: Position, request: StopRequest): void {
    const { instrument, symbol, side } = position
    const keepsKind = request.why === 'restore' || request.why === 'cascade'
    const kind: StopKind = keepsKind
      ? position.stopKind
      : request.why === 'breakeven'
        ? 'breakeven'
        : 'trailing'
    this.#core.event(
      'stop-moved',
      position,
      request.reason,
      {
        from: formatTicks(instrument, position.stop),
        to: formatTicks(instrument, request.stop),
        why: request.why,
      },
      null,
      CONFIRMED[request.doubt],
    )
    this.#core.fold({ type: 'stop-moved', symbol, side, stop: request.stop, kind })
    this.#orders.takeBackAdds(position, 'stop-moved')
  }

  save(): Pick<EngineState, 'stops'> {
    return { stops: this.desk.entries() }
  }

  load({ stops }: Pick<EngineState, 'stops'>): void {
    for (const [key, state] of stops) this.desk.load(key, state)
  }
}
