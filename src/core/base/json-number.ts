/** JSON has no `NaN`: what is not there yet is `null` in saved state. */
export function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
