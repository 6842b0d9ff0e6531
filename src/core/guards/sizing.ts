/**
 * Sizing: how much an entry may be. margin = equity x r/5 x m(score) x agreement factor, at most 0.4 x equity x r, at
 * least 5 USDT; then the sizing strategies may cut it, and where the entry is to become a ladder its plan; the size of an add was planned with its entry, and what takes the place of another position has its value; what ends below the instrument's minimum is refused, never
 * raised. `factorBelow` is for every score below the next line that the score's own gate has let through.
 */
import type { Steps, Usdt } from '../base/units.ts'
import { agreement } from '../decision/agreement.ts'
import { mostSteps } from '../market/instrument.ts'
import { qtyOf, toSteps } from '../market/quantise.ts'
import type { Ladder } from '../portfolio/ladder.ts'
import { admit, type Guard, type House, type Proposal, refuse, type Verdict } from './guard.ts'

const params = {
  leastEquity: 30,
  leastMargin: 5,
  /** The margin starts from `risk / parts` of equity and may not exceed `mostOfRisk x risk`. */
  parts: 5,
  mostOfRisk: 0.4,
  factorFrom85: 1.4,
  factorFrom75: 1.15,
  factorFrom65: 1,
  factorBelow: 0.75,
  agreementOfTwo: 1.15,
  agreementOfThree: 1.5,
  /** Value of every position, instead of all of the above. `null`: size by equity. */
  fixedNotional: null as number | null,
}

export const sizing: Guard<typeof params> = {
  id: 'sizing',
  scope: 'signal',
  reads: 'order',
  params,
  check(proposal, house, p) {
    const { signal, entry } = proposal
    const { instrument } = signal
    if (signal.leverage > instrument.maxLeverage) {
      return refuse('sizing', `leverage ${signal.leverage} is not offered on ${signal.symbol}`, {
        leverage: signal.leverage,
        most: instrument.maxLeverage,
      })
    }
    const fixed = p.fixedNotional
    // Written so that equity without a known mark (NaN) is refused too.
    if (fixed === null && !(house.equity >= p.leastEquity)) {
      return refuse('sizing', `equity ${house.equity.toFixed(2)} USDT is below ${p.leastEquity}`, {
        equity: house.equity,
        least: p.leastEquity,
      })
    }
    if (proposal.addsTo !== null) return orderable(proposal, proposal.steps, 'as planned', null)
    if (proposal.replaces !== null) return ofEqualValue(proposal, house, fixed === null)
    const wanted = fixed ?? marginOf(proposal, house.equity, p) * signal.leverage
    // Beyond what can be counted exactly no exchange takes an order either.
    if (!(wanted / entry / instrument.stepSize < Number.MAX_SAFE_INTEGER)) {
      return refuse('sizing', `${wanted} USDT are too many steps of ${signal.symbol}`, { wanted, entry })
    }
    let steps = toSteps(instrument, wanted / entry, 'down')
    let how =
      fixed === null ? `margin ${(wanted / signal.leverage).toFixed(2)} USDT` : `fixed value ${fixed} USDT`
    for (const { strategy, params: layerParams } of fixed === null ? house.sizingLayers : []) {
      const shown = { signal, entry, steps, equity: house.equity, takerFee: house.takerFee }
      for (const intent of strategy.decide(shown, layerParams)) {
        if (intent.kind !== 'resize' || intent.steps >= steps) continue
        steps = intent.steps
        how = `${how}, ${intent.reason}`
      }
    }
    let ladder: Ladder | null = null
    if (fixed === null && house.ladder?.strategy.applies(signal) === true) {
      const shown = { signal, entry, steps, equity: house.equity, takerFee: house.takerFee }
      const plan = house.ladder.strategy.plan(shown, house.ladder.params)
      if ('refused' in plan) return refuse(house.ladder.strategy.id, plan.refused, plan.figures)
      ladder = plan.ladder
      steps = plan.steps
      how = `${how}, ${plan.reason}`
    }
    return orderable(proposal, steps, how, ladder)
  },
}

/**
 * A position that takes the place of another has that one's value, not one of its own: where the layers would make it
 * smaller, or the exchange takes no order of that size, there is none.
 */
function ofEqualValue(proposal: Proposal, house: House, hasLayers: boolean): Verdict {
  const { signal, entry, steps } = proposal
  const most = mostSteps(signal.instrument, signal.order.type)
  if (most !== null && steps > most) {
    return refuse('sizing', `${signal.symbol} takes no order of that size`, { steps, most })
  }
  const { equity, takerFee } = house
  for (const { strategy, params: layerParams } of hasLayers ? house.sizingLayers : []) {
    for (const intent of strategy.decide({ signal, entry, steps, equity, takerFee }, layerParams)) {
      if (intent.kind !== 'resize' || intent.steps >= steps) continue
      return refuse('sizing', `an equal value is too much on ${signal.symbol}: ${intent.reason}`, {
        steps,
        most: intent.steps,
      })
    }
  }
  return orderable(proposal, steps, 'of equal value', null)
}

/** The entry with its size, when that is an order that the exchange takes. */
function orderable(proposal: Proposal, wanted: Steps, how: string, ladder: Ladder | null): Verdict {
  const { signal, entry } = proposal
  const { instrument } = signal
  const most = mostSteps(instrument, signal.order.type)
  const steps = most !== null && wanted > most ? most : wanted
  const notional = qtyOf(instrument, steps) * entry
  const figures = {
    notional,
    leastNotional: instrument.minNotional,
    qty: qtyOf(instrument, steps),
    leastQty: qtyOf(instrument, instrument.minQty),
  }
  if (steps < instrument.minQty || notional < instrument.minNotional) {
    return refuse(
      'sizing',
      `${notional.toFixed(2)} USDT is below the least order of ${signal.symbol} (${how})`,
      figures,
    )
  }
  return admit({ ...proposal, steps, margin: notional / signal.leverage, sizing: how, ladder }, figures)
}

/** The margin of the house's formula, or what the signal wants where that is less; that is never raised. */
function marginOf(proposal: Proposal, equity: Usdt, p: typeof params): Usdt {
  return Math.min(marginFor(proposal, equity, p), proposal.signal.margin ?? Number.POSITIVE_INFINITY)
}

function marginFor(proposal: Proposal, equity: Usdt, p: typeof params): Usdt {
  const { signal, score, terms } = proposal
  const factor =
    score.tenths >= 85
      ? p.factorFrom85
      : score.tenths >= 75
        ? p.factorFrom75
        : score.tenths >= 65
          ? p.factorFrom65
          : p.factorBelow
  const agreeing = agreement(signal.side, signal.bbPercent, signal.weekBb, signal.monthBb)
  const together = agreeing === 3 ? p.agreementOfThree : agreeing === 2 ? p.agreementOfTwo : 1
  const margin = ((equity * terms.risk) / p.parts) * factor * together
  return Math.max(Math.min(margin, p.mostOfRisk * equity * terms.risk), p.leastMargin)
}
