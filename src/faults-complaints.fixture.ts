/** What the tests of faults over real sockets have in common: rigs, complaints, and ears and hands for planted bugs. */
import * as assert from 'uvu/assert'
import type { FeedConnection } from './core/adapters/bybit/market-feed.ts'
import type { StreamListener } from './core/adapters/bybit/stream-connection.ts'
import type { Fault } from './core/adapters/sim/bybit/fault-plan.ts'
import type { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import type { Code } from './core/base/codes.ts'
import { ExchangeError } from './core/base/errors.ts'
import { SECOND } from './core/base/units.ts'
import { bound, type RigOptions, StreamRig } from './faults-streams-rig.fixture.ts'

export const CREATE = 'POST /v5/order/create'

/** Nothing that becomes of an order is told. */
export const NEWS = [
  { fault: 'lose-push', only: 'order' },
  { fault: 'lose-push', only: 'execution' },
] as const

/** What is wrong with a rig, in words; empty when nothing is. */
export type Wrong = (rig: StreamRig) => Promise<readonly string[]>

export interface Rigs {
  /** Works with a rig, and closes it. */
  withRig(options: RigOptions, work: (rig: StreamRig) => Promise<void>): Promise<void>
  /** What is wrong with a rig after faults, each of which has come about; `code` is told of them. */
  complaintsOf(
    fault: Fault | readonly Fault[],
    options: RigOptions,
    wrong: Wrong,
    code?: Code,
  ): Promise<readonly string[]>
}

/** Rigs whose states are in a folder. */
export function rigs(folder: StoreFolder): Rigs {
  const withRig: Rigs['withRig'] = async (options, work) => {
    const rig = await StreamRig.open(folder.fresh(), options)
    try {
      await work(rig)
    } finally {
      await rig.close()
    }
  }
  return {
    withRig,
    async complaintsOf(fault, options, wrong, code) {
      let found: readonly string[] = []
      await withRig(options, async rig => {
        found = await wrong(rig)
        for (const one of [fault].flat()) assert.ok(rig.fired(one) > 0, `${one} has come about`)
        if (code !== undefined) assert.ok(rig.count(code) > 0, `${code} is told`)
      })
      return found
    },
  }
}

/** Enters, and sees that what is held is what the exchange has. */
export async function held(rig: StreamRig): Promise<void> {
  await rig.propose()
  assert.ok(rig.position() !== null, 'something is held')
  assert.equal(await rig.differences(), [])
}

/** What is wrong with a position after all: one entry was sent, it is held under its stop, and the books know. */
export async function asOne(rig: StreamRig, sent = 1): Promise<readonly string[]> {
  const wrong: string[] = []
  if (rig.requests(CREATE) !== sent) wrong.push(`${rig.requests(CREATE)} orders were sent`)
  if (rig.position() === null) wrong.push('the books have no position')
  if (rig.nakedMs > 2 * SECOND) wrong.push(`${rig.nakedMs} ms without a stop`)
  return [...wrong, ...(await rig.differences())]
}

/** One of the complaints has these words: a planted bug was found out. */
export function fails(complaints: readonly string[], words: string): void {
  assert.ok(
    complaints.some(one => one.includes(words)),
    `${words}: ${complaints.join('; ')}`,
  )
}

/** Planted: whatever is not clear is taken for a refusal. */
export const hasty: RigOptions['broker'] = one => ({
  ...bound(one),
  place: order =>
    one.place(order).catch(() => {
      throw new ExchangeError('no', { retryable: false, ambiguous: false })
    }),
})

/** A listener that hears something else. */
export function hearing(over: (listener: StreamListener) => Partial<StreamListener>) {
  return (listener: StreamListener): StreamListener => ({
    ready: isAgain => listener.ready(isAgain),
    message: message => listener.message(message),
    lost: (reason, isSilent) => listener.lost(reason, isSilent),
    refused: (topic, reason) => listener.refused(topic, reason),
    denied: reason => listener.denied(reason),
    ...over(listener),
  })
}

/** A connection that does something else. */
export function handling(over: (connection: FeedConnection) => Partial<FeedConnection>) {
  return (connection: FeedConnection): FeedConnection => ({
    subscribe: topics => connection.subscribe(topics),
    unsubscribe: topics => connection.unsubscribe(topics),
    renew: topic => connection.renew(topic),
    check: () => connection.check(),
    close: () => connection.close(),
    get isReady() {
      return connection.isReady
    },
    get isSlowed() {
      return connection.isSlowed
    },
    ...over(connection),
  })
}
