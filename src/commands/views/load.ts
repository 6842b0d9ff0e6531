import { join } from 'node:path'
import process from 'node:process'

/**
 * What `load` imports, `.tsx` files among it. Node itself strips types but knows no JSX; compiled files need nothing.
 * The settings of the compiler are ours by their absolute path: tsx would look for them in the working directory.
 */
export async function withJsx<T>(load: () => Promise<T>): Promise<T> {
  if (!import.meta.filename.endsWith('.ts')) return load()
  const { register } = await import('tsx/esm/api')
  const unregister = register({ tsconfig: join(import.meta.dirname, '..', '..', '..', 'tsconfig.json') })
  try {
    return await load()
  } finally {
    // What is imported later is imported as before.
    await unregister()
  }
}

/** Ink, React and the dashboard: half a second, so only where it is about to be shown. */
export async function loadDashboard(): Promise<{
  readonly render: typeof import('ink').render
  readonly createElement: typeof import('react').createElement
  readonly Dashboard: typeof import('./dashboard.tsx').Dashboard
}> {
  // The other build of React measures each drawing and keeps the measurements for as long as the process lives.
  process.env.NODE_ENV ??= 'production'
  return withJsx(async () => {
    const [{ render }, { createElement }, { Dashboard }] = await Promise.all([
      import('ink'),
      import('react'),
      import('./dashboard.tsx'),
    ])
    return { render, createElement, Dashboard }
  })
}
