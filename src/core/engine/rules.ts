/** The rules by which cycles decide besides strategies and guards, by the kind of their decisions. */

import { ADD_STANDS } from './add-rules.ts'
import { ADOPTION, RECLAIM } from './adoption.ts'
import { ORDER_ANSWER, STORE, UNANSWERED, UNSAVED } from './answer-rules.ts'
import { CANDIDATES, INSTEAD } from './candidate-rules.ts'
import { CLOSURE_ACCOUNT, CLOSURE_COURSE, CLOSURE_REFUSAL, CLOSURE_STEP } from './closure-rules.ts'
import { ACCEPTED, COOLDOWN } from './cooldown-rules.ts'
import type { RuleKind } from './decision-record.ts'
import { EXPIRY } from './expiry.ts'
import { DELISTING, FILTERS, LISTING, MAINTENANCE, TERMS } from './fact-rules.ts'
import { ABSENCE, FATE, LATE, REST, SPENT } from './fate-rules.ts'
import { COMES_TO_LIFE, EARLY, FILL, LEFT, ORPHAN } from './fill-rules.ts'
import { DRAWDOWN, LOSS_PAUSE } from './gates.ts'
import { LEFTOVERS } from './leftover-rules.ts'
import { HELD_BACK, LEVERAGE, LEVERAGE_FIRST } from './leverage-rules.ts'
import { MARGIN } from './margin-checks.ts'
import { PLACING, REFUSED_EXIT, ROOM, TAKE_BACK } from './order-rules.ts'
import { OWN_GATES } from './own-gates.ts'
import { PUT_OFF } from './put-off.ts'
import { GAP, QUESTION, READING, UNREAD } from './reach-rules.ts'
import { RECONCILIATION } from './reconcile.ts'
import { OBSTACLE } from './refusal.ts'
import { LETTING_GO, RELEASE } from './release-rules.ts'
import { RISK } from './risk-monitor.ts'
import { EXCHANGEABLE, ROTATION } from './rotation-rules.ts'
import type { Rule } from './rule.ts'
import { SECOND_LOOK } from './second-look.ts'
import { COMES_BACK, LEAVES_QUEUE } from './stop-outs.ts'
import {
  CLOSING,
  EMERGENCY,
  STOP_ANSWER,
  STOP_LATE,
  STOP_SEND,
  STOP_SHOWN,
  STOP_TOLD,
  STOP_WISH,
} from './stop-rules.ts'
import { LOST_BOOKS, LOST_FILL, RIVALS } from './stranger-rules.ts'
import { TARGETS } from './target-rules.ts'

/** What a rule is shown is as it was taken down: plain data that it has been shown before. */
export const RULES: { readonly [K in RuleKind]: Rule<never, unknown> } = {
  gates: OWN_GATES,
  expiry: EXPIRY,
  'stop-wish': STOP_WISH,
  'stop-answer': STOP_ANSWER,
  'stop-late': STOP_LATE,
  'stop-shown': STOP_SHOWN,
  'stop-told': STOP_TOLD,
  emergency: EMERGENCY,
  closing: CLOSING,
  margin: MARGIN,
  risk: RISK,
  reconciliation: RECONCILIATION,
  drawdown: DRAWDOWN,
  adoption: ADOPTION,
  reclaim: RECLAIM,
  exchange: EXCHANGEABLE,
  rotation: ROTATION,
  'loss-pause': LOSS_PAUSE,
  'comes-back': COMES_BACK,
  'leaves-queue': LEAVES_QUEUE,
  absence: ABSENCE,
  rest: REST,
  spent: SPENT,
  leverage: LEVERAGE,
  'held-back': HELD_BACK,
  'add-stands': ADD_STANDS,
  release: RELEASE,
  closure: CLOSURE_STEP,
  'closure-course': CLOSURE_COURSE,
  'closure-refusal': CLOSURE_REFUSAL,
  'closure-account': CLOSURE_ACCOUNT,
  candidates: CANDIDATES,
  instead: INSTEAD,
  placing: PLACING,
  'refused-exit': REFUSED_EXIT,
  room: ROOM,
  'take-back': TAKE_BACK,
  targets: TARGETS,
  late: LATE,
  fate: FATE,
  obstacle: OBSTACLE,
  'letting-go': LETTING_GO,
  'order-answer': ORDER_ANSWER,
  filters: FILTERS,
  listing: LISTING,
  delisting: DELISTING,
  maintenance: MAINTENANCE,
  terms: TERMS,
  rivals: RIVALS,
  'lost-books': LOST_BOOKS,
  'lost-fill': LOST_FILL,
  leftovers: LEFTOVERS,
  early: EARLY,
  fill: FILL,
  left: LEFT,
  'leverage-first': LEVERAGE_FIRST,
  'comes-to-life': COMES_TO_LIFE,
  unsaved: UNSAVED,
  'stop-send': STOP_SEND,
  orphan: ORPHAN,
  cooldown: COOLDOWN,
  accepted: ACCEPTED,
  unanswered: UNANSWERED,
  store: STORE,
  reading: READING,
  unread: UNREAD,
  gap: GAP,
  question: QUESTION,
  'put-off': PUT_OFF,
  'second-look': SECOND_LOOK,
}
