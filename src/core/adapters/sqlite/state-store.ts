/**
 * `state.db`: everything that has to survive the process, behind the lease of the one process that trades. Reading and
 * writing are synchronous; nothing here waits for longer than a lock.
 */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Code } from '../../base/codes.ts'
import type { Holder } from '../../base/errors.ts'
import { StoreError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'
import type { Books } from '../../engine/books.ts'
import type { Batch, StorePort } from '../../engine/ports.ts'
import type { EngineEvent } from '../../engine/protocol.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { fileSystemType, networkFileSystem } from '../system/file-systems.ts'
import { isAlive, type ProcessIdentity, thisProcess } from '../system/processes.ts'
import { backupFolder, unsoundness } from './backup.ts'
import { Ballast } from './ballast.ts'
import { writeBatch } from './batch.ts'
import { readBooks } from './books-rows.ts'
import { Connection } from './connection.ts'
import { eventOf, hasOldEvents, trimEvents } from './events.ts'
import { ensureFolder, ensureOwnFile } from './files.ts'
import { beginJob, finishJob } from './jobs.ts'
import { parsedRow } from './json.ts'
import { keepName, keptName } from './kept-name.ts'
import { KV, readKey, writeKey } from './kv.ts'
import {
  type Acquired,
  acquireLease,
  type Claim,
  demandLease,
  type IsAlive,
  liveHolder,
  readLease,
  releaseLease,
  renewLease,
} from './lease.ts'
import { MIGRATIONS, type Migration, migrate, type Upgrade } from './migrations.ts'
import {
  type CommandOutcome,
  commandOutcome,
  enqueueCommand,
  hasOldCommands,
  type Queued,
  takeQueued,
  trimCommands,
  withdrawCommand,
} from './queue.ts'
import { first, numberOf } from './sql.ts'
import { noteEnded, noteFailed, noteStarted, type StartNote } from './starts.ts'
import { troubled } from './store-error.ts'
import { refuseUnsound } from './version.ts'

/** The log is emptied by the commit that brings it to so many pages, unless a reader holds it. */
const LOG_PAGES = 1_000
/** A log that grew beyond this while a reader held it is cut when it is emptied. */
const LOG_BYTES = 16 * 2 ** 20
/** From here on a log that cannot be emptied is worth a word (message W808). */
const LOG_WARN_PAGES = 4 * LOG_PAGES

export interface StoreOptions {
  /** Wall-clock time of the opening. */
  readonly now: Timestamp
  /** Uniform in [0, 1): for the instance's name and for pauses before a lock is tried again. */
  readonly random: () => number
  /** Where the trades of this store are made, such as `sim`: their column `origin`. */
  readonly origin: string
  readonly self?: ProcessIdentity
  readonly isAlive?: IsAlive
  readonly sqliteVersion?: string
  /** As `system/file-systems.ts`. */
  readonly fileSystemType?: (folder: string) => number
  readonly freeBytes?: (folder: string) => number
  /** The versions that are known; left out: those of this bbw. */
  readonly migrations?: readonly Migration[]
}

/** How far the write-ahead log could be emptied. */
export interface Checkpoint {
  /** Pages in the log, and how many of them the database has by now. */
  readonly pages: number
  readonly moved: number
  readonly bytes: number
  /** A reader with an old view keeps the log from being emptied, and it is long. */
  readonly isHeldBack: boolean
  readonly code: Code | null
}

export class StateStore implements StorePort {
  readonly #connection: Connection
  readonly #ballast: Ballast
  readonly #options: StoreOptions
  readonly #self: ProcessIdentity
  readonly #isAlive: IsAlive
  readonly #upgrade: Upgrade | null
  readonly #instance: string
  readonly #pageBytes: number
  /** Of the file that is open. */
  readonly #inode: number
  #token: number | null = null
  #isFull: boolean

  /**
   * Opens the state at `path`, makes it where it is not there, and upgrades it where it is of an earlier bbw. Throws a
   * StoreError: `unsound` for an SQLite that can damage it or a network file system, `damaged` when it fails its check
   * (`recoverDamaged` is what helps), `busy`, `io` or `full` for what the disk does.
   */
  static open(path: string, options: StoreOptions): StateStore {
    refuseUnsoundFolder(path, options)
    ensureFolder(dirname(path))
    ensureOwnFile(path)
    const connection = new Connection(path, { random: options.random })
    try {
      return new StateStore(connection, options)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /** Takes over a connection to a file that lies in a sound place; see `open`. */
  constructor(connection: Connection, options: StoreOptions) {
    this.#connection = connection
    this.#options = options
    this.#self = options.self ?? thisProcess()
    this.#isAlive = options.isAlive ?? isAlive
    this.#isFull = false
    refuseUnsound(options.sqliteVersion ?? String(first(connection, 'SELECT sqlite_version() AS v')?.v))
    prepare(connection)
    const found = unsoundness(connection, false)
    if (found.length > 0) throw troubled(`${connection.path}: ${found.join('; ')}`, 'damaged')
    this.#upgrade = migrate(connection, {
      now: options.now,
      backups: backupFolder(connection.path),
      migrations: options.migrations ?? MIGRATIONS,
      inUse: () => {
        const holder = this.holder(options.now)
        return holder === null ? null : `process ${holder.pid} on ${holder.host}`
      },
    })
    this.#instance = this.#name()
    this.#inode = statSync(connection.path).ino
    this.#pageBytes = numberOf(connection, 'PRAGMA page_size')
    this.#ballast = new Ballast(connection.path.replace(/(?:\.db)?$/, '.ballast'), options.freeBytes)
    this.#ballast.make()
  }

  close(): void {
    this.#connection.close()
  }

  get path(): string {
    return this.#connection.path
  }

  /** What opening it has upgraded; `null` for nothing. */
  get upgrade(): Upgrade | null {
    return this.#upgrade
  }

  /** Four hexadecimal digits that name this store among those that trade one account. */
  get instance(): string {
    return this.#instance
  }

  /** The fencing token; `null` while this process does not hold the lease. */
  get token(): number | null {
    return this.#token
  }

  /** How often the write lock could not be had in time. */
  get busy(): number {
    return this.#connection.busy
  }

  /** The reserve file had to go since the last `checkpoint`: the disk is full, though the last words were written. */
  get isFull(): boolean {
    return this.#isFull
  }

  // --- the lease

  /** Takes the lease where it is free; else says who holds it (message E801). Throws a StoreError. */
  acquire(now: Timestamp): Acquired {
    const acquired = this.#connection.tx(() => acquireLease(this.#connection, this.#claim(now)))
    if (acquired.ok) {
      this.#token = acquired.token
      // Whoever holds it has positions to look after: the process stands still while it waits.
      this.#connection.bePrompt(true)
    }
    return acquired
  }

  /** Says that this process lives; due several times a minute. Throws a StoreError: `lease-lost` ends it. */
  renew(now: Timestamp): void {
    this.#connection.tx(() => renewLease(this.#connection, this.#token, now))
  }

  /** Gives the lease back. Throws a StoreError. */
  release(): void {
    const token = this.#token
    if (token === null) return
    this.#connection.bePrompt(false)
    this.#connection.tx(() => releaseLease(this.#connection, token))
    this.#token = null
  }

  /** Who holds the lease; `null` where it is free. */
  holder(now: Timestamp): Holder | null {
    return liveHolder(readLease(this.#connection), this.#claim(now))
  }

  /** Notes that the loop was started, and says whether that happens too often. Only under the lease. */
  noteStart(now: Timestamp): StartNote {
    return this.#fenced(() => noteStarted(this.#connection, now))
  }

  /** Notes that the start noted last came to nothing without a crash: it does not count. Only under the lease. */
  noteFailedStart(): void {
    this.#fenced(() => noteFailed(this.#connection))
  }

  /** Notes that the loop ends cleanly. Only under the lease. */
  noteCleanEnd(now: Timestamp): void {
    this.#fenced(() => noteEnded(this.#connection, now))
  }

  // --- the engine's batches

  commit(batch: Batch): readonly string[] {
    // What something that leaves the house depends on, an order or an answer, is flushed to the disk before. To be set
    // outside of a transaction, where alone it takes effect.
    const isFlushed = batch.isAhead || batch.answers.length > 0
    this.#connection.exec(`PRAGMA synchronous = ${isFlushed ? 'FULL' : 'NORMAL'}`)
    return this.#fenced(token => writeBatch(this.#connection, batch, token, this.#options.origin))
  }

  /** Everything that survived; `null` for a new store. Throws a StoreError, `damaged` with table and key. */
  loadBooks(): Books | null {
    return this.#connection.view(() => readBooks(this.#connection))
  }

  /** All closed trades, in the order in which they were closed. */
  trades(): readonly Trade[] {
    return this.#connection
      .all('SELECT id, record FROM trades ORDER BY rowid')
      .map(({ id, record }) => parsedRow('trades', String(id), record) as Trade)
  }

  /** The journal's lines of one kind, in their order. */
  events(kind: EngineEvent['kind']): readonly EngineEvent[] {
    return this.#connection
      .all('SELECT seq, record FROM events WHERE kind = ? ORDER BY seq', kind)
      .map(eventOf)
  }

  /** The journal's last lines, oldest first. */
  recentEvents(most: number): readonly EngineEvent[] {
    return this.#connection
      .all('SELECT seq, record FROM events ORDER BY seq DESC LIMIT ?', most)
      .map(eventOf)
      .reverse()
  }

  /** A value of `kv`; `undefined` where there is none. */
  read(key: string): unknown {
    return readKey(this.#connection, key)
  }

  /** Sets a value of `kv`; `null` removes it. Only under the lease. */
  write(key: string, value: unknown): void {
    this.#fenced(() => writeKey(this.#connection, key, value))
  }

  /**
   * Removes what is old and decides nothing: from the journal, and answered requests. Returns how many rows. Only under
   * the lease.
   */
  trim(olderThan: Timestamp): number {
    const connection = this.#connection
    demandLease(connection, this.#token)
    // Asked for often: as long as nothing is old, nothing is locked.
    if (!hasOldEvents(connection, olderThan) && !hasOldCommands(connection, olderThan)) return 0
    return this.#fenced(() => trimEvents(connection, olderThan) + trimCommands(connection, olderThan))
  }

  // --- other processes

  /** Asks the holder of the lease for something; returns the outcome so far. Any process may. */
  enqueue(queued: Queued, now: Timestamp): CommandOutcome {
    return this.#inReserve(() => this.#connection.tx(() => enqueueCommand(this.#connection, queued, now)))
  }

  /** What has become of a request; `null` where there is none of this id. */
  outcome(id: string): CommandOutcome | null {
    return commandOutcome(this.#connection, id)
  }

  /** Takes a request back; false when the holder has it already. */
  withdraw(id: string, now: Timestamp): boolean {
    return this.#connection.tx(() => withdrawCommand(this.#connection, id, now))
  }

  /** Takes what others ask for, halts first; the answers go with a batch. Only under the lease. */
  takeCommands(now: Timestamp): readonly Queued[] {
    // Asked for often: as long as nothing waits, nothing is locked.
    const waiting = numberOf(
      this.#connection,
      "SELECT count(*) FROM intents WHERE kind = 'command' AND state IN ('queued', 'taken')",
    )
    return waiting === 0 ? [] : this.#fenced(token => takeQueued(this.#connection, token, now))
  }

  /** Begins a job of which one runs at a time; returns who runs it already (message I811), else `null`. */
  tryJob(name: string, now: Timestamp): Holder | null {
    return this.#connection.tx(() => beginJob(this.#connection, name, this.#claim(now)))
  }

  /** Ends a job of this process. */
  endJob(name: string): void {
    this.#connection.tx(() => finishJob(this.#connection, name, this.#self))
  }

  // --- upkeep

  /** Empties the write-ahead log as far as readers allow, and makes the reserve file again where there is room. */
  checkpoint(): Checkpoint {
    const row = first(this.#connection, 'PRAGMA wal_checkpoint(PASSIVE)')
    const pages = Math.max(0, Number(row?.log ?? 0))
    const moved = Math.max(0, Number(row?.checkpointed ?? 0))
    if (this.#ballast.make()) this.#isFull = false
    const bytes = pages * this.#pageBytes
    const isHeldBack = moved < pages && pages >= LOG_WARN_PAGES
    return { pages, moved, bytes, isHeldBack, code: isHeldBack ? 'W808' : null }
  }

  #claim(now: Timestamp): Claim {
    return { ...this.#self, now, isAlive: this.#isAlive }
  }

  /** Writes in one transaction, in which the lease is checked. */
  #fenced<T>(write: (token: number) => T): T {
    const attempt = (): T => {
      const results: T[] = []
      this.#demandPresent()
      this.#connection.tx(() => {
        const { token } = demandLease(this.#connection, this.#token)
        results.push(write(token))
      })
      return results[0]
    }
    return this.#inReserve(attempt)
  }

  /** Where the disk is full the reserve makes room, once. */
  #inReserve<T>(attempt: () => T): T {
    try {
      return attempt()
    } catch (error) {
      if (!(error instanceof StoreError) || error.trouble !== 'full' || !this.#ballast.release()) throw error
      this.#isFull = true
      return attempt()
    }
  }

  /** The files that are open must still be those that others find: a new start beside them would make new ones. */
  #demandPresent(): void {
    const { path } = this.#connection
    const there = statSync(path, { throwIfNoEntry: false })
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
    if (there?.ino === this.#inode && log !== undefined) return
    const remedy = 'start bbw again: it compares what is there with the exchange'
    throw troubled(`${path} was taken away, or replaced, while it was in use`, 'lease-lost', remedy)
  }

  /** The name of this state: its own, that of the one that lay here before and was damaged, else a new one. */
  #name(): string {
    const connection = this.#connection
    const { path } = connection
    const known = readKey(connection, KV.instance)
    if (typeof known !== 'string') {
      const made = Math.floor(this.#options.random() * 0x10000)
        .toString(16)
        .padStart(4, '0')
      const name = keptName(path) ?? made
      connection.tx(() => {
        if (readKey(connection, KV.instance) === undefined) writeKey(connection, KV.instance, name)
      })
    }
    const name = String(readKey(connection, KV.instance))
    keepName(path, name)
    return name
  }
}

function refuseUnsoundFolder(path: string, options: StoreOptions): void {
  const { fileSystemType: typeOf = fileSystemType } = options
  // The folder may have to be made yet: it will lie on what its nearest ancestor lies on.
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    let type: number
    try {
      type = typeOf(folder)
    } catch (error) {
      if (folder !== dirname(folder)) continue
      throw error
    }
    const name = networkFileSystem(type)
    if (name === null) return
    throw troubled(`${folder} lies on a network file system (${name}), where locks do not hold`, 'unsound')
  }
}

function prepare(connection: Connection): void {
  // Several processes may make the file at once: whoever comes second must wait for the first.
  const mode = (): unknown => first(connection, 'PRAGMA journal_mode')?.journal_mode
  if (mode() !== 'wal') connection.walMode()
  if (mode() !== 'wal') throw troubled(`${connection.path}: it cannot have a write-ahead log here`, 'unsound')
  connection.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}; PRAGMA journal_size_limit = ${LOG_BYTES}`)
}
