/** What closes the door to entries and opens it again: losses, a person's word, a store that cannot be written. */
import { unreachable } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import type { EngineCore } from './core.ts'
import { type Gates, nextGates, openGates, resumedGates } from './gates.ts'
import type { Input } from './protocol.ts'
import { OPEN, type Standing } from './standing.ts'
import type { EngineState } from './state.ts'

const GATE_CODES: { readonly [kind in 'resumed' | 'paused' | 'halted']: Code | null } = {
  resumed: null,
  paused: 'W133',
  halted: 'C132',
}

/** What the gatekeeper adds to a saved engine. */
type Saved = Pick<EngineState, 'gates' | 'standing' | 'storeTrouble'>

export class Gatekeeper {
  readonly #core: EngineCore
  #gates: Gates
  #standing: Standing = OPEN
  #storeTrouble: string | null = null

  constructor(core: EngineCore) {
    this.#core = core
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

  /** Whether nobody, and no loss limit, keeps orders that add from leaving. */
  get isOpen(): boolean {
    return !this.isHalted && this.#standing.paused === null && this.#core.now >= this.#gates.pausedUntil
  }

  /** Follows equity: keeps the peak, and pauses or halts entries when too much of it is gone. */
  health(): void {
    const { drawdown, portfolioGates } = this.#core.settings
    const { gates, changes } = nextGates(
      this.#gates,
      this.#core.equity(),
      this.#core.now,
      portfolioGates ? drawdown : null,
    )
    for (const { kind, reason, figures } of changes) {
      if (kind !== 'resumed') this.#core.count(kind)
      if (kind === 'paused') this.#core.schedule.touchAt('light', gates.pausedUntil)
      if (kind === 'halted') this.#takeBack()
      this.#core.event(kind, null, reason, figures, null, GATE_CODES[kind])
    }
    this.#gates = gates
  }

  /** No entries until a person resumes; told once. */
  halt(by: string, reason: string, code: Code): void {
    if (this.#standing.halted !== null) return
    this.#standing = { ...this.#standing, halted: { at: this.#core.now, by, reason } }
    this.#core.count('halted')
    this.#core.event('halted', null, reason, { by }, null, code)
    this.#takeBack()
  }

  /** Entries that still rest are cancelled in the next heavy cycle. */
  #takeBack(): void {
    this.#core.schedule.touchAt('heavy', this.#core.now)
  }

  /** A person's order. */
  command(input: Extract<Input, { readonly type: 'command' }>): void {
    const { id, command, by, reason, code } = input
    const order = { at: this.#core.now, by, reason }
    switch (command) {
      case 'pause':
        this.#standing = { ...this.#standing, paused: order }
        this.#core.event('paused', null, reason, { by }, null, code ?? 'I130')
        break
      case 'halt':
        this.halt(by, reason, code ?? 'C132')
        break
      case 'resume':
        this.#standing = OPEN
        this.#gates = resumedGates(this.#gates, this.#core.equity())
        this.#core.event('resumed', null, reason, { by, peak: this.#gates.peak }, null, code ?? 'I131')
        this.#core.touchAll()
        break
      default:
        unreachable(command)
    }
    this.#core.emit({ type: 'answer', id, ok: true, reason })
  }

  /** Whether the state can be written: while it cannot, nothing is added. */
  store(ok: boolean, reason: string, code: Code | null): void {
    if (ok === (this.#storeTrouble === null)) {
      this.#storeTrouble = ok ? null : reason
      return
    }
    this.#storeTrouble = ok ? null : reason
    this.#core.note('store', ok ? 'the state is saved again' : reason, null, ok ? null : (code ?? 'E109'))
  }

  save(): Saved {
    return { gates: this.#gates, standing: this.#standing, storeTrouble: this.#storeTrouble }
  }

  load(saved: Saved): void {
    this.#gates = saved.gates
    this.#standing = saved.standing
    this.#storeTrouble = saved.storeTrouble
  }
}
