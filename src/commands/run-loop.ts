import { join, resolve } from 'node:path'
import { ENVIRONMENTS, environmentOf } from '../core/adapters/bybit/environments.ts'
import type { Venue } from '../core/adapters/sim/venue.ts'
import { type Log, openLog } from '../core/adapters/system/log.ts'
import type { Watchdog } from '../core/adapters/system/watchdog.ts'
import { ExchangeError, UsageError } from '../core/base/errors.ts'
import { DAY, HOUR, MINUTE, SECOND, type Timestamp } from '../core/base/units.ts'
import type { JournalPort } from '../core/engine/ports.ts'
import type { Account } from '../core/engine/protocol.ts'
import type { Side } from '../core/market/side.ts'
import { terminalAsker } from './ask.ts'
import type { ParsedArguments, World } from './command.ts'
import { type Config, loadConfig } from './config.ts'
import { watchReload } from './config-reload.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { Desk, type DeskOptions } from './desk.ts'
import { Ending, leftWords } from './ending.ts'
import { EXIT } from './exit-codes.ts'
import { Exports } from './exports.ts'
import { textFlag, timeFlag } from './flags.ts'
import { minute, say } from './lines.ts'
import { LoopWatch, watchedOf } from './loop-watch.ts'
import { placeOf } from './place.ts'
import { type Report, reportOf } from './report.ts'
import type { RunFacts } from './run-facts.ts'
import { Screen } from './screen.ts'
import { simUrlFlag } from './sim-credentials.ts'
import { Recorder, withFlags } from './simulate.ts'
import type { Place } from './trading-place.ts'
import { ownVersion } from './version.ts'

/** Up to this speed every cycle runs at each of its turns, so that a person can watch them. */
const WATCHABLE_SPEED = 3_600

/** However long the market takes, what the wall clock asks for is looked after in between. */
const LONGEST_WAIT_MS = 250

/** Where nothing is asked for, a timer still takes no more than 2^31 ms. */
const LONGEST_SLEEP_MS = DAY

/** A dashboard hides the cursor of its terminal. */
const SHOW_CURSOR = '\x1b[?25h\r\n'

/** At full speed the loop looks up for signals and writes its lines every so many instants. */
const INSTANTS_A_BREATH = 64

/**
 * Runs the loop of one command line to its end and returns the exit code.
 *
 * @param between puts something between the driver and the outside
 */
export async function runLoop(
  world: World,
  parsed: ParsedArguments,
  between?: DeskOptions['between'],
): Promise<number> {
  const loaded = withDecisions(withFlags(await loadConfig(world, parsed), parsed), parsed)
  const until = timeFlag(parsed, 'until', '--until') ?? null
  const url = simUrlFlag(parsed)
  const folder = parsed.flags.state === false ? null : dataDirectory(world, textFlag(parsed, 'dataDir'))
  if (folder === null && parsed.flags.new === true) {
    throw new UsageError('--new and --no-state exclude one another', 'give one of them')
  }
  if (folder === null && parsed.flags.decisions === true) {
    throw new UsageError('--decisions needs a data folder, and --no-state keeps none', 'give one of them')
  }
  if (folder === null) refuseWithoutState(parsed)
  const exports = new Exports(world, textFlag(parsed, 'export'))
  const screen = new Screen(world, {
    asRecords: parsed.flags.ndjson === true,
    isPlain: parsed.flags.plain === true,
    isSilent: exports.isOut,
  })
  const logFile = logFileOf(world, loaded, folder, screen.isDashboard)
  const log = openRunLog(world, loaded, logFile, screen.isDashboard)
  try {
    if (parsed.flags.new === true && folder !== null) await putAside(world, folder)
    const place = await placeOf(world, parsed, loaded, url, folder, until)
    const run = new Run({ world, parsed, config: loaded, folder, place, screen, log, logFile, between })
    return await run.through(until, exports)
  } finally {
    exports.drop()
    await screen.close()
    log.close()
  }
}

/** On an account an order is written down before it is sent, and one bbw alone holds the books. Throws a UsageError. */
function refuseWithoutState(parsed: ParsedArguments): void {
  const name = ENVIRONMENTS.find(one => one === textFlag(parsed, 'exchange')) ?? 'sim'
  if (environmentOf(name).account === null) return
  throw new UsageError(
    `--no-state keeps no books, and --exchange ${name} sends orders to an account: after an end nothing would know them, and a second bbw would not be kept away`,
    'leave --no-state out; --data-dir names a folder for the books, and --exchange paper trades without an account',
  )
}

function withDecisions(config: Config, { flags }: ParsedArguments): Config {
  if (flags.decisions !== true) return config
  const { operations } = config
  return { ...config, operations: { ...operations, decisions: { ...operations.decisions, journal: true } } }
}

/** Moves the files of an earlier run out of the way. Throws a HeldError while somebody uses them. */
async function putAside(world: World, folder: string): Promise<void> {
  const { setAside } = await import('../core/adapters/sqlite/set-aside.ts')
  for (const path of setAside(folder, world.clock.now())) {
    if (path.endsWith('.db')) say(world, `put aside: ${path}`)
  }
}

/** The file of the log; `null`: it goes to standard error. */
function logFileOf(
  world: World,
  config: Config,
  folder: string | null,
  isScreenTaken: boolean,
): string | null {
  const { file } = config.operations.log
  if (file !== null) return resolve(world.cwd, file)
  return isScreenTaken && folder !== null ? join(ensureDirectory(folder), 'bbw.log') : null
}

function openRunLog(world: World, config: Config, file: string | null, isScreenTaken: boolean): Log {
  const { level, maxMegabytes } = config.operations.log
  return openLog({
    level: world.quiet ? 'error' : world.verbose ? 'debug' : level,
    file,
    maxMegabytes,
    // A screen that shows a dashboard has no room for lines.
    stderr: isScreenTaken ? { isTTY: true, write: () => {} } : world.stderr,
    redactor: world.redactor,
    clock: world.clock,
  })
}

/** What a run is made of. */
interface RunParts {
  readonly world: World
  readonly parsed: ParsedArguments
  readonly config: Config
  readonly folder: string | null
  readonly place: Place
  readonly screen: Screen
  readonly log: Log
  /** Where the log goes; `null`: to standard error. */
  readonly logFile: string | null
  readonly between: DeskOptions['between']
}

/** One run from its start to its end. */
class Run {
  readonly #parts: RunParts
  readonly #world: World
  readonly #parsed: ParsedArguments
  readonly #folder: string | null
  readonly #place: Place
  readonly #screen: Screen
  readonly #log: Log
  readonly #speed: number
  readonly #between: DeskOptions['between']
  #config: Config
  #venue: Venue | null = null
  #watch: LoopWatch | null = null

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#world = parts.world
    this.#parsed = parts.parsed
    this.#config = parts.config
    this.#folder = parts.folder
    this.#place = parts.place
    this.#screen = parts.screen
    this.#log = parts.log
    this.#speed = parts.place.speed
    this.#between = parts.between
  }

  async through(until: Timestamp | null, exports: Exports): Promise<number> {
    const world = this.#world
    const screen = this.#screen
    const { exchange, words, address } = this.#place
    const facts: RunFacts = { exchange, dry: false, market: words, ...address }
    const early: Parameters<JournalPort['trade']>[0][] = []
    let recorder: Recorder | null = null
    const desk = await Desk.open({
      world,
      config: this.#config,
      folder: this.#folder,
      connect: async () => {
        const connected = await this.#place.connect(world, this.#log)
        this.#venue = connected.venue
        refuseEnded(until, connected.venue?.from ?? null)
        return connected
      },
      facts,
      log: this.#log,
      everyCycle: this.#isEveryCycle,
      atLength: (most, work) => (this.#watch === null ? work() : this.#watch.during(most, work)),
      ...(this.#between === undefined ? {} : { between: this.#between }),
      journal: {
        event(event) {
          recorder?.event(event)
          screen.event(event)
        },
        trade(trade) {
          if (recorder === null) early.push(trade)
          else recorder.trade(trade)
          screen.trade(trade)
        },
      },
    })
    let isClean = false
    const stopWatching = this.#watchReload(desk)
    try {
      const began = beganAt(desk, this.#config)
      recorder = new Recorder(began.at, began.wallet, {
        trades: desk.store?.trades() ?? early,
        events: desk.store?.events('digest') ?? [],
      })
      const now = desk.exchange.clock.now()
      const pace = this.#place.isPaced ? speedText(this.#speed) : 'as its market goes'
      say(world, `${this.#place.words} from ${minute(now)} UTC, ${pace}`)
      await screen.open(desk, facts, pace)
      const watch = new LoopWatch(await this.#watchdog())
      this.#watch = watch
      const ending = new Ending(world, desk)
      const how = await this.#untilItsEnd(desk, ending, until, now, watch)
      watch.close()
      // What is on its way is let come to its end, but not waited for without end.
      if (how === 'stopped') await Promise.race([desk.driver.idle(), world.clock.sleep(ending.timeLeft)])
      const left = this.#place.isPaced ? [] : ending.left
      if (left.length > 0) this.#tellLeft(desk, leftWords(left))
      isClean = true
      const at = desk.exchange.clock.now()
      const report = this.#report(recorder, desk, at)
      const held = how === 'stopped' ? await this.#heldWords(desk, ending) : ''
      if (!desk.close(true)) this.#log.code('E109', 'the end of the run could not be saved')
      const { isReaderGone } = screen
      const sayStopped = (): void => {
        if (!world.quiet) world.stderr.write(`I704 stopped at ${minute(at)} UTC with ${held}\n`)
      }
      if (isReaderGone) sayStopped()
      try {
        await screen.close()
        await exports.keep(recorder.trades, report)
        if (!exports.isOut) await screen.end(report)
      } catch (error) {
        // Nobody reads the lines, which is no fault; whoever waits for the exit code still is to know.
        if (!isReaderGone || left.length === 0) throw error
      }
      if (how === 'stopped' && !isReaderGone) sayStopped()
      if (left.length > 0) return EXIT.exchange
      return how === 'stopped' && world.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok
    } finally {
      this.#watch?.close()
      stopWatching()
      desk.close(isClean || screen.isReaderGone)
    }
  }

  /** Lets the market go on, and what was sent on a market that goes on without bbw come to its end. */
  async #untilItsEnd(
    desk: Desk,
    ending: Ending,
    until: Timestamp | null,
    now: Timestamp,
    watch: LoopWatch,
  ): ReturnType<Desk['exchange']['run']> {
    const idle = (): Promise<void> => desk.driver.idle()
    if (this.#place.isPaced) return await desk.exchange.run(idle, this.#pacer(desk, now, watch), until)
    const isOut = (): boolean => until !== null && desk.exchange.clock.now() >= until
    const goOn = this.#watcher(desk, watch, isOut)
    let how: 'until' | 'stopped' | null = null
    // The exchange goes on over the end of the run, for as long as it takes.
    const ran = await desk.exchange.run(
      idle,
      async at => {
        if (how === null && (await goOn(at))) return true
        how ??= isOut() ? 'until' : 'stopped'
        return await ending.pace(at)
      },
      null,
    )
    return how ?? ran
  }

  /** The log has it, and the next start; and standard error, where the log is not there. */
  #tellLeft(desk: Desk, words: string): void {
    desk.hear({ type: 'incident', at: 0, reason: words, code: 'C712' })
    if (this.#parts.logFile !== null) this.#world.stderr.write(`C712 ${words}\n`)
  }

  /** The last look at the account takes no longer than the end has. */
  async #heldWords(desk: Desk, ending: Ending): Promise<string> {
    return await heldWords([...desk.engine.portfolio.positions.values()], () =>
      Promise.race([
        desk.exchange.account(),
        this.#world.clock.sleep(ending.timeLeft).then(() => {
          throw new ExchangeError('no answer in time', { retryable: true, ambiguous: false })
        }),
      ]),
    )
  }

  get #isEveryCycle(): boolean {
    return !this.#place.isPaced || this.#speed <= WATCHABLE_SPEED
  }

  /** Watches the loop from when it has begun: a start may take as long as it has to recover. */
  #watchdog(): Promise<Watchdog> {
    const { isPaced, speed } = this.#place
    return this.#world.watchdog({
      watched: watchedOf({
        isPaced,
        speed,
        isEveryCycle: this.#isEveryCycle,
        isRemote: this.#venue === null,
      }),
      folder: this.#folder,
      logFile: this.#parts.logFile,
      isTerminal: this.#world.stderr.isTTY,
      restores: this.#screen.isDashboard ? SHOW_CURSOR : '',
      onTrouble: words => this.#log.warn({}, words),
    })
  }

  #report(recorder: Recorder, desk: Desk, at: Timestamp): Report {
    const market = this.#place.market ?? { name: this.#place.words, hash: null }
    const simulation = recorder.finish(desk.engine, this.#venue, at)
    return reportOf(simulation, market, this.#config, ownVersion())
  }

  /** Reads the configuration again when the terminal hangs up, or whoever sends SIGHUP. */
  #watchReload(desk: Desk): () => void {
    const world = this.#world
    return watchReload(world, this.#parsed, {
      current: () => this.#config,
      apply: config => {
        this.#config = config
        desk.reconfigure(config)
      },
      say: lines => {
        this.#log.code('W972', lines.join('\n').replace(/^W972 /, ''))
        // The log is on standard error, unless it has a file of its own.
        if (this.#config.operations.log.file !== null) for (const line of lines) say(world, line)
      },
      // The dashboard reads the keys, so that nobody could answer.
      ask: this.#screen.isDashboard ? null : terminalAsker(world),
      withFlags: config => withDecisions(withFlags(config, this.#parsed), this.#parsed),
    })
  }

  /**
   * Looks up now and then while the market goes on by itself; false once the user has asked for the end, nobody reads
   * the lines any more, or it is over.
   */
  #watcher(desk: Desk, loopWatch: LoopWatch, isOut: () => boolean): (at: Timestamp) => Promise<boolean> {
    const world = this.#world
    const screen = this.#screen
    const isOver = (): boolean => world.signal.aborted || screen.hasQuit || screen.isReaderGone || isOut()
    let fault: { readonly error: unknown } | null = null
    const onFault = (error: unknown): void => {
      fault ??= { error }
    }
    let isWatched = false
    const watch = (): void => {
      if (isWatched) return
      isWatched = true
      desk.driver.idle().then(() => {
        isWatched = false
      }, onFault)
    }
    // A reader that takes its time keeps the lines, not the lease and what others want of the loop.
    let isFlushing = false
    const flush = (): void => {
      if (isFlushing) return
      isFlushing = true
      screen.flush().then(
        () => {
          isFlushing = false
        },
        // A reader that has gone ends the run as a signal does: what was sent is not left to itself for it.
        error => {
          if (!screen.isReaderGone) onFault(error)
        },
      )
    }
    return async at => {
      for (let isDue = false; !isDue && !isOver(); isDue = desk.exchange.clock.now() >= at) {
        watch()
        await interruptedSleep(world, Math.min(LONGEST_WAIT_MS, Math.max(0, at - desk.exchange.clock.now())))
        if (fault !== null) throw fault.error
        desk.tick()
        loopWatch.cycles(desk.engine)
        flush()
      }
      return !isOver()
    }
  }

  /** Lets market time pass at a speed; false once the user has asked for the end. */
  #pacer(desk: Desk, from: Timestamp, watch: LoopWatch): (at: Timestamp) => Promise<boolean> {
    const world = this.#world
    const screen = this.#screen
    const speed = this.#speed
    const begun = world.clock.monotonic()
    const most = this.#folder === null && !screen.isDashboard ? LONGEST_SLEEP_MS : LONGEST_WAIT_MS
    const isOver = (): boolean => world.signal.aborted || screen.hasQuit
    let instants = 0
    return async at => {
      watch.instant()
      if (speed === Number.POSITIVE_INFINITY) {
        if (++instants % INSTANTS_A_BREATH !== 0) return !isOver()
        desk.tick()
        await watch.patiently(screen.flush())
        await world.clock.sleep(0)
        return !isOver()
      }
      desk.tick()
      await watch.patiently(screen.flush())
      const left = (): number => begun + (at - from) / speed - world.clock.monotonic()
      for (let wait = left(); wait > 0 && !isOver(); wait = left()) {
        await interruptedSleep(world, Math.min(wait, most))
        desk.tick()
        await watch.patiently(screen.flush())
        // A command of another process may want an answer before the market moves.
        await desk.settle()
      }
      return !isOver()
    }
  }
}

/** What is held in the end, and whether its stops are at the exchange: the account itself is asked. */
export async function heldWords(
  held: readonly { readonly symbol: string; readonly side: Side }[],
  account: () => Promise<Account>,
): Promise<string> {
  const count = `${held.length} open positions`
  if (held.length === 0) return count
  try {
    const { positions } = await account()
    const bare = held.filter(({ symbol, side }) => {
      const there = positions.find(one => one.symbol === symbol && one.side === side)
      return there !== undefined && there.stop === null
    })
    if (bare.length === 0) return `${count}, each with its stop`
    return `${count}, ${bare.length} WITHOUT a stop: ${bare.map(({ symbol, side }) => `${symbol} ${side}`).join(', ')}`
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    return `${count}, whose stops could not be read`
  }
}

/** When the books begin and with how much; noted at the first start on them. */
function beganAt(desk: Desk, config: Config): { readonly at: Timestamp; readonly wallet: number } {
  const fresh = { at: desk.exchange.clock.now(), wallet: config.startingBalance }
  if (desk.store === null) return fresh
  const known = desk.store.read('began')
  if (typeof known === 'object' && known !== null && 'at' in known && 'wallet' in known) {
    return { at: Number(known.at), wallet: Number(known.wallet) }
  }
  desk.store.write('began', fresh)
  return fresh
}

function refuseEnded(until: Timestamp | null, from: Timestamp | null): void {
  if (until === null || from === null || until > from) return
  throw new UsageError(
    `--until ${minute(until)} is not after the beginning, ${minute(from)} UTC`,
    '--timerange says when trading begins',
  )
}

/** Sleeps no longer than until the user asks for the end. */
async function interruptedSleep({ clock, signal }: World, ms: number): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function speedText(speed: number): string {
  if (speed === Number.POSITIVE_INFINITY) return 'at full speed'
  const day = DAY / speed
  const span =
    day >= HOUR
      ? `${(day / HOUR).toFixed(1)} h`
      : day >= MINUTE
        ? `${(day / MINUTE).toFixed(1)} min`
        : `${(day / SECOND).toFixed(2)} s`
  return `at speed ${speed}: a day of the market passes in ${span}`
}
