import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openStatus } from '../core/adapters/sqlite/status-reader.ts'
import { type Machine, thisMachine } from '../core/adapters/system/machine.ts'
import { broken } from '../core/base/assert.ts'
import { ConfigError, DataError, StoreError } from '../core/base/errors.ts'
import { harmless } from '../core/base/harmless.ts'
import { type Milliseconds, SECOND } from '../core/base/units.ts'
import { WIRE_VERSION } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, readConfig } from './config.ts'
import { dataDirectory } from './data-dir.ts'
import { STATE_FILE } from './desk.ts'
import {
  type Check,
  type CheckContext,
  failed,
  type OpenedState,
  skipped,
  type Verdict,
} from './doctor-check.ts'
import { type AccountProbe, exchangeChecks, type MarketProbe } from './doctor-exchange.ts'
import { MACHINE_CHECKS } from './doctor-machine.ts'
import { STATE_CHECKS } from './doctor-state.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { RECORDS_FLAG, textFlag, wantsRecords } from './flags.ts'
import { ndjson } from './ndjson.ts'
import { asItsExchange, exchangeOfState } from './state-exchange.ts'
import { URL_FLAG } from './url-flag.ts'

/** Its fee rates stand for those of all perpetuals; where it is not listed, those of another. */
const FEES_OF = 'BTCUSDT'
/** All of them together take no longer. */
const MOST_MS: Milliseconds = 3 * SECOND

export const doctorCommand: CommandSpec = {
  name: 'doctor',
  summary: 'look for what would keep bbw from working, and say what helps',
  description:
    'About 40 checks in at most 3 s, which change nothing: Node and SQLite, clock, disk, rights, the configuration, the state with its lease, stops, books and backups, market data; with --exchange the exchange and its clock, too, and with a key its rights, the account’s modes and its fees. Each says what was found, and where something is wrong why that matters and what helps. What could not be looked at is said to be skipped, with the reason. Exit 0 where nothing has failed, warnings included; else 1 for the state, 4 for the machine, the installation, the configuration, the key or the account, 5 where the exchange does not answer.',
  examples: ['bbw doctor', 'bbw doctor --json', 'bbw doctor --exchange demo'],
  flags: [
    {
      flags: '--data-dir <folder>',
      description: 'folder of the state (BBW_DATA_DIR; default: $XDG_STATE_HOME/bbw)',
    },
    {
      flags: '--exchange <name>',
      description:
        'left out, or sim: nothing is asked over a network; paper: the market, without a key; others: with a key',
      choices: ['sim', 'paper', 'demo', 'testnet', 'live'],
    },
    URL_FLAG,
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  async run(world, given) {
    const named = textFlag(given, 'exchange')
    // A key is for the address at which the state's exchange was reached, and not for another one of that name.
    const parsed = named === undefined ? given : asItsExchange(world, given)
    const name = named ?? 'sim'
    const asked = name === 'sim' ? null : await probesOf(world, parsed, name)
    try {
      const { market = null, account = null, keyRemedy } = asked ?? {}
      const unasked = named === undefined ? unaskedOf(world, parsed) : undefined
      const checks = [
        ...MACHINE_CHECKS,
        ...STATE_CHECKS,
        ...exchangeChecks(name, market, account, unasked, keyRemedy),
      ]
      return await diagnose(world, parsed, thisMachine(), checks)
    } finally {
      asked?.close()
    }
  },
}

/** Why nothing is asked where no exchange is named and the state is of one; else `undefined`. */
function unaskedOf(world: World, parsed: ParsedArguments): string | undefined {
  let kept: ReturnType<typeof exchangeOfState>
  try {
    kept = exchangeOfState(world, parsed)
  } catch (error) {
    // That the state cannot be read is what other checks are for.
    if (error instanceof StoreError || error instanceof DataError) return undefined
    throw error
  }
  if (kept === null || kept === 'sim') return undefined
  return `the state is of ${kept}, which is asked with --exchange ${kept} alone`
}

interface Probes {
  readonly market: MarketProbe
  /** A text: there is no key, and why. */
  readonly account: AccountProbe | string
  /** What helps where there is none. */
  readonly keyRemedy?: string
  readonly close: () => void
}

/** What is asked of an exchange, at the addresses of `environmentAt`. */
async function probesOf(world: World, parsed: ParsedArguments, name: string): Promise<Probes> {
  const { ENVIRONMENTS, environmentAt } = await import('../core/adapters/bybit/environments.ts')
  const { BybitMarket } = await import('../core/adapters/bybit/market.ts')
  const { readingClient } = await import('./exchange-client.ts')
  const environment = environmentAt(
    ENVIRONMENTS.find(one => one === name) ?? 'paper',
    textFlag(parsed, 'url'),
  )
  const url = environment.market?.rest ?? broken(`${name} has no market of its own`)
  const open = readingClient(world, url, null)
  const market = new BybitMarket(open.client)
  const symbols = async (): Promise<number> => (await market.tickers()).items.length
  const probe: MarketProbe = { url, clockAhead: () => open.client.clockAhead(), symbols }
  if (environment.account === null) {
    return { market: probe, account: `${name} has no key: only public data are asked for`, close: open.close }
  }
  const { BybitAccount } = await import('../core/adapters/bybit/account.ts')
  const { credentialsOf } = await import('./credentials.ts')
  let credentials: ReturnType<typeof credentialsOf>
  try {
    credentials = credentialsOf(world, (await readConfig(world, parsed)).config)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { message, remedy } = error
    return {
      ...{ market: probe, account: message, close: open.close },
      ...(remedy === undefined ? {} : { keyRemedy: remedy }),
    }
  }
  const { rest } = environment.account
  const privately = readingClient(world, rest, credentials, undefined, open.budgets)
  const account = new BybitAccount(privately.client)
  return {
    market: probe,
    account: {
      from: credentials.from,
      key: () => account.checkedKey(environment, 'trades'),
      positionMode: () => account.positionMode(),
      marginMode: async () => (await account.info()).marginMode,
      async fees() {
        const all = await account.fees()
        return all.find(({ symbol }) => symbol === FEES_OF) ?? all[0] ?? null
      },
    },
    close: () => {
      open.close()
      privately.close()
    },
  }
}

type Results = readonly (readonly [Check, Verdict])[]

/** Runs the checks and tells what each has come to. Returns the exit code. */
export async function diagnose(
  world: World,
  parsed: ParsedArguments,
  machine: Machine,
  checks: readonly Check[],
): Promise<number> {
  const folder = dataDirectory(world, textFlag(parsed, 'dataDir'))
  const hasFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
  const now = world.clock.now()
  const state = hasFolder ? stateOf(join(folder, STATE_FILE), now) : null
  const context: CheckContext = {
    ...{ world, machine, folder, hasFolder, state, now },
    loaded: await readConfig(world, parsed),
  }
  let results: Results
  try {
    results = await resultsOf(world, checks, context)
  } finally {
    if (state !== null && typeof state !== 'string') state.source.close()
  }
  await (wantsRecords(world, parsed) ? tellRecords : tellText)(world, results, now)
  return exitOf(results)
}

function stateOf(path: string, now: number): OpenedState | string | null {
  try {
    const source = openStatus(path)
    if (source === null) return null
    try {
      return { source, view: source.status(now, 1) }
    } catch (error) {
      source.close()
      throw error
    }
  } catch (error) {
    if (error instanceof StoreError || error instanceof DataError) return error.message
    throw error
  }
}

/** All checks, those that wait side by side. What takes too long is left behind. */
async function resultsOf(world: World, checks: readonly Check[], context: CheckContext): Promise<Results> {
  const deadline = world.clock.monotonic() + MOST_MS
  const running = checks.map(check => {
    const isLate = world.clock.monotonic() >= deadline
    return [
      check,
      isLate ? skipped(`no time was left of ${MOST_MS / SECOND} s`) : verdictOf(check, context),
    ] as const
  })
  const over = new AbortController()
  const left = Math.max(0, deadline - world.clock.monotonic())
  const late = world.clock.sleep(left, over.signal).then(
    () => (check: Check) => lateOf(check),
    () => () => skipped('the others were done'),
  )
  const results: (readonly [Check, Verdict])[] = []
  for (const [check, verdict] of running) {
    const reached =
      verdict instanceof Promise
        ? await Promise.race([verdict, late.then(verdictOfLate => verdictOfLate(check))])
        : verdict
    // What somebody else has said may repeat what it was asked with.
    results.push([check, { ...reached, found: world.redactor.text(reached.found) }])
  }
  over.abort()
  return results
}

/** What could not be looked at in time was skipped; an exchange that has not answered by then is found to be so. */
function lateOf({ isAsking }: Check): Verdict {
  if (isAsking !== true) return skipped(`it took longer than ${MOST_MS / SECOND} s`)
  const remedy = 'look at the network and --url, and at the status page of the exchange'
  return { ...failed(`no answer within ${MOST_MS / SECOND} s`, remedy), exit: EXIT.exchange }
}

/** A check that breaks has found something. */
function verdictOf(check: Check, context: CheckContext): Verdict | Promise<Verdict> {
  const broken = (error: unknown): Verdict => ({
    status: 'failed',
    found: error instanceof Error ? error.message : String(error),
    remedy: `it is a fault of bbw itself (check ${check.id}): report it`,
  })
  try {
    const verdict = check.run(context)
    return verdict instanceof Promise ? verdict.catch(broken) : verdict
  } catch (error) {
    return broken(error)
  }
}

/** The worst of what has failed: the state before the installation, that before the exchange. */
function exitOf(results: readonly (readonly [Check, Verdict])[]): ExitCode {
  const codes = results.flatMap(([check, { status, exit = check.exit }]) =>
    status === 'failed' ? [exit] : [],
  )
  for (const code of [EXIT.fault, EXIT.configuration, EXIT.exchange]) if (codes.includes(code)) return code
  return EXIT.ok
}

function countsOf(results: Results): { readonly [status in Verdict['status']]: number } {
  const of = (status: Verdict['status']): number => results.filter(([, one]) => one.status === status).length
  return { ok: of('ok'), warning: of('warning'), failed: of('failed'), skipped: of('skipped') }
}

async function tellRecords(world: World, results: Results, ts: number): Promise<void> {
  for (const [{ id, title, why }, { status, found, remedy = null }] of results) {
    const record = { v: WIRE_VERSION, type: 'check', id: `check/${id}`, ts }
    await world.stdout.write(ndjson({ ...record, check: id, title, status, found, why, remedy }))
  }
  const record = { v: WIRE_VERSION, type: 'doctor', id: 'doctor', ts, ...countsOf(results) }
  await world.stdout.write(ndjson({ ...record, exit: exitOf(results) }))
}

const MARKS: { readonly [status in Verdict['status']]: string } = {
  ok: 'ok     ',
  warning: 'WARNING',
  failed: 'FAILED ',
  skipped: 'skipped',
}

async function tellText(world: World, results: Results): Promise<void> {
  const width = Math.max(...results.map(([{ title }]) => title.length))
  for (const [{ title, why }, { status, found, remedy }] of results) {
    await world.stdout.write(`${MARKS[status]}  ${title.padEnd(width)}  ${harmless(found)}\n`)
    if (status !== 'warning' && status !== 'failed') continue
    await world.stdout.write(`${' '.repeat(width + 11)}${harmless(why)}\n`)
    if (remedy !== undefined) await world.stdout.write(`${' '.repeat(width + 11)}-> ${harmless(remedy)}\n`)
  }
  const counts = countsOf(results)
  const words = Object.entries(counts).flatMap(([status, count]) =>
    count === 0 ? [] : [`${count} ${status}`],
  )
  await world.stdout.write(`${words.join(', ')}\n`)
}
