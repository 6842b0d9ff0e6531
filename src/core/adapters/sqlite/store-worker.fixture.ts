/**
 * A process that works on a store, for tests with several of them: `node store-worker.fixture.ts`, told what to do by
 * messages, or by words for what runs without a channel.
 */
import { statSync, writeSync } from 'node:fs'
import process from 'node:process'
import { StoreError } from '../../base/errors.ts'
import { LEDGER_KEY } from '../../engine/books.ts'
import { pause } from '../system/pause.ts'
import { StateStore } from './state-store.ts'
import { batchOf, eventOf, ledgerOf } from './store.fixture.ts'

/** What a worker is asked, and what it answers. */
export type Order =
  | {
      readonly do: 'commit' | 'enqueue'
      readonly path: string
      readonly count: number
      readonly name: string
    }
  | { readonly do: 'race'; readonly path: string }
  | { readonly do: 'yield' }

export type Answer =
  | { readonly is: 'ready' }
  | { readonly is: 'written'; readonly errors: readonly string[]; readonly busy: number }
  | {
      readonly is: 'raced'
      readonly pid: number
      readonly token: number | null
      readonly holder: number | null
    }
  | { readonly is: 'yielded' }

/** The real world, without the reserve file: it is not what these tests are about. */
export function open(path: string): StateStore {
  return StateStore.open(path, { now: Date.now(), random: Math.random, origin: 'sim', freeBytes: () => 0 })
}

/** Writes the n-th numbered piece of work: an event, and a ledger that counts it. */
export function commitNumbered(store: StateStore, n: number): void {
  store.commit(
    batchOf({
      rows: [
        { table: 'kv', key: LEDGER_KEY, value: ledgerOf({ executedAt: n }) },
        { table: 'kv', key: `row-${n % 7}`, value: { n, filling: 'x'.repeat(500) } },
      ],
      events: [eventOf({ kind: 'refused', reason: String(n) })],
      isAhead: true,
    }),
  )
}

function write(order: Order & { readonly do: 'commit' | 'enqueue' }): Answer {
  const { path, count, name } = order
  const store = open(path)
  const errors: string[] = []
  if (order.do === 'commit') store.acquire(Date.now())
  for (let n = 1; n <= count; n += 1) {
    try {
      if (order.do === 'commit') commitNumbered(store, n)
      else {
        const command = { kind: 'pause', by: name, reason: '' } as const
        store.enqueue({ id: `${name}-${n}`, command }, Date.now())
      }
    } catch (error) {
      errors.push(String(error))
    }
  }
  const { busy } = store
  store.close()
  return { is: 'written', errors, busy }
}

let racing: StateStore | null = null

function race(path: string): Answer {
  racing = open(path)
  const acquired = racing.acquire(Date.now())
  const { pid } = process
  return acquired.ok
    ? { is: 'raced', pid, token: acquired.token, holder: null }
    : { is: 'raced', pid, token: null, holder: acquired.holder.pid }
}

function listen(): void {
  const answer = (words: Answer): void => void process.send?.(words)
  process.on('message', (order: Order) => {
    if (order.do === 'race') answer(race(order.path))
    else if (order.do === 'yield') {
      racing?.release()
      racing?.close()
      racing = null
      answer({ is: 'yielded' })
    } else answer(write(order))
  })
  answer({ is: 'ready' })
}

/** Writes a line, whole, however slowly it is read. */
function tell(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      pause(1)
    }
  }
}

/** Commits and tells the number and the length of the log after each, up to a number, and then waits to be killed. */
function stream(path: string, most: number): void {
  const store = open(path)
  if (!store.acquire(Date.now()).ok) throw new Error('the lease is held')
  tell(`0 ${statSync(`${path}-wal`).size}`)
  for (let n = 1; n <= most; n += 1) {
    commitNumbered(store, n)
    tell(`${n} ${statSync(`${path}-wal`).size}`)
  }
  setInterval(() => {}, 1_000)
}

/** Commits ever larger rows until the system refuses, and tells what became of each. */
function swell(path: string): void {
  const store = open(path)
  store.acquire(Date.now())
  let good = 0
  let refused = 0
  while (refused < 3) {
    try {
      store.commit(
        batchOf({ rows: [{ table: 'kv', key: `big-${good}`, value: 'x'.repeat(50_000) }], isAhead: true }),
      )
      good += 1
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      refused += 1
      tell(error.trouble)
    }
  }
  const isReadable = store.read('big-0') !== undefined && store.holder(Date.now()) !== null
  tell(`${good} written, readable ${isReadable}`)
  // The log is left as it lies, as by a kill.
  process.kill(process.pid, 'SIGKILL')
}

const [mode, path = '', most = '0'] = process.argv.slice(2)
if (process.argv[1] === import.meta.filename) {
  if (mode === 'stream') stream(path, Number(most))
  else if (mode === 'swell') swell(path)
  else listen()
}
