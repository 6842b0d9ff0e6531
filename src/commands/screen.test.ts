import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { eventOf, tradeOf } from '../core/adapters/sqlite/store.fixture.ts'
import { Redactor } from '../core/adapters/system/redactor.ts'
import type { World } from './command.ts'
import { eventLine, tradeLine } from './lines.ts'
import { Screen } from './screen.ts'
import { records, UNWATCHED } from './world.fixture.ts'

const test = suite('screen')

interface Seen {
  readonly world: World
  readonly writes: string[]
}

/** A world that notes what is written; `isGone`: nobody reads. */
function seen(isTerminal = false, isGone = false): Seen {
  const writes: string[] = []
  const none = async function* (): AsyncGenerator<Uint8Array> {}
  const world: World = {
    env: {},
    cwd: '/',
    stdin: Object.assign(none(), { isTTY: isTerminal }),
    stdout: {
      isTTY: isTerminal,
      columns: 80,
      write: async text => {
        if (isGone) throw new Error('gone')
        writes.push(String(text))
      },
    },
    stderr: { isTTY: isTerminal, columns: 80, write: () => {} },
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => {} },
    signal: new AbortController().signal,
    hangup: { listen: () => () => {} },
    watchdog: async () => UNWATCHED,
    redactor: new Redactor([]),
    color: false,
    quiet: false,
    verbose: false,
  }
  return { world, writes }
}

const LINES = { asRecords: false, isPlain: false, isSilent: false }

test('what happens is written together, as lines or as records, in its order', async () => {
  const { world, writes } = seen()
  const screen = new Screen(world, LINES)
  assert.not(screen.isDashboard)
  screen.event(eventOf())
  screen.trade(tradeOf())
  assert.equal(writes, [])
  await screen.flush()
  await screen.flush()
  assert.equal(writes, [`${eventLine(eventOf())}\n${tradeLine(tradeOf())}\n`])
  const asRecords = seen()
  const other = new Screen(asRecords.world, { ...LINES, asRecords: true })
  other.event(eventOf())
  other.trade(tradeOf())
  await other.close()
  assert.equal(
    records(asRecords.writes.join('')).map(record => [record.type, record.dry]),
    [
      ['event', false],
      ['trade', undefined],
    ],
  )
})

test('one that is silent says nothing', async () => {
  const { world, writes } = seen()
  const screen = new Screen(world, { ...LINES, isSilent: true })
  screen.event(eventOf())
  screen.trade(tradeOf())
  await screen.close()
  assert.equal(writes, [])
})

test('a dashboard is shown on a terminal alone, unless lines, records or nothing are asked for', () => {
  assert.ok(new Screen(seen(true).world, LINES).isDashboard)
  for (const over of [{ asRecords: true }, { isPlain: true }, { isSilent: true }]) {
    assert.not(new Screen(seen(true).world, { ...LINES, ...over }).isDashboard, JSON.stringify(over))
  }
  assert.not(new Screen({ ...seen(true).world, env: { TERM: 'dumb' } }, LINES).isDashboard)
})

test('where a dashboard is to come no line is written before it', async () => {
  const { world, writes } = seen(true)
  const screen = new Screen(world, LINES)
  screen.event(eventOf())
  screen.trade(tradeOf())
  await screen.close()
  assert.equal(writes, [])
})

test('a reader that has gone is known, and told to whoever writes', async () => {
  const screen = new Screen(seen(false, true).world, LINES)
  await screen.flush()
  assert.not(screen.isReaderGone)
  screen.event(eventOf())
  const error = await screen.flush().catch((reason: unknown) => reason)
  assert.match(String(error), 'gone')
  assert.ok(screen.isReaderGone)
})

test.run()
