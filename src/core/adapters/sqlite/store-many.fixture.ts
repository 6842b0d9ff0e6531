/** Several processes on one store, and logs that were torn: the checks that the short and the long tests share. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import * as assert from 'uvu/assert'
import { random } from '../../base/random.ts'
import { unsoundness } from './backup.ts'
import { Connection } from './connection.ts'
import { brokenChain } from './events.ts'
import { numberOf } from './sql.ts'
import { openStatus } from './status-reader.ts'
import type { StoreFolder } from './store.fixture.ts'
import { type Answer, type Order, open } from './store-worker.fixture.ts'

const WORKER = join(import.meta.dirname, 'store-worker.fixture.ts')

/** Worker processes with a channel each. */
export class Workers {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  /** Starts so many, and waits until all of them listen. */
  static async start(count: number): Promise<Workers> {
    const children = Array.from({ length: count }, () => fork(WORKER))
    await Promise.all(children.map(child => once(child, 'message')))
    return new Workers(children)
  }

  /** Asks all of them at once. */
  async ask(orderOf: (nth: number) => Order): Promise<readonly Answer[]> {
    return Promise.all(
      this.#children.map(async (child, nth) => {
        const answered = once(child, 'message')
        child.send(orderOf(nth))
        const [answer] = await answered
        return answer as Answer
      }),
    )
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async child => {
        const ended = once(child, 'exit')
        child.disconnect()
        await ended
      }),
    )
  }
}

/** Four processes write at once, one of them under the lease: nothing is lost, and no lock is ever in the way. */
export async function writeAtOnce(folder: StoreFolder, each: number): Promise<void> {
  const path = folder.fresh()
  const workers = await Workers.start(4)
  try {
    const answers = await workers.ask(nth => ({
      do: nth === 0 ? 'commit' : 'enqueue',
      path,
      count: each,
      name: `writer-${nth}`,
    }))
    for (const answer of answers) assert.equal(answer.is === 'written' && answer.errors, [])
  } finally {
    await workers.stop()
  }
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  assert.is(numberOf(connection, 'SELECT count(*) FROM events'), each)
  assert.is(numberOf(connection, "SELECT count(*) FROM intents WHERE kind = 'command'"), 3 * each)
  assert.is(numberOf(connection, 'SELECT count(DISTINCT reason) FROM intents'), 1)
  assert.equal(brokenChain(connection), [])
  assert.equal(unsoundness(connection, true), [])
  connection.close()
}

/** So many times four processes start at once: one holds the lease, and all others name it. */
export async function raceForLease(folder: StoreFolder, rounds: number): Promise<void> {
  const workers = await Workers.start(4)
  let path = folder.fresh()
  let token = 0
  try {
    for (let round = 0; round < rounds; round += 1) {
      // Now and then the file itself is made in the race.
      if (round % 4 === 0) {
        path = folder.fresh()
        token = 0
      }
      const answers = await workers.ask(() => ({ do: 'race', path }))
      const raced = answers.filter(answer => answer.is === 'raced')
      const holders = raced.filter(answer => answer.token !== null)
      assert.is(raced.length, 4)
      assert.is(holders.length, 1, `round ${round}`)
      token += 1
      assert.is(holders[0].token, token)
      for (const other of raced) if (other.token === null) assert.is(other.holder, holders[0].pid)
      await workers.ask(() => ({ do: 'yield' }))
    }
  } finally {
    await workers.stop()
  }
}

/** A numbered commit that was confirmed, and the length of the log after it. */
interface Confirmed {
  readonly n: number
  readonly logBytes: number
}

/** Lets a process commit, and kills it as soon as so many commits are confirmed; returns those that were by its end. */
async function commitUntilKilled(path: string, killAt: number, most: number): Promise<readonly Confirmed[]> {
  const child = spawn(process.execPath, [WORKER, 'stream', path, String(most)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const confirmed: Confirmed[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const [n, logBytes] = line.split(' ').map(Number)
    confirmed.push({ n, logBytes })
    if (confirmed.length === killAt) child.kill('SIGKILL')
  }
  assert.ok(confirmed.length >= killAt)
  return confirmed
}

/** The numbers of the commits that a store has; throws unless they are 1, 2, 3 ... and everything is sound. */
function survivors(path: string): number {
  // The holder was killed: its lease does not bind, and the store can be written again.
  const store = open(path)
  assert.ok(store.acquire(Date.now() + 120_000).ok)
  const ledger = store.loadBooks()?.ledger.executedAt ?? 0
  store.close()
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  const count = numberOf(connection, 'SELECT count(*) FROM events')
  assert.is(numberOf(connection, 'SELECT count(DISTINCT record) FROM events'), count)
  assert.is(ledger, count)
  assert.equal(brokenChain(connection), [])
  assert.equal(unsoundness(connection, true), [])
  connection.close()
  return count
}

/** So many times a process is killed while it commits: what it had confirmed is there after a restart. */
export async function killWhileWriting(folder: StoreFolder, times: number, seed: number): Promise<void> {
  const chance = random(seed)
  let path = folder.fresh()
  for (let nth = 0; nth < times; nth += 1) {
    const confirmed = await commitUntilKilled(path, 2 + chance.int(60), 1_000_000)
    const last = confirmed.at(-1)?.n ?? 0
    const there = survivors(path)
    // The commit under way may have been finished without having been confirmed.
    assert.ok(there === last || there === last + 1, `${there} of ${last} confirmed`)
    path = folder.fresh()
  }
}

/** So many times the log of a killed process is cut or garbled somewhere: all commits before that place are there. */
export async function tearLogs(folder: StoreFolder, times: number, seed: number): Promise<void> {
  const chance = random(seed)
  const path = folder.fresh()
  // A base that lies in the database itself, so that the log holds the commits alone.
  open(path).close()
  const confirmed = await commitUntilKilled(path, 60, 120)
  const log = readFileSync(`${path}-wal`)
  const copy = join(dirname(folder.fresh()), 'torn.db')
  mkdirSync(dirname(copy), { recursive: true })
  let [lost, kept] = [0, 0]
  for (let nth = 0; nth < times; nth += 1) {
    for (const suffix of ['-wal', '-shm']) rmSync(copy + suffix, { force: true })
    copyFileSync(path, copy)
    const at = chance.int(log.length)
    const torn = Buffer.from(nth % 2 === 0 ? log.subarray(0, at) : log)
    const end = nth % 2 === 0 ? at : at + 1 + chance.int(Math.min(log.length - at, 10_000))
    for (let i = at; i < end; i += 1) torn[i] ^= 1 + chance.int(255)
    writeFileSync(`${copy}-wal`, torn)
    const before = confirmed.filter(({ logBytes }) => logBytes <= at).at(-1)?.n ?? 0
    const there = survivors(copy)
    assert.ok(there >= before, `tear ${nth} at ${at}: ${there} of ${before}`)
    // And nothing that the tear has reached is taken for whole.
    const after = confirmed.find(({ logBytes }) => logBytes > at)?.n ?? Number.POSITIVE_INFINITY
    assert.ok(there < Math.max(after, 1), `tear ${nth} at ${at}: ${there} of ${before}, next ${after}`)
    kept += there
    lost += (confirmed.at(-1)?.n ?? 0) - there
  }
  // Tears fell early and late.
  assert.ok(kept > 0 && lost > 0)
}

/** So many times a reader looks while a process commits as fast as it can; returns how long each look took, ms. */
export async function lookWhileWriting(folder: StoreFolder, looks: number): Promise<readonly number[]> {
  const path = folder.fresh()
  const child = spawn(process.execPath, [WORKER, 'stream', path, '1000000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const took: number[] = []
  let [newest, confirmed] = [0, 0]
  try {
    for (let nth = 0; nth < looks; nth += 1) {
      confirmed = Number(String((await lines.next()).value).split(' ')[0])
      const begun = performance.now()
      const source = openStatus(path)
      const view = source?.status(Date.now(), 3)
      source?.close()
      took.push(performance.now() - begun)
      const sequence = view?.ledger?.executedAt ?? 0
      // One view: the ledger, the journal and their counts are of the same moment, and none is older than the last.
      assert.is(view?.counts.events, sequence)
      assert.is(Number(view?.refusals[0]?.reason ?? 0), sequence)
      assert.ok(sequence >= newest && sequence >= confirmed)
      newest = sequence
    }
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  // It was written while it was looked at.
  assert.ok(newest > looks / 2)
  assert.is(survivors(path) >= newest, true)
  return took
}

/** Lets a process commit under a limit to the size of its files; returns the lines that it wrote. */
export async function writeUnderLimit(path: string, blocks: number): Promise<readonly string[]> {
  open(path).close()
  assert.ok(existsSync(path))
  const script = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`
  const child = spawn('sh', ['-c', script, process.execPath, WORKER, 'swell', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(line)
  return lines
}
