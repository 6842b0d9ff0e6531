/**
 * What goes wrong, and when. A plan is asked at every occasion of every place; it answers from rates, as the seed has
 * it, or from a list of faults that are named one by one. The second is what the first has come to, made shorter.
 */
import type { Draws } from './draws.fixture.ts'

/** How often a kind of fault comes about at a place: shares of the occasions. */
export type Rates = { readonly [kind: string]: number }

export interface PlannedFault {
  readonly place: string
  /** Of the place, from 0. */
  readonly occasion: number
  readonly kind: string
  /** How much of it, in [0, 1): how long it is held, which symbol it is about. */
  readonly size: number
}

/** Places and kinds with their rates; `request` stands for every place whose name begins with it. */
export type RateTable = { readonly [place: string]: Rates }

export class FaultPlan {
  readonly #draws: Draws
  readonly #rates: RateTable
  readonly #listed: ReadonlyMap<string, PlannedFault> | null
  readonly #occasions = new Map<string, number>()
  readonly #onFault: (fault: PlannedFault) => void
  #isHealed = false
  /** All that has come about, in order. */
  readonly fired: PlannedFault[] = []

  /** @param list these faults and no others, whatever the rates */
  constructor(
    draws: Draws,
    rates: RateTable,
    list: readonly PlannedFault[] | null = null,
    onFault: (fault: PlannedFault) => void = () => {},
  ) {
    this.#onFault = onFault
    this.#draws = draws
    this.#rates = rates
    this.#listed = list === null ? null : new Map(list.map(one => [`${one.place} ${one.occasion}`, one]))
  }

  /** Nothing goes wrong while it is healed. */
  heal(isHealed: boolean): void {
    this.#isHealed = isHealed
  }

  get isHealed(): boolean {
    return this.#isHealed
  }

  /** The fault of this occasion, or `null`. */
  strike(place: string): PlannedFault | null {
    const occasion = this.#occasions.get(place) ?? 0
    this.#occasions.set(place, occasion + 1)
    if (this.#isHealed) return null
    const fault = this.#listed === null ? this.#drawn(place, occasion) : this.#named(place, occasion)
    if (fault !== null) {
      this.fired.push(fault)
      this.#onFault(fault)
    }
    return fault
  }

  /** How often a kind of fault has come about, at places whose name begins so. */
  count(kind: string, place = ''): number {
    return this.fired.filter(one => one.kind === kind && one.place.startsWith(place)).length
  }

  #named(place: string, occasion: number): PlannedFault | null {
    return this.#listed?.get(`${place} ${occasion}`) ?? null
  }

  #drawn(place: string, occasion: number): PlannedFault | null {
    const rates = this.#rates[place] ?? this.#rates[place.slice(0, place.indexOf(' '))]
    if (rates === undefined) return null
    let share = this.#draws.at(`fault ${place}`, occasion)
    for (const [kind, rate] of Object.entries(rates)) {
      if (share < rate) return { place, occasion, kind, size: this.#draws.at(`size ${place}`, occasion) }
      share -= rate
    }
    return null
  }
}
