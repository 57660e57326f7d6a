/**
 * A folder and the folders above it, as mkdir -p makes them. By hand, as Node's own (`recursive: true`) tries for ever where the system
 * answers ENOENT though the folder above is there, as /proc does, and does not say why it failed on the last step.
 */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Rejects with the system's error; a folder that is there already is fine. */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = []
  let at = resolve(path)
  while (!(await isThere(at))) {
    missing.push(at)
    at = dirname(at)
  }
  for (const folder of missing.reverse()) await mkdir(folder)
}

async function isThere(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  // The system's own words for it.
  await mkdir(path)
  return true
}
