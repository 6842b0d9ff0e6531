/** What tests of the catalogue's rows have in common, in the kernel: where they are shown, and for how long. */
import * as assert from 'uvu/assert'
import { MINUTE, type Milliseconds, SECOND } from '../core/base/units.ts'
import type { PlannedFault } from './fault-plan.fixture.ts'
import type { MemoryFolder } from './memory-folder.fixture.ts'
import { type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'

/** Where a row is shown. */
export interface Place {
  readonly protocol: 'sim' | 'bybit'
  readonly days: number
  /** When the first entry is wanted: prices are known by then. */
  readonly first: Milliseconds
  /** How a request for an order is called. */
  readonly place: string
}

export const EMBEDDED: Place = {
  protocol: 'sim',
  days: 0.03,
  first: MINUTE + 20 * SECOND,
  place: 'request place',
}
const BYBIT: Place = { protocol: 'bybit', days: 0.006, first: 4 * MINUTE, place: 'request order/create' }
export const PLACES: readonly Place[] = [EMBEDDED, BYBIT]
/** A quarter of an hour at Bybit. */
export const QUARTER_HOUR: Place = { ...BYBIT, days: 0.012 }

/** A while in which nothing goes wrong but what is listed, and an entry on SOLUSDT after some minutes. */
export function simulate(
  folder: MemoryFolder,
  { protocol, days, first }: Place,
  faults: readonly PlannedFault[],
  over: Partial<SimulationOptions> = {},
  script: (simulation: Simulation) => void = () => {},
): Promise<Outcome> {
  return new Simulation({
    seed: 5,
    profile: 'calm',
    protocol,
    days,
    folder: folder.fresh(),
    faults,
    script: simulation => {
      simulation.after(first, () => simulation.propose('SOLUSDT'))
      script(simulation)
    },
    ...over,
  }).run()
}

export const fault = (place: string, kind: string, size = 0.5, occasion = 0): PlannedFault => ({
  place,
  occasion,
  kind,
  size,
})

export const well = ({ failure }: Outcome): void => assert.is(failure, null, JSON.stringify(failure))
