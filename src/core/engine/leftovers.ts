/** Orders that wait for a price where nothing is held any more: bbw's own are taken back, of others is told. */
import type { Timestamp } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { positionKey } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import { LEFTOVERS } from './leftover-rules.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Account } from './protocol.ts'
import { isHidden } from './reach-rules.ts'
import type { EngineState } from './state.ts'

export class Leftovers {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  /** When bbw's last position of a key has ended. */
  readonly #ended = new Map<string, Timestamp>()
  #told: readonly string[] = []

  constructor(core: EngineCore, orders: OrderDesk) {
    this.#core = core
    this.#orders = orders
  }

  /** A position of bbw's has ended: what has protected it was bbw's. */
  ended(symbol: string, side: Side, at: Timestamp): void {
    this.#ended.set(positionKey(symbol, side), at)
  }

  /** Takes what the account shows, which the books have been compared with. */
  seen({ conditional = [], positions, unread }: Account): void {
    const { portfolio, instance, now } = this.#core
    if (conditional.length === 0 && this.#ended.size === 0 && this.#told.length === 0) return
    const course = this.#core.ruled(LEFTOVERS, {
      orders: conditional,
      held: [
        ...new Set([
          ...positions.map(({ symbol, side }) => positionKey(symbol, side)),
          ...portfolio.positions.keys(),
          // Where something cannot be read it may be held all the same.
          ...conditional
            .filter(({ symbol }) => isHidden(unread, symbol, 'position'))
            .map(({ symbol, side }) => positionKey(symbol, side)),
        ]),
      ],
      doubtful: [...portfolio.pending.values()]
        .filter(({ clientOrderId: id }) => this.#orders.doubts.get(id) !== null)
        .map(({ symbol, side }) => positionKey(symbol, side)),
      ended: [...this.#ended],
      told: this.#told,
      asked: [...this.#orders.asked.keys()],
      instance,
      now,
    })
    for (const { id, symbol, side } of course.cancels) {
      const words = `${symbol} ${side}: nothing is held that this order could protect; cancelled`
      this.#core.note('reconciled', words, id, 'I211')
      this.#orders.cancelOrphan({ clientOrderId: id, symbol, side }, 'orphan')
    }
    for (const { id, symbol, side, purpose } of course.strange) {
      this.#core.record('foreign', {
        code: 'W314',
        symbol,
        side,
        strategy: null,
        signalId: null,
        clientOrderId: id,
        reason: `${symbol} ${side} ${purpose}: an order that bbw has not placed waits for a price there; left alone`,
        figures: {},
      })
    }
    this.#told = [...course.told, ...course.strange.map(({ id }) => id)]
    this.#ended.clear()
    for (const [key, at] of course.ended) this.#ended.set(key, at)
    if (course.lookAt !== null) this.#core.hurry(course.lookAt)
  }

  save(): Pick<EngineState, 'leftovers'> {
    return { leftovers: { ended: [...this.#ended], told: this.#told } }
  }

  load({ leftovers }: Pick<EngineState, 'leftovers'>): void {
    for (const [key, at] of leftovers.ended) this.#ended.set(key, at)
    this.#told = leftovers.told
  }
}
