/** What closes the door to entries and opens it again: losses, a person's word, a store that cannot be written. */
import { unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { HOUR, MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import type { Loss } from '../guards/guard.ts'
import { type LossRule, losingStreak, lossRules } from '../guards/loss-pauses.ts'
import type { Trade } from '../portfolio/trade.ts'
import { STORE } from './answer-rules.ts'
import type { EngineCore } from './core.ts'
import { DRAWDOWN, type Gates, LOSS_PAUSE, openGates, resumedGates, type SeenLosses } from './gates.ts'
import type { Input } from './protocol.ts'
import type { Settings } from './settings.ts'
import { OPEN, type Standing } from './standing.ts'
import type { EngineState } from './state.ts'

const GATE_CODES: { readonly [kind in 'resumed' | 'paused' | 'halted']: Code | null } = {
  resumed: null,
  paused: 'W133',
  halted: 'C132',
}

/** What the gatekeeper adds to a saved engine. */
type Saved = Pick<EngineState, 'gates' | 'standing' | 'storeTrouble' | 'losses' | 'lossPauses'>

/** A pause after losses, as it is followed. */
interface LossGate {
  readonly gate: string
  readonly rule: LossRule
  readonly code: Code
  /** Its end, reckoned from the losses; 0 without one. */
  until: Timestamp
  /** The end that was told as begun and not yet as over; 0: none. */
  told: Timestamp
}

/** The pauses after losses that apply under the settings. */
function lossGates({ portfolioGates, guards }: Settings): readonly LossGate[] {
  if (!portfolioGates) return []
  return lossRules(guards).map(([gate, rule]) => ({
    gate,
    rule,
    code: gate === losingStreak.id ? 'W135' : 'W136',
    until: 0,
    told: 0,
  }))
}

export class Gatekeeper {
  readonly #core: EngineCore
  #gates: Gates
  #standing: Standing = OPEN
  #storeTrouble: string | null = null
  /** Trades that lost, in order of time, for as long as a pause can follow from them. */
  #losses: readonly Loss[] = []
  readonly #lossGates: readonly LossGate[]
  readonly #lossesKept: Milliseconds

  constructor(core: EngineCore) {
    this.#core = core
    this.#lossGates = lossGates(core.settings)
    this.#lossesKept = Math.max(0, ...this.#lossGates.map(({ rule }) => rule.within + rule.pause))
    this.#gates = openGates(core.portfolio.wallet)
  }

  /** The loss limits. */
  get gates(): Gates {
    return this.#gates
  }

  /** What a person, or bbw itself, has ordered. */
  get standing(): Standing {
    return this.#standing
  }

  /** Why the state cannot be saved at present; `null`: it can. */
  get storeTrouble(): string | null {
    return this.#storeTrouble
  }

  /** Whether only a person can let entries in again. */
  get isHalted(): boolean {
    return this.#gates.halted || this.#standing.halted !== null
  }

  /** Closed trades that lost, as far as a pause can follow from them. */
  get losses(): readonly Loss[] {
    return this.#losses
  }

  /** Whether nobody, and no loss limit, keeps orders that add at a leverage from leaving. */
  isOpenAt(leverage: number): boolean {
    const { now, onlyCloses } = this.#core
    if (onlyCloses || this.isHalted || this.#standing.paused !== null || now < this.#gates.pausedUntil)
      return false
    for (const { rule, until } of this.#lossGates) {
      if (now < until && leverage >= rule.leverageFrom) return false
    }
    return true
  }

  /**
   * A trade has closed: one that has lost may begin a pause.
   *
   * @param spread how much earlier it may have closed
   */
  closed({ net, closedAt, leverage }: Trade, spread: Milliseconds): void {
    if (net >= 0) return
    const since = this.#core.now - this.#lossesKept
    const losses = this.#losses.filter(({ at }) => at > since)
    const later = losses.findIndex(({ at }) => at > closedAt)
    losses.splice(later < 0 ? losses.length : later, 0, { at: closedAt, spread, leverage })
    this.#losses = losses
    this.#reckon()
    this.#tellLossPauses()
  }

  #reckon(): void {
    for (const gate of this.#lossGates) {
      gate.until = this.#core.ruled(LOSS_PAUSE, this.#lossesAt(gate))
    }
  }

  #lossesAt({ gate, until: before }: LossGate): SeenLosses {
    return { gate, losses: this.#losses, lacking: this.#core.lacking, before }
  }

  /** Says when a pause after losses begins, grows longer, and is over. */
  #tellLossPauses(): void {
    const { now } = this.#core
    for (const one of this.#lossGates) {
      const { gate, rule, until, code } = one
      if (until > one.told && now < until) {
        // One that began while nobody was told, by other settings after a restart, is decided on now.
        this.#core.ruled(LOSS_PAUSE, { ...this.#lossesAt(one), before: one.told })
        one.told = until
        this.#core.count(`paused:${gate}`)
        this.#core.schedule.touchAt('light', until)
        const what = rule.leverageFrom > 0 ? `entries at leverage ${rule.leverageFrom} and more` : 'entries'
        const reason = `${rule.losses} losses within ${spell(rule.within)}: no ${what} for ${spell(rule.pause)}`
        this.#core.event('paused', null, reason, { gate, until }, null, code)
      } else if (one.told > 0 && now >= one.told) {
        one.told = 0
        this.#core.event('resumed', null, `the pause after losses is over: ${gate}`, { gate })
      }
    }
  }

  /**
   * Follows equity: keeps the peak, and pauses or halts entries when too much of it is gone.
   *
   * @returns the drawdown for which everything is closed, in words; `null`: nothing is
   */
  health(): string | null {
    this.#tellLossPauses()
    const seen = { gates: this.#gates, equity: this.#core.equity(), now: this.#core.now }
    const { gates, changes, closes } = this.#core.ruled(DRAWDOWN, seen)
    for (const { kind, reason, figures } of changes) {
      if (kind !== 'resumed') this.#core.count(kind)
      if (kind === 'paused') this.#core.schedule.touchAt('light', gates.pausedUntil)
      if (kind === 'halted') this.#takeBack()
      this.#core.event(kind, null, reason, figures, null, GATE_CODES[kind])
    }
    this.#gates = gates
    return closes
  }

  /** No entries until a person resumes; told once. `request` is the id of the order to do so. */
  halt(by: string, reason: string, code: Code, request?: string): void {
    if (this.#standing.halted !== null) return
    this.#standing = { ...this.#standing, halted: { at: this.#core.now, by, reason } }
    this.#core.count('halted')
    this.#core.event('halted', null, reason, request === undefined ? { by } : { by, request }, null, code)
    this.#takeBack()
  }

  /** The exchange does not accept the key: nothing is asked or sent until a person has resumed. */
  keyRefused(reason: string): void {
    if (!this.#core.obstacles.raise('credentials', null, `the key is refused: ${reason}`, null)) return
    const words = `the exchange does not accept the API key: ${reason}`
    // One that is halted already is told of it all the same.
    if (this.#standing.halted !== null) this.#core.note('halted', words, null, 'C407')
    this.halt('bbw', words, 'C407')
  }

  /** Entries that still rest are cancelled in the next heavy cycle. */
  #takeBack(): void {
    this.#core.schedule.touchAt('heavy', this.#core.now)
  }

  /** A person's order. */
  command(input: Extract<Input, { readonly type: 'command' }>): void {
    const { id, command, by, reason, code } = input
    const order = { at: this.#core.now, by, reason }
    let answer = reason
    switch (command) {
      case 'pause':
        this.#standing = { ...this.#standing, paused: order }
        this.#core.event('paused', null, reason, { by, request: id }, null, code ?? 'I130')
        break
      case 'halt':
        this.halt(by, reason, code ?? 'C132', id)
        break
      case 'resume':
        this.#standing = OPEN
        this.#gates = resumedGates(this.#gates, this.#core.equity())
        this.#core.obstacles.resumed()
        this.#core.event(
          'resumed',
          null,
          reason,
          { by, request: id, peak: this.#gates.peak },
          null,
          code ?? 'I131',
        )
        this.#core.touchAll()
        answer = this.#sayWhatStands(id, reason)
        break
      default:
        unreachable(command)
    }
    this.#core.emit({ type: 'answer', id, ok: true, reason: answer })
  }

  /** What keeps entries from all symbols although a person has resumed is said; it ends when its cause does. */
  #sayWhatStands(request: string, reason: string): string {
    const standing = this.#core.obstacles.blocks().filter(({ symbol }) => symbol === null)
    if (standing.length === 0) return reason
    const words = `no entries yet: ${standing.map(one => one.reason).join('; ')}`
    this.#core.event('alert', null, words, { request }, null, 'W137')
    return `${reason}; ${words}`
  }

  /** Whether the state can be written: while it cannot, nothing is added. */
  store(ok: boolean, reason: string, code: Code | null): void {
    const change = this.#core.ruled(STORE, { ok, reason, before: this.#storeTrouble })
    this.#storeTrouble = ok ? null : reason
    if (change === null) return
    this.#core.note('store', ok ? 'the state is saved again' : reason, null, ok ? null : (code ?? 'E109'))
  }

  save(): Saved {
    return {
      gates: this.#gates,
      standing: this.#standing,
      storeTrouble: this.#storeTrouble,
      losses: this.#losses,
      lossPauses: this.#lossGates.flatMap(({ gate, told }) => (told > 0 ? [[gate, told] as const] : [])),
    }
  }

  load(saved: Saved): void {
    this.#gates = saved.gates
    this.#standing = saved.standing
    this.#storeTrouble = saved.storeTrouble
    this.#losses = saved.losses
    // What was decided before the save is not decided again.
    for (const gate of this.#lossGates) {
      gate.until = LOSS_PAUSE.decide(this.#lossesAt(gate), this.#core.settings)
    }
    const told = new Map(saved.lossPauses)
    for (const one of this.#lossGates) one.told = told.get(one.gate) ?? 0
  }
}

/** A span in hours where it is whole hours, else in minutes. */
function spell(span: Milliseconds): string {
  return span % HOUR === 0 ? `${span / HOUR} h` : `${span / MINUTE} min`
}
