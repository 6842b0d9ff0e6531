/** Who gets how many rows and columns of a screen. */

/** How many rows each part would fill; the heads of tables included. */
export interface Wanted {
  readonly notes: number
  readonly positions: number
  /** With the closed ones told, and with all in a table. */
  readonly gates: number
  readonly gatesTable: number
  readonly cycles: number
  readonly refusals: number
  readonly events: number
}

export interface Layout {
  readonly header: number
  readonly notes: number
  readonly positions: number
  readonly gates: number
  /** Cycles on the left, equity on the right. */
  readonly middle: number
  readonly cyclesColumns: number
  readonly refusals: number
  readonly events: number
  /** Refusals on the left and events on the right, instead of one above the other. */
  readonly isWide: boolean
  /** Blank rows between parts. */
  readonly gap: number
}

/** From so many columns on refusals and events stand beside each other. */
const WIDE = 132
/** A curve in fewer rows says little; with more it would take the place of words. */
const CURVE = { low: 5, high: 12 }
/** What nobody else wants makes the curve as high as this share of the screen. */
const CURVE_SHARE = 0.36
/** Positions get this share of the rows before others get more than they need. */
const POSITIONS_SHARE = 0.25
/** Cells that the cycles take of a wide screen; they have few figures. */
const CYCLES_WIDE = 66
/** From so many rows on a blank one separates the parts. */
const ROOMY = 34

interface Part {
  readonly least: number
  readonly wanted: number
  got: number
}

/** Shares out a screen; the rows of all parts, gaps and the key line together are never more than `rows`. */
export function layoutOf(columns: number, rows: number, wanted: Wanted): Layout {
  const isWide = columns >= WIDE
  const header = rows >= 4 ? 2 : Math.min(1, Math.max(0, rows - 1))
  const gap = rows >= ROOMY ? 1 : 0
  const part = (least: number, want: number): Part => ({ least, wanted: Math.max(least, want), got: 0 })
  const positions = part(2, wanted.positions)
  const gates = part(1, wanted.gates)
  const refusals = part(2, isWide ? Math.max(wanted.refusals, wanted.events) : wanted.refusals)
  const events = part(2, wanted.events)
  const middle = part(CURVE.low, Math.max(wanted.cycles, gap === 0 ? CURVE.low : CURVE.high))
  const parts = [positions, gates, refusals, ...(isWide ? [] : [events]), middle]
  const notes = Math.min(wanted.notes, rows >= 20 ? 3 : 1, Math.max(0, rows - header - 3))
  let left = rows - header - notes - 1 - gap * parts.length
  for (const one of parts) {
    if (one.least > left) continue
    one.got = one.least
    left -= one.least
  }
  const first = Math.max(0, Math.min(positions.wanted, Math.floor(rows * POSITIONS_SHARE)) - positions.got)
  if (positions.got > 0) {
    const more = Math.min(first, left)
    positions.got += more
    left -= more
  }
  // One row each in turn, so that no part starves another.
  for (let given = true; given && left > 0; ) {
    given = false
    for (const one of parts) {
      if (one.got === 0 || one.got >= one.wanted || left === 0) continue
      one.got += 1
      left -= 1
      given = true
    }
  }
  const table = wanted.gatesTable - gates.got
  if (gates.got > 0 && table > 0 && table <= left) {
    gates.got += table
    left -= table
  }
  if (middle.got > 0) middle.got += Math.max(0, Math.min(left, Math.floor(rows * CURVE_SHARE) - middle.got))
  return {
    header,
    notes,
    positions: positions.got,
    gates: gates.got,
    middle: middle.got,
    cyclesColumns: isWide ? CYCLES_WIDE : Math.min(columns, Math.max(42, Math.floor(columns * 0.55))),
    refusals: refusals.got,
    events: isWide ? refusals.got : events.got,
    isWide,
    gap,
  }
}
