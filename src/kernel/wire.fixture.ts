/**
 * A request and its answer as three legs, each with its own time and its own chance to go wrong: the way there, what it
 * does at the exchange, and the way back. What it does there does not depend on whether the one who asked still lives.
 */
import { ExchangeError } from '../core/base/errors.ts'
import type { Milliseconds } from '../core/base/units.ts'
import type { FaultPlan } from './fault-plan.fixture.ts'
import type { Kernel, Life } from './kernel.fixture.ts'

/** Places of a plan that belong to requests: `request place`. */
export const REQUEST_FAULTS = [
  'lose-request',
  'lose-reply',
  'hold-request',
  'slow',
  'double-request',
  'unclear',
  'unreadable',
] as const

/** How a request fails: no connection, none any more, no answer in time, an answer that says nothing, or none at all. */
export type Failing = 'refused' | 'reset' | 'silence' | 'unclear' | 'unreadable'

export interface Request<T> {
  readonly name: string
  /** It may have taken effect where nothing is heard of it. */
  readonly changes: boolean
  readonly deadline: Milliseconds
  /** What it does when it arrives. Throws an ExchangeError where it is refused. */
  readonly effect: () => T
  /** What is heard of it where it fails: an answer, or an error that is thrown. */
  readonly failed: (how: Failing) => T
}

const LEAST_LEG: Milliseconds = 8
const LEG: Milliseconds = 60
/** A request that is held arrives so late at most. */
const LONGEST_HOLD: Milliseconds = 9_000
/** A slow leg takes so long at most. */
const SLOW: Milliseconds = 4_000

/** Whether requests get through at present. */
export interface Line {
  /** `refused`: no connection can be had, and what is asked has not left; `silent`: nothing is ever heard of it. */
  readonly state: 'open' | 'refused' | 'silent'
}

export class Wire {
  readonly #kernel: Kernel
  readonly #plan: FaultPlan
  readonly #line: () => Line['state']
  /** Requests that have left and not yet arrived. */
  #flying = 0

  constructor(kernel: Kernel, plan: FaultPlan, line: () => Line['state']) {
    this.#kernel = kernel
    this.#plan = plan
    this.#line = line
  }

  get flying(): number {
    return this.#flying
  }

  /** Rejects with an ExchangeError; ambiguous where it may have taken effect. Never settles for who has died. */
  ask<T>(life: Life, request: Request<T>): Promise<T> {
    const { name, changes, deadline } = request
    const kernel = this.#kernel
    const state = this.#line()
    const fault = state === 'open' ? this.#plan.strike(`request ${name}`) : null
    if (fault !== null) kernel.note(`fault ${fault.kind} of ${name}`)
    return new Promise((resolve, reject) => {
      const end = new AbortController()
      const settle = (settled: () => void): void => {
        if (end.signal.aborted) return
        end.abort('settled')
        settled()
      }
      const fail = (how: Failing): void =>
        settle(() => {
          try {
            resolve(request.failed(how))
          } catch (error) {
            reject(error)
          }
        })
      if (state === 'refused') {
        life.after(LEAST_LEG, `${name} is refused`, () => fail('refused'))
        return
      }
      life.sleep(deadline, end.signal).then(
        () => fail('silence'),
        () => {},
      )
      if (state === 'silent' || fault?.kind === 'lose-request') return
      let there = this.#leg(name)
      if (fault?.kind === 'hold-request') {
        // The connection is gone at once, and the request is still somewhere on its way.
        there += fault.size * LONGEST_HOLD
        this.#back(life, name, () => fail('reset'))
      }
      if (fault?.kind === 'slow') there += fault.size * SLOW
      const arrive = (): (() => void) => {
        let outcome: () => void
        try {
          const value = request.effect()
          outcome = () => resolve(value)
        } catch (error) {
          if (!(error instanceof ExchangeError)) throw error
          outcome = () => reject(error)
        }
        return outcome
      }
      this.#flying++
      const isCarriedOut = !changes || fault === null || fault.size < 0.5
      kernel.schedule(there, `${name} arrives`, () => {
        this.#flying--
        if (this.#line() === 'silent') return
        if (fault?.kind === 'unclear') {
          if (isCarriedOut) arrive()
          this.#back(life, name, () => fail('unclear'))
          return
        }
        if (fault?.kind === 'unreadable') {
          if (isCarriedOut) arrive()
          this.#back(life, name, () => fail('unreadable'))
          return
        }
        let outcome = arrive()
        if (fault?.kind === 'double-request') outcome = arrive()
        if (fault?.kind !== 'lose-reply' && fault?.kind !== 'hold-request')
          this.#back(life, name, () => settle(outcome))
      })
    })
  }

  #back(life: Life, name: string, heard: () => void): void {
    life.after(this.#leg(name), `${name} is answered`, heard)
  }

  /** A leg as a rule, with a tail: one in twenty takes ten times as long. */
  #leg(name: string): Milliseconds {
    const share = this.#kernel.draws.next(`leg of ${name}`)
    return share < 0.95 ? LEAST_LEG + share * LEG : LEAST_LEG + (share - 0.95) * 200 * LEG
  }
}

/** Fails as the client of an exchange does. */
export function throwsFailure(name: string, changes: boolean): (how: Failing) => never {
  const words: { readonly [how in Failing]: string } = {
    refused: 'connection refused',
    reset: 'connection reset',
    silence: 'no reply',
    unclear: 'status 502',
    unreadable: 'the reply cannot be read: <html>502 Bad Gateway</html>',
  }
  return how => {
    throw new ExchangeError(`${name}: ${words[how]}`, {
      retryable: true,
      ambiguous: changes && how !== 'refused',
      ...(how === 'unreadable' ? { why: 'unreadable' } : {}),
    })
  }
}
