/**
 * The contract every strategy keeps, whatever it is shown: what each role may answer with, and what no answer may look
 * like. Each function asks a strategy and returns every breach in words, none when the contract is kept.
 */
import type { Steps, Ticks } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { priceOf, toTicks } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import type { Intent } from './intent.ts'
import { breakeven, ordered } from './prices.ts'
import type {
  EntryStrategy,
  LadderStrategy,
  ManagementStrategy,
  Params,
  SizeProposal,
  SizingStrategy,
} from './strategy.ts'
import type { PositionView, View } from './view.ts'

type Of<Kind extends Intent['kind']> = Extract<Intent, { readonly kind: Kind }>

/** Breaches of an entry strategy's answer to a view, asked for its reasons and not. */
export function entryBreaches(strategy: EntryStrategy, view: View): readonly string[] {
  const { intents, breaches } = asked(strategy, { ...view, wantsReasons: false }, ['enter'])
  for (const intent of intents) {
    if (intent.kind === 'enter') breaches.push(...enterBreaches(strategy, view, intent))
  }
  const { intents: told, breaches: ofTold } = asked(strategy, { ...view, wantsReasons: true }, [
    'enter',
    'hold',
  ])
  breaches.push(...ofTold)
  if (told.length === 0) breaches.push('wants nothing and does not say why')
  for (const intent of told) {
    if (intent.kind === 'hold' && intent.lacks === undefined) breaches.push('holds without its condition')
  }
  const wishes = (all: readonly Intent[]): string => JSON.stringify(all.filter(({ kind }) => kind !== 'hold'))
  if (wishes(told) !== wishes(intents)) breaches.push('wants something else when asked why')
  return [...new Set(breaches)]
}

function enterBreaches(strategy: EntryStrategy, view: View, intent: Of<'enter'>): string[] {
  const { side, order, stop, target, leverage } = intent
  const { instrument } = view
  const terms = strategy.terms(strategy.params)
  const breaches: string[] = []
  if (view.lower === undefined || view.middle === undefined || view.upper === undefined) {
    breaches.push('enters without bands')
  }
  if (side === 'short' && view.neverShort) breaches.push('sells short what is never sold short')
  if (leverage !== terms.leverage) breaches.push(`leverage ${leverage} is not that of its terms`)
  if (terms.partialTargets !== (target === null)) breaches.push('has a target beside partial ones, or none')
  const prices = order.type === 'limit' ? [order.price, stop] : [stop]
  for (const price of target === null ? prices : [...prices, target]) {
    if (!isPrice(instrument, price)) breaches.push(`${price} is no price in ticks`)
  }
  const entry = order.type === 'limit' ? order.price : toTicks(instrument, view.last, 'nearest')
  if (!ordered(side, entry, stop, target)) {
    breaches.push(`entry ${entry}, stop ${stop}, target ${target} are out of order for a ${side}`)
  }
  return breaches
}

/** Breaches of a management strategy's answer to a view of a position. */
export function managementBreaches(strategy: ManagementStrategy, view: PositionView): readonly string[] {
  const { intents, breaches } = asked(strategy, view, ['reduce', 'exit', 'move-stop', 'hold'])
  const { side, instrument, stop } = view.position
  for (const intent of intents) {
    if (intent.kind !== 'move-stop') continue
    if (!isPrice(instrument, intent.stop)) {
      breaches.push(`stop ${intent.stop} is no price in ticks`)
      continue
    }
    if ((intent.stop - stop) * sign(side) <= 0) {
      breaches.push(`stop ${intent.stop} is not tighter than ${stop} of the ${side}`)
    }
    // A stop to breakeven may lie beyond a mark that has fallen back: then the position ends there, as it was meant to.
    if (intent.why !== 'breakeven' && (view.mark - priceOf(instrument, intent.stop)) * sign(side) <= 0) {
      breaches.push(`stop ${intent.stop} is past the mark ${view.mark} of the ${side}`)
    }
  }
  breaches.push(
    ...reduceBreaches(
      view,
      intents.filter(intent => intent.kind === 'reduce'),
    ),
  )
  return breaches
}

function reduceBreaches(view: PositionView, parts: readonly Of<'reduce'>[]): string[] {
  const { position } = view
  const { side, instrument } = position
  const direction = sign(side)
  const breaches: string[] = []
  if (parts.length === 0) return breaches
  if (view.middle === undefined) breaches.push('sets targets without bands')
  let left: number = position.steps
  let before = breakeven(side, position.entry, view.fees) / instrument.tickSize
  let leg = 0
  for (const part of parts) {
    if (part.leg <= leg) breaches.push(`leg ${part.leg} comes after leg ${leg}`)
    if (!isPrice(instrument, part.price)) breaches.push(`target ${part.price} is no price in ticks`)
    if ((part.price - before) * direction <= 0) {
      breaches.push(`target ${part.price} of leg ${part.leg} is not beyond ${before} for a ${side}`)
    }
    if (!isQuantity(part.steps) || part.steps < instrument.minQty) {
      breaches.push(`${part.steps} steps are below the least order of ${instrument.minQty}`)
    }
    left -= part.steps
    before = part.price
    leg = part.leg
  }
  if (left < 0) breaches.push(`closes ${-left} steps more than are held`)
  if (left > 0 && left < instrument.minQty) breaches.push(`leaves ${left} steps, which no order could close`)
  return breaches
}

/** Breaches of a sizing strategy's answer to a proposal. */
export function sizingBreaches(strategy: SizingStrategy, proposal: SizeProposal): readonly string[] {
  const { intents, breaches } = asked(strategy, proposal, ['resize'])
  for (const intent of intents) {
    if (intent.kind !== 'resize') continue
    if (intent.steps !== 0 && !isQuantity(intent.steps)) breaches.push(`${intent.steps} is no size in steps`)
    if (intent.steps >= proposal.steps) breaches.push(`${intent.steps} steps are no cut of ${proposal.steps}`)
  }
  return breaches
}

/** Breaches of a ladder strategy's answer to a view of a position. */
export function ladderBreaches(strategy: LadderStrategy, view: PositionView): readonly string[] {
  const { intents, breaches } = asked(strategy, view, ['add', 'hold'])
  const { side, instrument, stop, ladder } = view.position
  if (intents.length > 1) breaches.push('wants two adds at once')
  for (const intent of intents) {
    if (intent.kind !== 'add') continue
    const { rung, price, steps } = intent
    const planned = ladder?.rungs[rung]
    if (planned === undefined || planned.isDropped) {
      breaches.push(`adds on rung ${rung}, which was not planned`)
      continue
    }
    if (price !== planned.price) breaches.push(`adds at ${price}, not at the planned ${planned.price}`)
    if (!isQuantity(steps) || steps > planned.steps - planned.filled) {
      breaches.push(`adds ${steps} steps, more than the rung has left`)
    }
    if (!isPrice(instrument, price) || (price - stop) * sign(side) <= 0) {
      breaches.push(`adds at ${price}, which is past the stop ${stop}`)
    }
  }
  return breaches
}

/** The part of the contract that is the same for every role: pure, reasoned, within the role. */
function asked<Shown>(
  strategy: { readonly params: Params; decide(shown: Shown, params: Params): readonly Intent[] },
  shown: Shown,
  allowed: readonly Intent['kind'][],
): { readonly intents: readonly Intent[]; readonly breaches: string[] } {
  const params = { ...strategy.params }
  const intents = strategy.decide(shown, params)
  const breaches: string[] = []
  if (JSON.stringify(strategy.decide(shown, params)) !== JSON.stringify(intents)) {
    breaches.push('answers the same question in two ways')
  }
  if (JSON.stringify(params) !== JSON.stringify(strategy.params)) breaches.push('changes its parameters')
  for (const { kind, reason } of intents) {
    if (!allowed.includes(kind)) breaches.push(`${kind} is not for its role`)
    if (reason.trim() === '' || /NaN|undefined|Infinity/.test(reason))
      breaches.push(`reason "${reason}" says nothing`)
  }
  return { intents, breaches }
}

function isPrice(instrument: Instrument, price: Ticks): boolean {
  return Number.isSafeInteger(price) && price >= 1 && price >= instrument.minPrice
}

function isQuantity(steps: Steps): boolean {
  return Number.isSafeInteger(steps) && steps > 0
}
