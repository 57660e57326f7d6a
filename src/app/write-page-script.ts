/** Part of `npm run build`: bundles the script of report.html into the package. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pageScript } from './page-script.ts'

const target = join(import.meta.dirname, '../../dist/page/report-page.js')
const script = await pageScript()
if (script === undefined) throw new Error('no bundler: npm ci')
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, script)
