import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { QueuedCommand } from '../core/adapters/sqlite/queue.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { batchOf, eventOf } from '../core/adapters/sqlite/store.fixture.ts'
import { gridSignal } from '../core/engine/desk.fixture.ts'
import type { LooseEnd } from '../core/engine/loose-ends.ts'
import { scoreSignal } from '../core/engine/pipeline.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import { scoreFields, signalRecord } from '../core/wire/encode.ts'
import { ndjson } from './ndjson.ts'
import { RUN_KEY } from './run-facts.ts'
import { bbw, Folder, type Outcome, records } from './world.fixture.ts'

const test = suite('trade --execute beside a loop')
const folder = new Folder()
test.after(() => folder.remove())
const WALL = Date.UTC(2026, 0, 1)
const SELF = { pid: 4121, host: 'elsewhere', processStart: 'then' }
let states = 0

const SIGNAL = gridSignal('SOLUSDT')
const STDIN = ndjson({ ...signalRecord(SIGNAL), ...scoreFields(scoreSignal(SIGNAL), 0), type: 'scored' })
const OF = { symbol: SIGNAL.symbol, side: SIGNAL.side, signalId: SIGNAL.id, clientOrderId: 'bbw-1' } as const
const ENTERED = eventOf({ ...OF, kind: 'entered' })
const OPEN: LooseEnd = {
  ...{ kind: 'entry', symbol: OF.symbol, side: OF.side, clientOrderId: 'bbw-1' },
  what: 'entry is of unknown fate',
}
const BARE: LooseEnd = { ...OPEN, kind: 'position', clientOrderId: null, what: 'stands WITHOUT its stop' }

/** What the loop does with a question: what it answers and what it has told by then; `null`: nothing at all. */
interface Reply {
  readonly left?: readonly LooseEnd[] | 'no such question'
  readonly events?: readonly EngineEvent[]
  /** It ends, and has answered nothing. */
  readonly ends?: true
}

/** A loop that has entered the signal, and does as the replies say with one question after the other; the last goes on. */
async function beside(
  exchange: string,
  ...replies: readonly (Reply | null)[]
): Promise<Outcome & { readonly asked: readonly QueuedCommand[]; readonly took: number }> {
  const data = join(folder.path, `state-${++states}`)
  const loop = StateStore.open(join(data, 'state.db'), {
    now: WALL,
    random: () => 0,
    origin: 'sim',
    self: SELF,
  })
  assert.ok(loop.acquire(WALL).ok)
  loop.write(RUN_KEY, { exchange, dry: false, market: 'a market' })
  const asked: QueuedCommand[] = []
  let took = 0
  const onSleep = (now: number): void => {
    took = now
    const reply = replies[Math.min(asked.length, replies.length) - 1]
    if (asked.length > 0 && reply === null) return
    for (const { id, command } of loop.token === null ? [] : loop.takeCommands(WALL)) {
      const next = asked.length === 0 ? {} : replies[Math.min(asked.length, replies.length) - 1]
      asked.push(command)
      if (command.kind === 'propose') {
        loop.commit(batchOf({ events: [ENTERED], answers: [{ id, ok: true, reason: '' }] }))
      } else if (next?.ends === true) {
        loop.release()
      } else {
        const { left = [], events = [] } = next ?? {}
        const answer = { id, ok: typeof left !== 'string', reason: JSON.stringify(left) }
        loop.commit(batchOf({ events, answers: [answer] }))
      }
    }
  }
  const words = ['trade', '--execute', '--ndjson', '--data-dir', data]
  const outcome = await bbw(words, { wall: WALL, stdin: STDIN, onSleep, tickMs: 1 })
  loop.close()
  return { ...outcome, asked, took }
}

const told = ({ code, out }: Outcome): readonly unknown[] => [
  code,
  ...records(out).map(({ kind, figures }) => `${kind} ${(figures as EngineEvent['figures']).outcome ?? '-'}`),
]

test('the loop is asked about what it has sent until nothing is open, and what came of it is told', async () => {
  const filled = eventOf({ ...OF, kind: 'filled' })
  const done = await beside('demo', { left: [OPEN] }, { left: [BARE], events: [filled] }, { left: [] })
  assert.equal(told(done), [0, 'entered filled'], done.err)
  assert.equal(
    done.asked.slice(1),
    Array(3).fill({ kind: 'loose-ends', of: [{ symbol: OF.symbol, side: OF.side }] }),
  )
  assert.not.match(done.err, 'C712')
  const resting = await beside('demo', { left: [] })
  assert.equal(told(resting), [0, 'entered resting'])
  const rejected = await beside('demo', { left: [], events: [eventOf({ ...OF, kind: 'rejected' })] })
  assert.equal(told(rejected), [6, 'rejected -'])
})

test('what came of a signal is told whatever else has happened since', async () => {
  const others = Array.from({ length: 2_100 }, (_, k) =>
    eventOf({ signalId: `other-${k}`, clientOrderId: null }),
  )
  const flooded = await beside('sim', { left: [OPEN], events: others }, { left: [] })
  assert.equal(told(flooded), [0, 'entered resting'], flooded.err)
})

test('what is still open after 8 s is named, with exit 5: the loop goes on there', async () => {
  const unknown = await beside('demo', { left: [OPEN] })
  assert.equal(told(unknown), [5, 'unknown -'])
  assert.match(
    unknown.err,
    `C712 SOLUSDT long entry is of unknown fate (bbw-1); the running bbw goes on there`,
  )
  assert.ok(unknown.took > 6_000 && unknown.took <= 8_500, `${unknown.took}`)
  const bare = await beside('demo', { left: [BARE], events: [eventOf({ ...OF, kind: 'filled' })] })
  assert.equal(told(bare), [5, 'entered filled'])
  assert.match(bare.err, 'C712 SOLUSDT long stands WITHOUT its stop; the running bbw goes on there')
})

test('a loop that ends, that is silent, or that does not know the question leaves it unknown', async () => {
  const gone = await beside('demo', { left: [OPEN] }, { ends: true })
  assert.equal(told(gone), [5, 'unknown -'])
  assert.match(gone.err, 'C712 the bbw that ran has ended before it said what is open')
  for (const reply of [null, { left: 'no such question' }] as const) {
    const silent = await beside('demo', reply)
    assert.equal(told(silent), [5, 'unknown -'])
    assert.match(silent.err, 'C712 the running bbw does not say what is open')
    assert.ok(silent.took <= 9_000, `${silent.took}`)
  }
})

test('the embedded exchange stands still without its loop: what was accepted there rests', async () => {
  const gone = await beside('sim', { left: [OPEN] }, { ends: true })
  assert.equal(told(gone), [0, 'entered resting'], gone.err)
})

test.run()
