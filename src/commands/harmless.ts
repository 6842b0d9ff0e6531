/**
 * The text as a terminal may be shown it: every run of control characters becomes one space, because names and numbers
 * from outside could otherwise move the cursor or rewrite what stands there.
 */
export function harmless(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim()
}
