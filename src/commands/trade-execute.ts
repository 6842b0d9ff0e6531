/** Signals of a pipe handed to the trader itself: to the loop that runs, or to one opened for the moment. */
import { openLog } from '../core/adapters/system/log.ts'
import { UsageError } from '../core/base/errors.ts'
import type { LooseEnd } from '../core/engine/loose-ends.ts'
import type { EngineEvent, Scored } from '../core/engine/protocol.ts'
import type { ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import { dataDirectory } from './data-dir.ts'
import { Desk } from './desk.ts'
import { Ending, leftWords } from './ending.ts'
import { codeOf, outcomesOf } from './entry-outcome.ts'
import { EXIT } from './exit-codes.ts'
import { textFlag } from './flags.ts'
import { placeOf } from './place.ts'
import { simUrlFlag } from './sim-credentials.ts'
import { atItsExchange } from './state-exchange.ts'
import { tell } from './trade-control.ts'
import { executeThere } from './trade-queued.ts'

/**
 * On the exchange of the state, and on no other one. Returns the exit code: 6 when every signal was refused.
 *
 * @throws ConfigError, UsageError where another exchange is named, or real money is not meant
 */
export async function execute(
  world: World,
  given: ParsedArguments,
  config: Config,
  scored: readonly Scored[],
): Promise<number> {
  if (scored.length === 0) return EXIT.ok
  const parsed = atItsExchange(world, given)
  const code = await executeThere(world, parsed, config, scored)
  return code ?? (await executeHere(world, parsed, config, scored))
}

/**
 * Opens the desk for a moment: recovers, proposes, and ends as a run does, once it is known what has become of what was
 * sent and what is held stands with its stop, after 8 s at the latest. The embedded exchange stands still with the
 * process: what is accepted there waits for its next price.
 */
async function executeHere(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  scored: readonly Scored[],
): Promise<number> {
  const told: EngineEvent[] = []
  return await forAMoment(world, parsed, config, told, async (desk, isPaced) => {
    const ids = new Set(scored.map(one => one.signal.id))
    told.length = 0
    desk.hear({ type: 'propose', at: 0, scored })
    const left = isPaced ? await settled(desk) : await ended(world, desk)
    const open = new Map(left.map(one => [one.clientOrderId, one]))
    const outcomes = outcomesOf(told, ids, ({ clientOrderId }) => {
      const one = open.get(clientOrderId)
      return one === undefined ? 'rests' : { unknown: one.what }
    })
    for (const event of outcomes) await tell(world, parsed, event)
    return left.length > 0 ? EXIT.exchange : codeOf(outcomes)
  })
}

/** On an exchange that stands still without bbw nothing is left open by an end. */
async function settled(desk: Desk): Promise<readonly LooseEnd[]> {
  await desk.driver.idle()
  return []
}

/** Goes on until what was sent is settled; returns what is not after the time of an end, which is told. */
async function ended(world: World, desk: Desk): Promise<readonly LooseEnd[]> {
  const ending = new Ending(world, desk, true)
  await desk.exchange.run(
    () => desk.driver.idle(),
    at => ending.pace(at),
    null,
  )
  await Promise.race([desk.driver.idle(), world.clock.sleep(ending.timeLeft)])
  const { left } = ending
  if (left.length > 0) desk.hear({ type: 'incident', at: 0, reason: leftWords(left), code: 'C712' })
  return left
}

interface MomentOptions {
  readonly keepsState: boolean
  readonly onlyCloses?: boolean
  readonly again?: (error: unknown) => Promise<boolean>
}

/**
 * A desk for as long as `work` takes, which is told whether bbw moves the market itself; events go to `told`.
 *
 * @param options `keepsState` of `false` leaves the state of the data folder aside, whatever it is like; with
 *   `onlyCloses` the account stays in the position mode that it is in; `again` is told why it could not be opened, and tells
 *   whether that is tried again
 */
export async function forAMoment<T>(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  told: EngineEvent[],
  work: (desk: Desk, isPaced: boolean) => Promise<T>,
  { keepsState, onlyCloses = false, again = async () => false }: MomentOptions = { keepsState: true },
): Promise<T> {
  const folder = dataDirectory(world, textFlag(parsed, 'dataDir'))
  const place = await placeOf(world, parsed, config, simUrlFlag(parsed), folder, null)
  if (place.isPaced && textFlag(parsed, 'speed') !== undefined) {
    throw new UsageError(
      'the market of the embedded exchange goes on as fast as it can for the moment',
      'leave --speed out; it is for a simulated Bybit (--url http://127.0.0.1:PORT)',
    )
  }
  const log = openLog({
    level: world.verbose ? 'debug' : 'warn',
    file: null,
    maxMegabytes: config.operations.log.maxMegabytes,
    stderr: world.stderr,
    redactor: world.redactor,
    clock: world.clock,
  })
  const open = (): Promise<Desk> =>
    Desk.open({
      world,
      config,
      folder: keepsState ? folder : null,
      onlyCloses,
      connect: () => place.connect(world, log, onlyCloses),
      facts: { exchange: place.exchange, dry: false, market: place.words, ...place.address },
      log,
      // Without the state everything is a stranger's: what is to be closed is not left alone.
      untold: keepsState ? [] : ['W303', 'C305'],
      journal: { event: event => void told.push(event), trade: () => {} },
    })
  const desk = await persistently(open, again)
  let isClean = false
  try {
    const result = await work(desk, place.isPaced)
    isClean = true
    return result
  } finally {
    desk.close(isClean)
    log.close()
  }
}

async function persistently<T>(
  open: () => Promise<T>,
  again: (error: unknown) => Promise<boolean>,
): Promise<T> {
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (!(await again(error))) throw error
    }
  }
}
