/** What is looked at of the machine, the data folder and the configuration. */
import { accessSync, constants, lstatSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { damagesWal } from '../core/adapters/sqlite/version.ts'
import { fileSystemType, freeBytes, networkFileSystem } from '../core/adapters/system/file-systems.ts'
import { foundOrder, STANDING_ORDER_FILE } from '../core/adapters/system/standing-order.ts'
import { liveStrategies } from '../core/engine/pipeline.ts'
import { configHash } from './config.ts'
import { problemLine } from './config-problem.ts'
import {
  type Check,
  type CheckContext,
  failed,
  installation,
  ok,
  skipped,
  type Verdict,
  warning,
} from './doctor-check.ts'

const MEGABYTE = 2 ** 20
const LEAST_NODE = 24
const LEAST_OPEN_FILES = 1_024
const LEAST_FREE_FILES = 1_000
const LEAST_DISK = 64 * MEGABYTE
const LITTLE_DISK = 1_024 * MEGABYTE
const LITTLE_MEMORY = 256 * MEGABYTE
const MUCH_LOAD = 2
/** A wall clock that goes by so much more or less than the other one within a moment is being set. */
const JUMP_MS = 100
const MOMENT_MS = 150
/** The variable by which Node is told to take any certificate. */
const TRUSTS_ALL = 'NODE_TLS_REJECT_UNAUTHORIZED'
/** No machine on which this can run is set to an earlier year. */
const LEAST_YEAR = 2025
const OTHERS = 0o077

function megabytes(bytes: number): string {
  return bytes >= 1_024 * MEGABYTE
    ? `${(bytes / 1_024 / MEGABYTE).toFixed(1)} GB`
    : `${Math.round(bytes / MEGABYTE)} MB`
}

/** Where there is no folder yet, the one in which it will be made. */
function placeOf({ folder, hasFolder }: CheckContext): string {
  if (hasFolder) return folder
  let place = dirname(folder)
  while (statSync(place, { throwIfNoEntry: false }) === undefined && place !== dirname(place))
    place = dirname(place)
  return place
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function rightsOf(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0')
}

function ownFolder({ folder, hasFolder }: CheckContext): Verdict {
  if (!hasFolder) return skipped('the folder is not there yet')
  const { mode } = statSync(folder)
  if ((mode & OTHERS) === 0) return ok(`${rightsOf(mode)}: for its owner alone`)
  return warning(`${folder} is ${rightsOf(mode)}: others can look into it`, `chmod 700 ${folder}`)
}

function ownFiles({ folder, hasFolder }: CheckContext): Verdict {
  if (!hasFolder) return skipped('the folder is not there yet')
  const wrong: string[] = []
  let count = 0
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const found = lstatSync(path)
    if (found.isSymbolicLink()) wrong.push(`${name} is a link`)
    if (!found.isFile()) continue
    count++
    if ((found.mode & OTHERS) !== 0) wrong.push(`${name} is ${rightsOf(found.mode)}`)
  }
  if (wrong.length === 0) return ok(`${count} files, all for their owner alone`)
  return failed(wrong.join(', '), `chmod 600 ${join(folder, '*')}; no link belongs there`)
}

async function wallClock({ world: { clock } }: CheckContext): Promise<Verdict> {
  const [wall, mono] = [clock.now(), clock.monotonic()]
  await clock.sleep(MOMENT_MS)
  const off = clock.now() - wall - (clock.monotonic() - mono)
  if (Math.abs(off) <= JUMP_MS) return ok('it goes as the machine does')
  return warning(
    `it has jumped by ${(off / 1_000).toFixed(1)} s within a moment`,
    'let a time service set it slowly; bbw compares everything after a jump (W702)',
  )
}

function logFile({ loaded: { config }, world }: CheckContext): Verdict {
  const { file } = config.operations.log
  if (file === null) return ok('it goes to standard error, and beside a dashboard into the data folder')
  const path = resolve(world.cwd, file)
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined
  if (isWritable(isThere ? path : dirname(path))) return ok(path)
  return failed(`${path} cannot be written`, 'change operations.log.file, or the rights of its folder')
}

function terminal({ world: { stdout, stdin, stderr, env } }: CheckContext): Verdict {
  const are = [
    ['input', stdin.isTTY],
    ['output', stdout.isTTY],
    ['error', stderr.isTTY],
  ] as const
  const names = are.flatMap(([name, isTerminal]) => (isTerminal ? [name] : []))
  if (env.TERM === 'dumb') return warning('TERM is dumb: there is no dashboard', 'bbw status --json')
  if (names.length === 0) return ok('none: records go out, and nothing is asked')
  return ok(`${names.join(', ')}; ${stdout.columns} columns`)
}

export const MACHINE_CHECKS: readonly Check[] = [
  installation('node', 'Node', 'An older one lacks what bbw is written in.', ({ machine: { node } }) =>
    Number(node.split('.')[0]) >= LEAST_NODE
      ? ok(node)
      : failed(node, `install Node ${LEAST_NODE}, or in a checkout: make install`),
  ),
  installation(
    'sqlite',
    'SQLite',
    'Versions up to 3.51.2, and 3.52.0, can damage a state that several processes write.',
    ({ machine: { sqlite } }) =>
      damagesWal(sqlite) ? failed(sqlite, 'use the Node that bbw brings: its SQLite is sound') : ok(sqlite),
  ),
  installation(
    'user',
    'user',
    'What a bug of a root process breaks is the whole machine.',
    ({ machine: { uid } }) =>
      uid === 0
        ? warning('root', 'run bbw as a user of its own')
        : ok(uid === null ? 'no users here' : `uid ${uid}`),
  ),
  installation(
    'memory',
    'memory',
    'A process that is killed for want of it trades no more.',
    ({ machine }) => {
      const words = `${megabytes(machine.freeMemory)} free`
      return machine.freeMemory < LITTLE_MEMORY ? warning(words, 'end what is not needed') : ok(words)
    },
  ),
  installation('load', 'load', 'On a machine that is too busy cycles come late.', ({ machine: { load } }) => {
    const words = `${load.toFixed(2)} by processor`
    return load > MUCH_LOAD ? warning(words, 'end what is not needed') : ok(words)
  }),
  installation(
    'open-files',
    'open files',
    'State, journals, sockets: a limit is met at the wrong moment.',
    ({ machine }) => {
      const { openFiles } = machine
      if (openFiles === null) return skipped('the system does not say')
      return openFiles < LEAST_OPEN_FILES
        ? warning(String(openFiles), `ulimit -n ${LEAST_OPEN_FILES}`)
        : ok(String(openFiles))
    },
  ),
  installation(
    'time-zone',
    'time zone',
    'bbw reckons in UTC; what you compare with may not.',
    ({ machine: { timeZone } }) => ok(timeZone === 'UTC' ? 'UTC' : `${timeZone}; bbw says all times in UTC`),
  ),
  installation('wall-clock', 'wall clock', 'After a jump nobody knows what was missed.', wallClock),
  installation('year', 'date', 'Under a wrong date every request is turned away.', ({ now }) => {
    const date = new Date(now)
    const day = date.toISOString().slice(0, 10)
    return date.getUTCFullYear() >= LEAST_YEAR ? ok(day) : failed(day, 'set the clock of the machine')
  }),
  installation(
    'time-service',
    'time service',
    'A clock that nobody sets drifts by seconds a day.',
    ({ machine }) => {
      const { isClockSynchronised } = machine
      if (isClockSynchronised === null) return skipped('the system does not say')
      return isClockSynchronised
        ? ok('the clock follows a server')
        : warning('the clock follows no server', 'timedatectl set-ntp true')
    },
  ),
  installation(
    'loopback',
    'loopback',
    'The exchange of another process is reached over it.',
    async ({ machine }) => {
      const trouble = await machine.listen()
      return trouble === null ? ok('127.0.0.1 listens') : failed(trouble, 'let this user listen on 127.0.0.1')
    },
  ),
  installation(
    'proxy',
    'proxy',
    'bbw speaks with the exchange itself, past any proxy.',
    ({ world: { env } }) => {
      const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].filter(
        name => (env[name] ?? '') !== '',
      )
      return names.length === 0
        ? ok('none')
        : warning(`${names.join(', ')} is set, and is not used`, 'let this machine out directly')
    },
  ),
  installation(
    'certificates',
    'certificates',
    'Who takes any certificate speaks with anybody who gets in between.',
    ({ world: { env } }) =>
      env[TRUSTS_ALL] === '0'
        ? warning(`${TRUSTS_ALL}=0 is set: bbw does not follow it, other programs do`, `unset ${TRUSTS_ALL}`)
        : ok('are checked'),
  ),
  installation(
    'terminal',
    'terminal',
    'Without one there is no dashboard, and nothing can be confirmed.',
    terminal,
  ),
  installation('data-folder', 'data folder', 'Without it nothing outlives the process.', context => {
    const place = placeOf(context)
    if (!isWritable(place))
      return failed(`${place} cannot be written`, 'choose another one: --data-dir, BBW_DATA_DIR')
    return ok(context.hasFolder ? context.folder : `${context.folder} is made by the first run`)
  }),
  installation(
    'folder-rights',
    'rights of the folder',
    'What is in it is money to whoever reads it.',
    ownFolder,
  ),
  installation(
    'file-rights',
    'rights of the files',
    'What is in them is money to whoever reads them.',
    ownFiles,
  ),
  installation(
    'file-system',
    'file system',
    'Over a network locks do not hold, and two processes trade.',
    context => {
      const network = networkFileSystem(fileSystemType(placeOf(context)))
      return network === null ? ok('local') : failed(network, 'choose a folder on a local disk')
    },
  ),
  installation('disk', 'disk', 'Where the state cannot be written nothing is entered.', context => {
    const free = freeBytes(placeOf(context))
    const words = `${megabytes(free)} free`
    if (free < LEAST_DISK) return failed(words, 'free some space')
    return free < LITTLE_DISK ? warning(words, 'free some space') : ok(words)
  }),
  installation('inodes', 'files of the disk', 'A disk can be full of names, too.', context => {
    const free = context.machine.freeFiles(placeOf(context))
    if (free === null) return skipped('the file system has no such limit')
    return free < LEAST_FREE_FILES ? warning(`${free} more`, 'remove what is not needed') : ok(`${free} more`)
  }),
  installation(
    'standing-order',
    'orders beside the state',
    'A halt lies there until the state has it.',
    ({ folder, hasFolder }) => {
      const order = hasFolder ? foundOrder(folder) : null
      if (order === null) return ok('none')
      return warning(
        `${order.command}: ${order.reason} (${STANDING_ORDER_FILE})`,
        'the next start obeys; bbw trade resume lifts it',
      )
    },
  ),
  installation(
    'configuration',
    'configuration',
    'Under a wrong setting nothing starts.',
    ({ loaded: { problems, sources } }) => {
      const [first] = problems
      if (first === undefined) return ok(sources.length === 0 ? 'defaults alone' : sources.join(', '))
      const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
      return failed(`${problemLine(first)}${more}`, first.remedy ?? 'bbw config check')
    },
  ),
  installation(
    'configuration-hash',
    'its hash',
    'Results of two hashes cannot be compared.',
    ({ loaded: { config } }) => ok(configHash(config)),
  ),
  installation(
    'live',
    'strategies with real money',
    'Only these send orders that move money.',
    ({ loaded: { config } }) => {
      const live = liveStrategies(config)
      return ok(live.length === 0 ? 'none' : live.join(', '))
    },
  ),
  installation('log', 'log', 'Without it nobody knows what has happened.', logFile),
]
