/**
 * Commands of other processes to the one that holds the lease: rows of `intents` of the kind `command`. They are
 * taken and answered by single guarded updates whose count of changed rows decides.
 */
import { MINUTE, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { Closure, Handover, Scored, SymbolSide } from '../../engine/protocol.ts'
import type { Side } from '../../market/side.ts'
import { fieldOf, parsedRow } from './json.ts'
import { first, type Reader, type Writer } from './sql.ts'
import { troubled } from './store-error.ts'

export type QueuedCommand =
  | { readonly kind: 'pause' | 'resume' | 'halt'; readonly by: string; readonly reason: string }
  | Omit<Handover, 'id'>
  | Omit<Closure, 'id'>
  | { readonly kind: 'why'; readonly symbol: string; readonly side: Side | null }
  | { readonly kind: 'loose-ends'; readonly of: readonly SymbolSide[] }
  | { readonly kind: 'propose'; readonly records: readonly Scored[] }

export interface Queued {
  /** The same id is the same request: it is carried out once. */
  readonly id: string
  readonly command: QueuedCommand
}

/** How far a request has come; `withdrawn`: the asker took it back before anybody saw it. */
export type CommandState = 'queued' | 'taken' | 'done' | 'refused' | 'withdrawn'

export interface CommandOutcome {
  readonly state: CommandState
  readonly reason: string
}

/** A position of somebody else is closed for a request that is no older. */
const FOREIGN_CLOSE_LASTS: Milliseconds = 5 * MINUTE

const STATES: readonly CommandState[] = ['queued', 'taken', 'done', 'refused', 'withdrawn']
const KINDS: readonly unknown[] = [
  ...['pause', 'resume', 'halt', 'adopt', 'release', 'close'],
  ...['why', 'propose', 'loose-ends'],
]

/** What has become of a request; `null` where there is none of this id. */
export function commandOutcome(reader: Reader, id: string): CommandOutcome | null {
  const row = first(reader, "SELECT state, reason FROM intents WHERE kind = 'command' AND id = ?", id)
  if (row === undefined) return null
  const state = STATES.find(name => name === row.state)
  if (state === undefined) throw troubled(`table intents, row ${id}: no command is ${row.state}`, 'damaged')
  return { state, reason: String(row.reason) }
}

/**
 * Puts a request into the queue; a second one of the same id changes nothing and is told of the first, unless that was
 * taken back before anybody saw it.
 */
export function enqueueCommand(writer: Writer, { id, command }: Queued, now: Timestamp): CommandOutcome {
  const added = writer.run(
    `INSERT INTO intents (id, kind, state, purpose, request, reason, created_at, changed_at)
     VALUES (?, 'command', 'queued', ?, ?, '', ?, ?) ON CONFLICT (id) DO UPDATE
     SET state = 'queued', request = excluded.request, changed_at = excluded.changed_at
     WHERE kind = 'command' AND state = 'withdrawn'`,
    id,
    command.kind,
    JSON.stringify(command),
    Math.round(now),
    Math.round(now),
  )
  if (added === 1) return { state: 'queued', reason: '' }
  const earlier = commandOutcome(writer, id)
  if (earlier === null)
    throw troubled(`the id ${id} is that of an order`, 'other', 'give the request another id')
  return earlier
}

/** Takes a request back; false when somebody has seen it already. */
export function withdrawCommand(writer: Writer, id: string, now: Timestamp): boolean {
  const changed = writer.run(
    `UPDATE intents SET state = 'withdrawn', changed_at = ?
     WHERE id = ? AND kind = 'command' AND state = 'queued'`,
    Math.round(now),
    id,
  )
  return changed === 1
}

/** Whether a request has what its kind needs. */
function isWhole(kind: unknown, command: unknown): boolean {
  if (kind === 'propose') return Array.isArray(fieldOf(command, 'records'))
  if (kind === 'loose-ends') {
    const of = fieldOf(command, 'of')
    return Array.isArray(of) && of.every(one => typeof fieldOf(one, 'symbol') === 'string')
  }
  const isOfSymbol =
    typeof fieldOf(command, 'symbol') === 'string' &&
    [null, 'long', 'short'].includes(fieldOf(command, 'side') as string | null)
  if (kind === 'why') return isOfSymbol
  if (typeof fieldOf(command, 'by') !== 'string') return false
  if (kind === 'close') {
    const isOfAll = fieldOf(command, 'symbol') === null && fieldOf(command, 'side') === null
    const flags = [fieldOf(command, 'isForeignToo'), fieldOf(command, 'halts')]
    const hasReason = typeof fieldOf(command, 'reason') === 'string'
    return (isOfSymbol || isOfAll) && hasReason && flags.every(one => typeof one === 'boolean')
  }
  if (kind !== 'adopt' && kind !== 'release') return typeof fieldOf(command, 'reason') === 'string'
  const prices = [fieldOf(command, 'stop'), fieldOf(command, 'target')]
  return (
    isOfSymbol &&
    prices.every(price => price === null || Number.isFinite(price)) &&
    typeof fieldOf(command, 'isOwn') === 'boolean'
  )
}

function commandOf(id: string, text: unknown): QueuedCommand | null {
  const command = parsedRow('intents', id, text)
  const kind = fieldOf(command, 'kind')
  return KINDS.includes(kind) && isWhole(kind, command) ? (command as QueuedCommand) : null
}

/**
 * Takes what is queued: halts first, what is to be closed next, then in the order of arrival. What an earlier holder took
 * and never answered is taken again. A request that cannot be read is answered as refused, and so is one to close what
 * a person has opened that nobody took for minutes: what is held by now may be something else. To be called inside of a
 * transaction.
 */
export function takeQueued(writer: Writer, token: number, now: Timestamp): readonly Queued[] {
  const rows = writer.all(
    `SELECT id, request, created_at FROM intents
     WHERE kind = 'command' AND (state = 'queued' OR (state = 'taken' AND token < ?))
     ORDER BY purpose <> 'halt', purpose <> 'close', rowid`,
    token,
  )
  return rows.flatMap(row => {
    const id = String(row.id)
    const changed = writer.run(
      `UPDATE intents SET state = 'taken', token = ?, changed_at = ?
       WHERE id = ? AND kind = 'command' AND (state = 'queued' OR (state = 'taken' AND token < ?))`,
      token,
      Math.round(now),
      id,
      token,
    )
    if (changed !== 1) return []
    const command = commandOf(id, row.request)
    const isOld = now - Number(row.created_at) > FOREIGN_CLOSE_LASTS
    if (command !== null && !(isOld && command.kind === 'close' && command.isForeignToo)) {
      return [{ id, command }]
    }
    const reason =
      command === null ? 'the request cannot be read' : 'it was asked for too long ago: ask again'
    answerCommand(writer, { id, ok: false, reason }, now)
    return []
  })
}

/** Writes the outcome of a request; nothing where none of this id waits for one. */
export function answerCommand(
  writer: Writer,
  answer: { readonly id: string; readonly ok: boolean; readonly reason: string },
  now: Timestamp,
): void {
  writer.run(
    `UPDATE intents SET state = ?, reason = ?, changed_at = ?
     WHERE id = ? AND kind = 'command' AND state IN ('queued', 'taken')`,
    answer.ok ? 'done' : 'refused',
    answer.reason,
    Math.round(now),
    answer.id,
  )
}

const IS_OLD = "kind = 'command' AND state IN ('done', 'refused', 'withdrawn') AND changed_at < ?"

/** Whether there is something to trim. */
export function hasOldCommands(reader: Reader, olderThan: Timestamp): boolean {
  return first(reader, `SELECT id FROM intents WHERE ${IS_OLD} LIMIT 1`, olderThan) !== undefined
}

/** Removes requests that were answered or taken back before a time; returns how many. */
export function trimCommands(writer: Writer, olderThan: Timestamp): number {
  return writer.run(`DELETE FROM intents WHERE ${IS_OLD}`, olderThan)
}
