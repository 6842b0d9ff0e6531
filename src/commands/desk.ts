/**
 * One trader at one exchange, put together: the state with its lease, the exchange, the engine under the live driver,
 * and what the wall clock asks for beside the market. `run` keeps it going, `trade` opens it for a moment; starting and
 * recovering are the same thing.
 */
import { dirname, join } from 'node:path'
import process from 'node:process'
import { byOneName } from '../core/adapters/bybit/hosts.ts'
import { backupFolder, dailyBackup } from '../core/adapters/sqlite/backup.ts'
import { DECISIONS_FILE, DecisionJournal } from '../core/adapters/sqlite/decision-journal.ts'
import { fieldOf } from '../core/adapters/sqlite/json.ts'
import { KV } from '../core/adapters/sqlite/kv.ts'
import { heldError, type IsAlive } from '../core/adapters/sqlite/lease.ts'
import type { Queued } from '../core/adapters/sqlite/queue.ts'
import { type Recovery, recoverDamaged, refuseHeld } from '../core/adapters/sqlite/recovery.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import type { Log } from '../core/adapters/system/log.ts'
import { isAlive, type ProcessIdentity, thisProcess } from '../core/adapters/system/processes.ts'
import { foundOrder, leaveOrder, takeOrderAway } from '../core/adapters/system/standing-order.ts'
import { forgetStandstill, foundStandstill, foundWords } from '../core/adapters/system/standstill.ts'
import { type Code, severityOf } from '../core/base/codes.ts'
import { ConfigError, codeOf, ExchangeError, StoreError } from '../core/base/errors.ts'
import { DAY, MINUTE, type Milliseconds, SECOND, type Timestamp, type Usdt } from '../core/base/units.ts'
import type { Books } from '../core/engine/books.ts'
import type { EngineOptions } from '../core/engine/core.ts'
import type { DecisionBatch } from '../core/engine/decision-record.ts'
import { LiveDriver, type LivePorts } from '../core/engine/drivers/live.ts'
import { Engine } from '../core/engine/engine.ts'
import { openGates } from '../core/engine/gates.ts'
import type { JournalPort, PacedExchange, PositionModePort } from '../core/engine/ports.ts'
import type { EngineEvent, Input } from '../core/engine/protocol.ts'
import type { Instrument } from '../core/market/instrument.ts'
import type { World } from './command.ts'
import type { Config } from './config.ts'
import { ensureDirectory } from './data-dir.ts'
import { RUN_KEY, type RunFacts } from './run-facts.ts'
import { ownVersion } from './version.ts'

/** The state's file in a data folder. */
export const STATE_FILE = 'state.db'

/** The lease is renewed several times before it would count as left behind. */
const RENEW_MS: Milliseconds = 10 * SECOND
/** Commands of other processes are looked for so often. */
const LOOK_MS: Milliseconds = 250
const UPKEEP_MS: Milliseconds = MINUTE
/** A backup of years is proved within it, also on a slow disk. */
const LONGEST_UPKEEP_MS: Milliseconds = 15 * MINUTE
/** The same trouble is said so often at most. */
const SAID_MS: Milliseconds = 5 * MINUTE
/** A wall clock that is off by more than this between two looks has been set, or the machine has slept. */
const JUMP_MS: Milliseconds = 5 * SECOND
/** Events that decide nothing are kept so long. */
const EVENTS_KEPT: Milliseconds = 400 * DAY
/** An embedded exchange that was killed stands a little before the books: steps in which nothing happened are lost. */
const MOST_BEHIND_MS: Milliseconds = 2 * DAY
/** Answers can make something due at the same moment, but not for ever. */
const MOST_ROUNDS = 20
/** Memory beyond this, and twice what it was in the beginning, is worth a word. */
const MUCH_MEMORY = 400 * 2 ** 20

/** What stands behind a position: its own margin, or the whole account. */
export type MarginMode = 'isolated' | 'cross' | 'portfolio'

/** An exchange with the name of its market, and what gives it back. */
export interface Connected {
  readonly exchange: PacedExchange
  readonly market: string
  /** Whose account it is, where it is somebody's; `null`: that is not told. */
  readonly owner?: string | null
  /** What the engine is to know of the exchange; left out: its data are all there are, and its orders move no money. */
  readonly engine?: Pick<EngineOptions, 'lacking' | 'sendsRealOrders' | 'isShared'>
  /**
   * What the account has; left out: what the configuration says, as of an account that bbw has made itself. `null`: it
   * cannot be read, and only books that have begun say.
   */
  readonly wallet?: Usdt | null
  /** How the account is margined; `null`: it is not told. Left out: isolated, as everything of bbw's own is. */
  marginMode?(): Promise<MarginMode | null>
  /** What is wrong with the exchange at present, in words; `null` when nothing is. */
  trouble?(): string | null
  close(): void
}

/** The process that trades, as others see it, and its chance. */
export interface Machine {
  readonly self: ProcessIdentity
  readonly isAlive: IsAlive
  /** Uniform in [0, 1). */
  readonly random: () => number
}

export interface DeskOptions {
  readonly world: Pick<World, 'clock'>
  readonly config: Config
  /** Where the state is kept; `null` keeps nothing. */
  readonly folder: string | null
  /** Connects to the exchange; called once the lease is held, so that no second process gets as far. */
  connect(): Promise<Connected>
  readonly facts: RunFacts
  readonly journal: JournalPort
  readonly log: Log
  readonly everyCycle?: boolean
  /** Nothing is to be entered: the position mode of the account stays, whatever the configuration says. */
  readonly onlyCloses?: boolean
  /** Codes of events that are no lines of the log. */
  readonly untold?: readonly Code[]
  /** Bytes of memory in use; those of this process, unless something else is said. */
  readonly memory?: () => number
  /** Does what may take so long; at once, unless something else is said. */
  readonly atLength?: (most: Milliseconds, work: () => void) => void
  /** This process and the system's chance, unless something else is said. */
  readonly machine?: Machine
  /** Puts something between the driver and the outside. */
  readonly between?: (ports: LivePorts) => LivePorts
}

/** The state as it was opened. */
interface Opened {
  readonly store: StateStore
  readonly books: Books | null
  readonly recovery: Recovery | null
  readonly isSafeMode: boolean
  /** `null` where decisions are not taken down, or cannot be. */
  readonly decisions: DecisionJournal | null
}

export class Desk {
  readonly driver: LiveDriver
  readonly exchange: PacedExchange
  readonly store: StateStore | null
  readonly #decisions: DecisionJournal | null
  readonly #options: DeskOptions
  readonly #connected: Connected
  readonly #engineOptions: EngineOptions
  #renewAt = 0
  #lookAt = 0
  #snapshotAt = 0
  #upkeepAt = 0
  #lastWall: Timestamp = Number.NaN
  #lastMono: Milliseconds = 0
  #memoryAtStart = 0
  #isClosed = false
  #trouble: string | null = null
  /** When trouble of a kind was said last: a disk that stays full is not said at every look. */
  readonly #saidAt = new Map<string, Milliseconds>()

  private constructor(
    options: DeskOptions,
    opened: Opened | null,
    connected: Connected,
    engineOptions: EngineOptions,
    engine: Engine,
  ) {
    const { journal, log } = options
    this.#options = options
    this.#connected = connected
    this.#engineOptions = engineOptions
    this.exchange = connected.exchange
    this.store = opened?.store ?? null
    this.#decisions = opened?.decisions ?? null
    const ports: LivePorts = {
      clock: connected.exchange.clock,
      broker: connected.exchange,
      feed: connected.exchange,
      store: this.store,
      journal: {
        event(event) {
          journal.event(event)
          const isTold = event.code !== null && !(options.untold?.includes(event.code) ?? false)
          if (event.code !== null && isTold && isWorthALine(event, opened?.books === null)) {
            log.code(event.code, eventWords(event), fieldsOf(event))
          }
        },
        trade: trade => journal.trade(trade),
        decisions: batch => this.#takeDown(batch),
      },
    }
    this.driver = new LiveDriver(engine, options.between?.(ports) ?? ports)
  }

  /**
   * Opens everything, takes the lease and compares the books with the exchange.
   *
   * @throws HeldError (exit 79) where another process holds the state; StoreError, ExchangeError
   */
  static async open(options: DeskOptions): Promise<Desk> {
    const { config, world, log } = options
    const opened = options.folder === null ? null : openState(options)
    let connected: Connected | null = null
    try {
      connected = await options.connect()
      const isKept = opened === null ? options.onlyCloses === true : opened.store.read('market') !== undefined
      if (connected.wallet === null && !isKept) {
        throw new ExchangeError(
          'W315 the wallet of the account cannot be read, and there are no books of it yet',
          {
            retryable: true,
            ambiguous: false,
          },
        )
      }
      const wallet = connected.wallet ?? config.startingBalance
      const books = opened === null ? null : booksOf(opened, wallet)
      if (opened !== null) {
        refuseOtherMarket(opened.store, connected)
        refuseEarlier(opened.store, connected.exchange.clock.now())
      }
      let inForce = config
      if (options.onlyCloses === true) inForce = await asItIs(connected.exchange, config)
      else await inMode(connected.exchange, config, log)
      const engineOptions: EngineOptions = {
        wallet,
        everyCycle: options.everyCycle ?? false,
        // The candles of the embedded exchange are all there are: nothing more is to be waited for.
        lacking: 'skip',
        ...connected.engine,
        onlyCloses: options.onlyCloses ?? false,
        stopwatch: () => world.clock.monotonic(),
        ...(opened?.decisions == null ? {} : { decisions: { version: ownVersion() } }),
        ...(opened === null ? {} : { instance: opened.store.instance, incarnation: opened.store.token ?? 0 }),
      }
      const engine = engineOf(inForce, engineOptions, opened !== null, books)
      const isHeld = engine.portfolio.positions.size + engine.portfolio.pending.size > 0
      const noEntries = options.onlyCloses === true ? null : await otherMargin(connected, isHeld)
      const desk = new Desk(options, opened, connected, engineOptions, engine)
      opened?.store.write(RUN_KEY, options.facts)
      const held = [...engine.portfolio.positions.values()]
      desk.driver.start(await desk.#whileHeld(connected.exchange.history(bookedOf(engine), held)))
      if (opened !== null) desk.#sayHowItBegan(opened)
      if (noEntries !== null) desk.#halt(noEntries, 'C616')
      desk.#obeyStandingOrder()
      await desk.settle()
      return desk
    } catch (error) {
      connected?.close()
      opened?.decisions?.close()
      if (opened !== null) {
        if (error instanceof ExchangeError && options.onlyCloses !== true) forgive(opened.store, log)
        giveBack(opened.store, log)
      }
      throw error
    }
  }

  get engine(): Engine {
    return this.driver.engine
  }

  /** Goes on under another configuration. Between two moments of the market only. */
  reconfigure(config: Config): void {
    this.driver.replace(Engine.load(config, this.#engineOptions, this.engine.save()))
  }

  /** Hands an input to the engine. */
  hear(input: Input): void {
    this.driver.hear(input)
  }

  /**
   * What the wall clock asks for: to be called several times a second. Throws a StoreError when the lease is lost.
   */
  tick(): void {
    const { store } = this
    if (store === null || this.#isClosed) return
    const mono = this.#options.world.clock.monotonic()
    if (mono < this.#lookAt) return
    this.#lookAt = mono + LOOK_MS
    const wall = this.#options.world.clock.now()
    this.#noteJump(wall, mono)
    this.#obeyStandingOrder()
    if (mono >= this.#renewAt) {
      this.#renewAt = mono + RENEW_MS
      this.#patiently(() => store.renew(wall))
    }
    this.#patiently(() => {
      for (const queued of store.takeCommands(wall)) this.hear(inputOf(queued))
    })
    if (mono >= this.#snapshotAt) this.#saveSnapshot(mono)
    if (mono >= this.#upkeepAt) {
      this.#upkeepAt = mono + UPKEEP_MS
      const { atLength } = this.#options
      const work = (): void => this.#upkeep(store, wall)
      if (atLength === undefined) work()
      else atLength(LONGEST_UPKEEP_MS, work)
    }
  }

  /**
   * Saves and gives everything back. `isClean`: the end was asked for, or came with the end of the market.
   *
   * @returns whether everything was saved
   * @throws StoreError (`lease-lost`) where a clean end finds that another process has taken over
   */
  close(isClean: boolean): boolean {
    if (this.#isClosed) return true
    this.#isClosed = true
    const { store } = this
    let isSaved = true
    try {
      if (store !== null) {
        isSaved = this.driver.flush()
        this.#saveSnapshot(0)
        if (isClean) this.#patiently(() => store.noteCleanEnd(this.#options.world.clock.now()))
      }
    } catch (error) {
      // Only a lost lease gets here. Whoever has it now has the books, too; one that ends for it has said so.
      if (isClean) throw error
      isSaved = false
    } finally {
      this.#decisions?.close()
      if (store !== null) giveBack(store, this.#options.log)
      this.#connected.close()
    }
    return isSaved
  }

  /** Lets everything happen that is due at the present moment, so that the market goes on with books that are right. */
  async settle(): Promise<void> {
    const { clock } = this.exchange
    await this.driver.idle()
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { wakeAt } = this.engine
      if (wakeAt === null || wakeAt > clock.now()) return
      this.hear({ type: 'time', at: 0 })
      await this.driver.idle()
    }
  }

  /** Waits for something that may take longer than the lease lasts. */
  async #whileHeld<T>(work: Promise<T>): Promise<T> {
    const { store } = this
    if (store === null) return work
    const { clock } = this.#options.world
    const end = new AbortController()
    const renewing = (async (): Promise<never> => {
      for (;;) {
        await clock.sleep(RENEW_MS, end.signal)
        this.#patiently(() => store.renew(clock.now()))
      }
    })()
    try {
      return await Promise.race([work, renewing])
    } finally {
      end.abort()
      renewing.catch(() => {})
    }
  }

  #sayHowItBegan({ store, recovery, isSafeMode }: Opened): void {
    const { log } = this.#options
    if (store.upgrade !== null) {
      const { from, to, backup } = store.upgrade
      log.code('I709', `the state was upgraded from version ${from} to ${to}; backup: ${backup}`)
    }
    if (recovery !== null) {
      const reason =
        recovery.restored === null
          ? 'the state was damaged and there was no sound backup'
          : `the state was damaged; ${recovery.restored} was restored`
      log.code('C807', reason, { aside: recovery.aside })
      this.#halt(reason, 'C807')
    }
    if (isSafeMode) {
      this.#halt('five starts within ten minutes without a clean end', 'C706')
    }
    this.#tellStandstill()
  }

  /** How the run before was ended by its watchdog; forgotten once the journal has it. */
  #tellStandstill(): void {
    const { folder } = this.#options
    const found = folder === null ? null : foundStandstill(folder)
    if (folder === null || found === null) return
    this.hear({ type: 'incident', at: 0, reason: foundWords(found), code: 'C707' })
    this.#patiently(() => {
      if (this.driver.flush()) forgetStandstill(folder)
    })
  }

  #halt(reason: string, code: Code): void {
    this.hear({ type: 'command', at: 0, id: '', command: 'halt', by: 'bbw', reason, code })
  }

  /** An order that was left beside the state goes once the state has it. */
  #obeyStandingOrder(): void {
    const { folder } = this.#options
    const order = folder === null ? null : foundOrder(folder)
    if (folder === null || order === null) return
    const { command, by, reason } = order
    const { halted, paused } = this.engine.standing
    const isKnown = halted !== null || (command === 'pause' && paused !== null)
    if (!isKnown) this.hear({ type: 'command', at: 0, id: '', command, by, reason })
    this.#patiently(() => {
      if (this.driver.flush()) takeOrderAway(folder)
    })
  }

  /** What cannot be written is lost: nothing is traded by it, and nothing waits for it. */
  #takeDown(batch: DecisionBatch): void {
    const trouble = this.#decisions?.keep(batch) ?? null
    if (trouble !== null) this.#sayNow('decisions', 'W812', `decisions are not taken down: ${trouble}`)
  }

  #noteJump(wall: Timestamp, mono: Milliseconds): void {
    const off = wall - this.#lastWall - (mono - this.#lastMono)
    this.#lastWall = wall
    this.#lastMono = mono
    if (!(Math.abs(off) > JUMP_MS)) return
    const reason = `the wall clock has jumped by ${(off / SECOND).toFixed(0)} s`
    this.#options.log.code('W702', reason)
    this.#renewAt = 0
    this.hear({ type: 'feed-gap', at: 0, reason })
  }

  #saveSnapshot(mono: Milliseconds): void {
    const { store } = this
    this.#snapshotAt = mono + Math.max(LOOK_MS, this.#options.config.operations.snapshotSeconds * SECOND)
    if (store === null) return
    const trouble = this.#connected.trouble?.() ?? null
    this.#patiently(() => {
      store.write(KV.snapshot, this.engine.snapshot())
      if (trouble !== this.#trouble) store.write(RUN_KEY, { ...this.#options.facts, trouble })
      this.#trouble = trouble
    })
  }

  #upkeep(store: StateStore, wall: Timestamp): void {
    const { log, config } = this.#options
    this.#patiently(() => {
      const log8 = store.checkpoint()
      if (log8.isHeldBack) log.code('W808', `${log8.pages} pages wait for a reader to end`, { ...log8 })
      if (store.isFull) log.code('C805', 'the disk is full: the reserve was used up')
      store.trim(this.exchange.clock.now() - EVENTS_KEPT)
      this.#decisions?.trim(this.exchange.clock.now() - config.operations.decisions.keepDays * DAY)
      const made = dailyBackup(store.path, {
        now: wall,
        folder: backupFolder(store.path),
        keep: config.operations.backupKeep,
      })
      if (made !== null) log.info({ path: made.path, rows: made.counts }, 'backup made and proved')
    })
    const rss = this.#options.memory?.() ?? process.memoryUsage.rss()
    if (this.#memoryAtStart === 0) this.#memoryAtStart = rss
    else if (rss > MUCH_MEMORY && rss > 2 * this.#memoryAtStart) {
      const mega = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`
      log.code('W710', `${mega(rss)}, ${mega(this.#memoryAtStart)} at the start`)
      this.#memoryAtStart = rss
    }
  }

  /** Upkeep that fails is tried again later; only a lost lease ends the run. */
  #patiently(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof StoreError) || error.trouble === 'lease-lost') throw error
      this.#sayNow(error.trouble, codeOf(error), `upkeep of the state: ${error.message}`)
    }
  }

  /** Says something, unless something of its kind was said just before. */
  #sayNow(kind: string, code: Code, words: string): void {
    const mono = this.#options.world.clock.monotonic()
    if (mono < (this.#saidAt.get(kind) ?? Number.NEGATIVE_INFINITY) + SAID_MS) return
    this.#saidAt.set(kind, mono)
    this.#options.log.code(code, words)
  }
}

/** Opens the state, or what can be saved of it, and takes the lease. */
function openState(options: DeskOptions): Opened {
  const { world, folder, log } = options
  const path = join(ensureDirectory(folder ?? ''), STATE_FILE)
  const now = world.clock.now()
  try {
    return withDecisions(heldState(path, now, options, null), options)
  } catch (error) {
    if (!(error instanceof StoreError) || error.trouble !== 'damaged') throw error
    log.error({}, `the state is damaged: ${error.message}`)
    const { self, isAlive } = machineOf(options)
    const claim = { ...self, now, isAlive }
    refuseHeld(path, claim)
    leaveHalt(dirname(path), now, log)
    return withDecisions(heldState(path, now, options, recoverDamaged(path, claim)), options)
  }
}

/**
 * What stands in the place of a damaged state looks sound to the next start: should this one come to nothing, an order
 * beside the state halts that one's entries.
 */
function leaveHalt(folder: string, at: Timestamp, log: Log): void {
  if (foundOrder(folder)?.command === 'halt') return
  try {
    leaveOrder(folder, { command: 'halt', by: 'bbw', reason: 'the state was damaged', at })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    log.warn({}, `no halt could be left for the next start: ${error.message}`)
  }
}

function machineOf({ machine }: DeskOptions): Machine {
  return machine ?? { self: thisProcess(), isAlive, random: Math.random }
}

/** Opens the journal of decisions where one is wanted. Trading does not depend on it. */
function withDecisions(opened: Opened, options: DeskOptions): Opened {
  const { config, folder, log } = options
  if (!config.operations.decisions.journal) return opened
  try {
    const path = join(ensureDirectory(folder ?? ''), DECISIONS_FILE)
    return { ...opened, decisions: DecisionJournal.open(path, machineOf(options).random) }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    log.code('W812', `decisions are not taken down: ${error.message}`)
    return opened
  }
}

function heldState(path: string, now: Timestamp, options: DeskOptions, recovery: Recovery | null): Opened {
  const store = StateStore.open(path, { now, origin: options.facts.exchange, ...machineOf(options) })
  try {
    const acquired = store.acquire(now)
    if (!acquired.ok) throw heldError(acquired.holder)
    return {
      store,
      books: store.loadBooks(),
      recovery,
      // What only closes is opened by a person, as often as it takes: it is no start of a loop that fails.
      isSafeMode: options.onlyCloses !== true && store.noteStart(now).isSafeMode,
      decisions: null,
    }
  } catch (error) {
    store.close()
    throw error
  }
}

/** The filters of what the books hold and wait for, one of each symbol. */
function bookedOf({ portfolio: { positions, pending } }: Engine): readonly Instrument[] {
  const instruments = [...positions.values(), ...pending.values()].map(({ instrument }) => instrument)
  return [...new Map(instruments.map(one => [one.symbol, one])).values()]
}

/** With a state everything is compared before something is entered, with a new one as well: it may replace a lost one. */
function engineOf(config: Config, options: EngineOptions, hasState: boolean, books: Books | null): Engine {
  const fresh = (): Engine => new Engine(config, options)
  return hasState ? Engine.resume(config, options, books ?? fresh().books()) : fresh()
}

/** Books from before the first run know what a person has said; what is in the account was only assumed. */
function booksOf({ store, books }: Opened, wallet: Usdt): Books | null {
  if (books === null || store.read('market') !== undefined) return books
  return { ...books, ledger: { ...books.ledger, wallet, gates: openGates(wallet) } }
}

/**
 * Books of one market, or of one user's account, say nothing of another one. A user who is not told may be the same: what is
 * held must not be left to itself because the exchange did not say so once.
 */
function refuseOtherMarket(store: StateStore, connected: Connected): void {
  const { owner } = connected
  const market = byOneName(connected.market)
  const kept = store.read('market')
  const known = typeof kept === 'string' ? byOneName(kept) : kept
  const own = owner === undefined ? market : `${market} ${owner ?? UNTOLD}`
  if (known === own) return
  const untold = `${market} ${UNTOLD}`
  if (known === undefined || (typeof owner === 'string' && known === untold)) store.write('market', own)
  else if (owner !== null || typeof known !== 'string' || !known.startsWith(`${market} `)) {
    throw new StoreError(`${store.path} holds the books of another exchange or market`, {
      retryable: false,
      trouble: 'other',
      remedy: 'choose another --data-dir, or begin anew with --new',
    })
  }
}

/** Stands for a user who is not told. */
const UNTOLD = 'unknown'

/** An exchange that stands before what the books know of is not the one they were kept with. */
function refuseEarlier(store: StateStore, now: Timestamp): void {
  const known = fieldOf(store.read(KV.snapshot), 'at')
  if (typeof known !== 'number' || now >= known - MOST_BEHIND_MS) return
  const at = (time: Timestamp): string => `${new Date(time).toISOString().slice(0, 16)}Z`
  const words = `${store.path} holds books up to ${at(known)}, and the exchange stands at ${at(now)}`
  throw new StoreError(`${words}: it is another one, or its own file is lost`, {
    retryable: false,
    trouble: 'other',
    remedy: 'choose another --data-dir, or begin anew with --new, which keeps what is there',
  })
}

/**
 * The configuration in the position mode of the account: whoever wants to get out is not asked about it. One that cannot
 * be read, or differs from symbol to symbol, stops nobody: both sides of a symbol may be held then, as they are shown.
 */
async function asItIs(exchange: PositionModePort, config: Config): Promise<Config> {
  try {
    return { ...config, positionMode: await exchange.positionMode() }
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    return { ...config, positionMode: 'hedge' }
  }
}

/**
 * Has the account in the position mode of the configuration before anything is traded. With a position or an order it
 * stays as it is, and nothing is begun: what the engine would do is meant for the other mode.
 *
 * @throws ConfigError (C606)
 */
async function inMode(exchange: PositionModePort, { positionMode }: Config, log: Log): Promise<void> {
  const there = await exchange.positionMode()
  if (there === positionMode) return
  const refusal = await exchange.setPositionMode(positionMode)
  if (refusal !== null || (await exchange.positionMode()) !== positionMode) {
    throw new ConfigError(
      `C606 the account is in ${there} mode and positionMode is ${positionMode}: ${refusal ?? 'it was not switched'}`,
      `set positionMode: ${there}; or, in that mode, close what is held and cancel what rests, then start again`,
    )
  }
  log.info({}, `the account was in ${there} mode and is in ${positionMode} mode now`)
}

/**
 * Whether the account is margined otherwise than in isolation: then liquidations come elsewhere than bbw reckons, and
 * each takes the whole account. What it holds already is looked after all the same.
 *
 * @param isHeld the books hold something, or wait for it
 * @returns why nothing may be entered; `null`: it may
 * @throws ConfigError (C616) where there is nothing to look after
 */
async function otherMargin(connected: Connected, isHeld: boolean): Promise<string | null> {
  const mode = (await connected.marginMode?.()) ?? 'isolated'
  if (mode === 'isolated') return null
  const words = `the account is in ${mode} margin, and bbw reckons with isolated margin`
  if (isHeld) return words
  throw new ConfigError(
    `C616 ${words}: a loss would take more than the margin of its position`,
    'choose isolated margin for the account at Bybit, then start again; bbw doctor --exchange shows the mode',
  )
}

/** An exchange that cannot be reached is no crash of bbw's: the start that ends with it does not count as one. */
function forgive(store: StateStore, log: Log): void {
  try {
    store.noteFailedStart()
  } catch (error) {
    log.warn({}, `the failed start counts as a crash: ${error instanceof Error ? error.message : error}`)
  }
}

function giveBack(store: StateStore, log: Log): void {
  try {
    store.release()
  } catch (error) {
    log.warn({}, `the lease could not be given back: ${error instanceof Error ? error.message : error}`)
  }
  store.close()
}

/** A command of another process as an input. */
export function inputOf({ id, command }: Queued): Input {
  switch (command.kind) {
    case 'propose':
      return { type: 'propose', at: 0, id, scored: command.records }
    case 'why':
      return { type: 'enquiry', at: 0, id, symbol: command.symbol, side: command.side }
    case 'loose-ends':
      return { type: 'loose-ends', at: 0, id, of: command.of }
    case 'adopt':
    case 'release':
      return { type: 'handover', at: 0, id, ...command }
    case 'close':
      return { type: 'closure', at: 0, id, ...command }
    default:
      return { type: 'command', at: 0, id, command: command.kind, by: command.by, reason: command.reason }
  }
}

/** The journal has everything; the log has what a person should know of: not that a new state begins with nothing. */
function isWorthALine({ code, kind, figures }: EngineEvent, isNew: boolean): boolean {
  if (code === null) return false
  if (kind !== 'recovered') return severityOf(code) !== 'info'
  return !isNew || Object.values(figures).some(figure => figure !== 0)
}

function eventWords({ symbol, side, reason }: EngineEvent): string {
  return [symbol, side, reason].filter(word => word !== null && word !== '').join(' ')
}

function fieldsOf({ kind, ts, symbol, clientOrderId, figures }: EngineEvent): {
  readonly [name: string]: unknown
} {
  return { kind, at: new Date(ts).toISOString(), symbol, clientOrderId, figures }
}
