/** One batch of the engine as rows. */
import type { Timestamp } from '../../base/units.ts'
import type { Batch } from '../../engine/ports.ts'
import { MANUAL } from '../../portfolio/position.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { writeRow } from './books-rows.ts'
import { appendEvents } from './events.ts'
import { answerCommand } from './queue.ts'
import { first, type Writer } from './sql.ts'

type Outcome = Batch['outcomes'][number]

/** Notes what became of an intent; false where there is none of its key. */
function noteOutcome(writer: Writer, { key, state, reason }: Outcome, at: Timestamp): boolean {
  const where = "WHERE id = ? AND kind = 'order'"
  const set = 'UPDATE OR IGNORE intents SET state = ?, reason = ?, changed_at = ?'
  if (writer.run(`${set} ${where}`, state, reason, at, key) === 1) return true
  // An order that was given up and came to life after all, while another one has its place: the place is kept.
  const said = `${state}, its place being taken: ${reason}`
  return writer.run(`UPDATE intents SET reason = ?, changed_at = ? ${where}`, said, at, key) === 1
}

/** Writes an intent ahead; false where it, or one that excludes it, is there already. */
function writeIntent(
  writer: Writer,
  intent: Batch['intents'][number],
  token: number,
  at: Timestamp,
): boolean {
  const { key, order, signalId } = intent
  const added = writer.run(
    "INSERT INTO intents VALUES (?, 'order', 'pending', ?, ?, ?, ?, ?, '', ?, ?, ?) ON CONFLICT DO NOTHING",
    key,
    order.symbol,
    order.side,
    order.purpose,
    signalId,
    JSON.stringify(order),
    at,
    at,
    token,
  )
  return added === 1
}

/** Writes a scored signal with what became of it. */
export function writeVerdict(
  writer: Writer,
  { scored, verdict, reason }: Batch['verdicts'][number],
  at: Timestamp,
): void {
  const { signal, score } = scored
  // A signal is seen again and again while it is fresh; what was entered is not made a refusal by the next look.
  writer.run(
    `INSERT INTO signals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)
     ON CONFLICT (id) DO UPDATE SET ts = excluded.ts, score = excluded.score, verdict = excluded.verdict,
       reason = excluded.reason, record = excluded.record
     WHERE verdict <> 'entered'`,
    signal.id,
    at,
    signal.symbol,
    signal.side,
    signal.strategy,
    score.value,
    verdict,
    reason,
    JSON.stringify(scored),
  )
}

/**
 * Writes a closed trade, and on its signal what came of it. One that is told again changes nothing. Whoever learns from
 * trades goes by `origin`: that of a position which a person opened is `manual`, wherever it was traded.
 */
export function writeTrade(writer: Writer, trade: Trade, origin: string): void {
  const record = JSON.stringify(trade)
  for (let nth = 1; ; nth += 1) {
    // A signal makes one trade; should it ever make two, the second one's money must not be lost.
    const id = nth === 1 ? trade.id : `${trade.id}#${nth}`
    const added = writer.run(
      'INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      id,
      Math.round(trade.closedAt),
      trade.symbol,
      trade.side,
      trade.strategy,
      trade.net,
      trade.fees,
      trade.funding,
      trade.strategy === MANUAL ? MANUAL : origin,
      record,
    )
    if (added === 1) break
    if (first(writer, 'SELECT record FROM trades WHERE id = ?', id)?.record === record) break
  }
  const { net, netPercent, exitReason, closedAt } = trade
  writer.run(
    'UPDATE signals SET outcome = ? WHERE id = ?',
    JSON.stringify({ net, netPercent, exitReason, closedAt }),
    trade.id,
  )
}

/**
 * Writes everything that a batch holds, inside of a transaction that is open.
 *
 * @returns the keys of the intents that were refused
 */
export function writeBatch(writer: Writer, batch: Batch, token: number, origin: string): readonly string[] {
  const at = Math.round(batch.at)
  // What has become of earlier intents makes room for new ones; what is said of new ones has to wait for them.
  const later = batch.outcomes.filter(outcome => !noteOutcome(writer, outcome, at))
  const refused = batch.intents
    .filter(intent => !writeIntent(writer, intent, token, at))
    .map(({ key }) => key)
  for (const outcome of later) noteOutcome(writer, outcome, at)
  for (const row of batch.rows) writeRow(writer, row)
  for (const verdict of batch.verdicts) writeVerdict(writer, verdict, at)
  appendEvents(writer, batch.events)
  for (const trade of batch.trades) writeTrade(writer, trade, origin)
  for (const answer of batch.answers) answerCommand(writer, answer, at)
  return refused
}
