/**
 * `bbw run` in a process that kills itself at a counted point of its input and output: `node FILE run ...`, the plan in
 * the environment. Everything is the product's own; what counts and kills stands between the driver and the outside,
 * and around SQLite's statements.
 */
import { readSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import process from 'node:process'
import { type SQLInputValue, StatementSync } from 'node:sqlite'
import { Behind } from '../core/engine/drivers/behind.fixture.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { Batch, StorePort } from '../core/engine/ports.ts'
import type { Input } from '../core/engine/protocol.ts'
import { runCommand } from './run.ts'
import { runLoop } from './run-loop.ts'
import { runShell } from './shell.ts'

export const PHASES = ['before-send', 'reply-lost', 'uncommitted', 'in-transaction', 'after-commit'] as const
export type Phase = (typeof PHASES)[number]

/** What a child is told. */
export interface Plan {
  /** Where it kills itself; `null`: it does not. */
  readonly phase: Phase | null
  /** At the how-manieth point of the phase, from 1. */
  readonly nth: number
  /** Points count from the start, that is, during recovery too, and not only once it has recovered. */
  readonly isEarly: boolean
  /** A request that is never sent: so long what left before it has time to arrive. */
  readonly lagMs: number
  /** Before the how-manieth request it says so and waits; 0: before none. */
  readonly waitAt: number
  /** What a step leaves behind is written ahead of its requests, or, as no bbw does, behind them. */
  readonly build: 'ahead' | 'behind'
}

/** What it is told where it is to go on without counting, and to report once more. */
export const AGAIN = 'again'
/** By its own clock, until it does. */
const AGAIN_MS = 100

/** What a child says, a line each; after `recovered` and `sending` it waits for a line. */
export type Report =
  | { readonly is: 'recovered' }
  | { readonly is: 'sending' }
  | { readonly is: 'killed'; readonly phase: Phase; readonly kind: string }

export const PLAN = 'SWEEP_PLAN'
/** The descriptor that reports are written to. */
const REPORTS = 3

function report(words: Report): void {
  writeSync(REPORTS, `${JSON.stringify(words)}\n`)
}

const never = new Int32Array(new SharedArrayBuffer(4))

/** Stands still, with everything in it, until the parent has written a line, which it returns. */
function standStill(): string {
  const byte = Buffer.alloc(1)
  let line = ''
  for (;;) {
    try {
      if (readSync(0, byte, 0, 1, null) === 0 || byte[0] === 10) return line
      line += byte.toString()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(never, 0, 0, 1)
    }
  }
}

/** Counts the points of a phase and kills at the one that was planned. */
class Points {
  readonly #plan: Plan
  #left: number
  #isCounting: boolean

  constructor(plan: Plan) {
    this.#plan = plan
    this.#left = plan.nth
    this.#isCounting = plan.isEarly
  }

  recovered(): void {
    report({ is: 'recovered' })
    // Who is killed leaves nothing behind that would make the next start faster.
    flushCompileCache()
    if (standStill() === AGAIN) setTimeout(() => this.recovered(), AGAIN_MS)
    else this.#isCounting = true
  }

  /** Whether this is the point; whoever asks has to die. */
  isDue(phase: Phase): boolean {
    if (!this.#isCounting || phase !== this.#plan.phase) return false
    this.#left--
    return this.#left === 0
  }

  pass(phase: Phase, kind: string): void {
    if (this.isDue(phase)) die(phase, kind)
  }
}

function die(phase: Phase, kind: string): never {
  report({ is: 'killed', phase, kind })
  process.kill(process.pid, 'SIGKILL')
  // Nothing runs any more, however long the signal takes.
  for (;;) Atomics.wait(never, 0, 0)
}

/** What the exchange says of its account, in a word; `null` for what it says of the market. */
function kindOf(input: Input): string | null {
  switch (input.type) {
    case 'order':
      return `order ${input.status}`
    case 'fill':
      return `fill of ${input.cause}`
    case 'stop':
      return input.ok ? 'stop set' : 'stop refused'
    case 'funding':
      return 'funding'
    default:
      return null
  }
}

/** Counts the statements that write, in whichever transaction they are. */
function countStatements(points: Points): void {
  const run = StatementSync.prototype.run as (...values: SQLInputValue[]) => ReturnType<StatementSync['run']>
  let isInside = false
  StatementSync.prototype.run = function counted(this: StatementSync, ...values: SQLInputValue[]) {
    const result = run.apply(this, values)
    const [, verb, table] = /^(\w+)(?: (?:OR \w+ )*(?:INTO |FROM )?(\w+))?/.exec(this.sourceSQL) ?? []
    if (verb === 'BEGIN') isInside = true
    else if (verb === 'COMMIT') isInside = false
    else if (isInside) points.pass('in-transaction', `${verb?.toLowerCase()} ${table}`)
    return result
  } as StatementSync['run']
}

/** The real ports with what counts and kills around them. */
function between(ports: LivePorts, plan: Plan, points: Points): LivePorts {
  const { broker, feed, journal, store: real } = ports
  if (real === null) throw new Error('a run without a state has nothing to lose')
  /** What has come in and is not written yet. */
  let unwritten: string | null = null
  let sendings = 0

  const counted: StorePort = {
    commit(batch) {
      if (unwritten !== null) points.pass('uncommitted', unwritten)
      unwritten = null
      const refused = real.commit(batch)
      if (batch.isAhead) points.pass('after-commit', aheadOf(batch))
      return refused
    },
  }
  const behind = plan.build === 'behind' ? new Behind(counted) : null

  const send = (kind: string, leave: () => Promise<void>): Promise<void> => {
    if (++sendings === plan.waitAt) {
      report({ is: 'sending' })
      standStill()
    }
    if (points.isDue('before-send')) {
      if (plan.lagMs === 0) die('before-send', kind)
      setTimeout(() => die('before-send', kind), plan.lagMs)
      return new Promise(() => {})
    }
    return behind === null ? leave() : behind.send(leave)
  }
  const ask = async <T>(kind: string, question: Promise<T>): Promise<T> => {
    const answer = await question
    // Answers to questions are many and change nothing: they count where recovery lives on them.
    if (!plan.isEarly) return answer
    points.pass('reply-lost', kind)
    unwritten = kind
    return answer
  }

  return {
    ...ports,
    store: behind ?? counted,
    broker: {
      place: order => send(`place ${order.purpose} ${order.type}`, () => broker.place(order)),
      amend: (...args) => send('amend', () => broker.amend(...args)),
      cancel: (...args) => send('cancel', () => broker.cancel(...args)),
      setStop: (...args) => send('set stop', () => broker.setStop(...args)),
      setLeverage: (...args) => send('set leverage', () => broker.setLeverage(...args)),
      leverage: (symbol, side) => ask('leverage', broker.leverage(symbol, side)),
      account: () => ask('account', broker.account()),
      lookUp: (...args) => ask('look-up', broker.lookUp(...args)),
      executions: since => ask('executions', broker.executions(since)),
    },
    feed: {
      listen(hear) {
        feed.listen(input => {
          const kind = kindOf(input)
          if (kind !== null) {
            points.pass('reply-lost', kind)
            unwritten = kind
          }
          hear(input)
        })
      },
    },
    journal: {
      event(event) {
        journal.event(event)
        if (event.kind !== 'recovered') return
        // What is compared now is to be wrong for what was lost, not for what is still to be written.
        behind?.flush()
        points.recovered()
      },
      trade: trade => journal.trade(trade),
    },
  }
}

function aheadOf({ intents }: Batch): string {
  const [first] = intents
  return first === undefined ? 'amend, cancel or stop' : `${first.order.purpose}`
}

if (process.argv[1] === import.meta.filename) {
  const plan = JSON.parse(process.env[PLAN] ?? '') as Plan
  const points = new Points(plan)
  countStatements(points)
  const { name, summary } = runCommand
  const command = {
    ...runCommand,
    run: (...[world, parsed]: Parameters<typeof runCommand.run & {}>) =>
      runLoop(world, parsed, ports => between(ports, plan, points)),
  }
  void runShell(process, [{ name, summary, load: async () => command }], '0.0.0')
}
