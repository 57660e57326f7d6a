/** report.html in a real browser, from a file: nothing is asked of a network, nothing complains, no name of the user's runs. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageScript } from '../src/app/page-script.ts'
import { htmlReport } from '../src/output/html-report.ts'
import type { PacketPaths } from '../src/output/paths/packet-paths.ts'
import { makePathWorld } from './make-packet-paths.ts'
import { makeRun } from './make-run-json.ts'
import { makeSweep } from './make-run-result.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const browser = BROWSERS.find(existsSync)
const skipped = browser === undefined && process.env['SVCSIM_REQUIRE_TOOLS'] !== '1'

interface Finding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

const HOSTILE = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>"onmouseover="window.ran=1`

/** Whatever has a name of the user's has a hostile one. */
async function hostilePaths(): Promise<PacketPaths> {
  const { paths } = await makePathWorld()
  return {
    ...paths,
    nodes: paths.nodes.map(n => ({
      ...n,
      name: `${HOSTILE}${n.name}`,
      why: n.why === '' ? '' : HOSTILE,
      pods: n.pods.map(p => ({ ...p, name: HOSTILE })),
    })),
    destinations: paths.destinations.map(d => ({ ...d, service: `${HOSTILE}${d.service}` })),
    backends: paths.backends.map(b => ({ ...b, pod: `${HOSTILE}${b.pod}` })),
  }
}

describe.skipIf(skipped)(`report.html in a browser${skipped ? ' (skipped: no chromium here)' : ''}`, () => {
  let folder: string
  let context: BrowserContext
  let page: Page
  const complaints: string[] = []
  const requests: string[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'svcsim-report-'))
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: browser ?? BROWSERS[0],
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    page = await context.newPage()
    page.on('console', message => complaints.push(message.text()))
    page.on('pageerror', error => complaints.push(error.message))
    page.on('request', request => requests.push(request.url()))
    const { run, tables } = makeRun(
      { serviceSizes: [3, 1, 40, 0], zones: 3, name: i => `${HOSTILE}${i}`, question: HOSTILE },
      { sweep: makeSweep(), warnings: [HOSTILE], inputs: { [HOSTILE]: HOSTILE } },
    )
    const file = join(folder, 'report.html')
    writeFileSync(file, htmlReport(run, tables, { script: await pageScript(), paths: await hostilePaths() }))
    await page.goto(pathToFileURL(file).href)
  })

  afterAll(async () => {
    await context?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('loads itself alone, without a complaint', () => {
    expect(complaints).toEqual([])
    expect(requests.filter(url => !url.endsWith('/report.html'))).toEqual([])
    expect(requests.length).toBe(1)
  })

  it('shows hostile names and runs none', async () => {
    expect(await page.locator('h1').textContent()).toBe(HOSTILE)
    for (const name of await page.locator('[aria-label="Least even Services"] tbody th').all()) await name.hover()
    expect(await page.evaluate('window.ran')).toBeUndefined()
  })

  it('answers on the first screen', async () => {
    await page.setViewportSize({ width: 1280, height: 900 })
    const numbers = await page.locator('.numbers').boundingBox()
    expect(numbers!.y + numbers!.height).toBeLessThan(900)
  })

  it.each([400, 768, 1280])('shows each chart once and does not scroll sideways at %d px', async width => {
    await page.setViewportSize({ width, height: 900 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    expect(await page.locator('figure').count()).toBe(await page.locator('svg:visible').count())
  })

  it('unfolds the numbers of a chart as a table, by keyboard', async () => {
    const figure = page.locator('figure', { hasText: 'Load per endpoint' }).first()
    expect(await figure.locator('table').isVisible()).toBe(false)
    await figure.locator('summary').focus()
    await page.keyboard.press('Enter')
    expect(await figure.locator('table').isVisible()).toBe(true)
    expect(await figure.locator('tbody tr').count()).toBe(44)
    await page.keyboard.press('Enter')
  })

  it('draws 10,000 endpoints at once, and stays quick', async () => {
    const { run, tables } = makeRun({ serviceSizes: Array(100).fill(100), nodes: 500, connections: () => 2_000 })
    const { paths } = await makePathWorld({
      cluster: { nodes: 50, workloads: [{ name: 'web', count: 40, replicas: 25, service: {} }] },
    })
    const file = join(folder, 'large.html')
    writeFileSync(file, htmlReport(run, tables, { script: await pageScript(), paths }))
    const large = await context.newPage()
    await large.goto(pathToFileURL(file).href)
    // A second or less on an idle machine; the bound is for a busy one.
    const painted = "performance.getEntriesByType('paint')[0].startTime"
    await large.waitForFunction("performance.getEntriesByType('paint').length > 0")
    expect(await large.evaluate(painted)).toBeLessThan(15_000)
    await large.locator('#path-destination').selectOption('3')
    expect(await large.locator('#path .answer').textContent()).toContain('4 % of connections')
    expect((await large.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
    await large.close()
  })

  it('is dark where the reader wants it dark, and light on paper', async () => {
    const paper = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await paper()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await paper()).not.toBe(light)
    await page.emulateMedia({ colorScheme: 'dark', media: 'print' })
    expect(await paper()).toBe('rgb(255, 255, 255)')
    await page.emulateMedia({ colorScheme: null, media: null })
  })

  it('lets the keyboard reach every table', async () => {
    await page.reload()
    const everything = '.table:visible, summary, select, figure svg[tabindex]:visible, .box.other'
    const wanted = await page.locator(everything).count()
    for (let i = 0; i < wanted + (await page.locator('.scrolled').count()); i++) {
      await page.keyboard.press('Tab')
      await page.evaluate('document.activeElement.setAttribute("data-reached", "")')
    }
    expect(await page.locator('[data-reached]:not(.scrolled)').count()).toBe(wanted)
  })

  it('shows what a mark stands for, to a pointer and to arrow keys', async () => {
    const chart = page.locator('figure', { hasText: 'Load per endpoint' }).first().locator('svg:visible')
    const tip = page.locator('.tip')
    await chart.scrollIntoViewIfNeeded()
    const mark = (await chart.locator('circle').first().boundingBox())!
    await page.mouse.move(mark.x + 1, mark.y + 1)
    expect(await tip.textContent()).toMatch(/^endpoint 1: \d+ connections, [\d.]+ expected$/)
    await page.mouse.move(0, 0)
    expect(await tip.isVisible()).toBe(false)
    await chart.focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await tip.textContent()).toMatch(/^endpoint 2:/)
    await page.keyboard.press('Escape')
    expect(await tip.isVisible()).toBe(false)
  })

  it('walks the packet that the reader chooses, another way when chance is chosen otherwise', async () => {
    const rules = async (): Promise<number> =>
      Number(/(\d+) rules evaluated/.exec((await page.locator('#path h3').first().textContent())!)![1])
    const before = await rules()
    await page.locator('#path-sender').selectOption('node')
    await page.locator('#path-fork-0').selectOption('3')
    expect(await page.locator('#path .answer').textContent()).toContain('25 % of connections')
    expect(await page.locator('#path-fork-0').inputValue()).toBe('3')
    const last = await rules()
    await page.locator('#path .box.other').first().focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('#path-fork-0').inputValue()).toBe('0')
    expect(last - (await rules())).toBe(3)
    expect(before).toBeGreaterThan(10)
    await page.locator('#path summary', { hasText: 'Branches of KUBE-SVC' }).click()
    const branches = page.locator('#path [aria-label^="Branches of"] tbody tr')
    await branches.first().waitFor()
    expect(await branches.count()).toBe(4)
    await page.locator('#path-destination').selectOption('1')
    expect(await page.locator('#path .rules tr.matched code').first().textContent()).toContain(
      'kubernetes service portals',
    )
    expect(await page.evaluate('window.ran')).toBeUndefined()
    expect(complaints).toEqual([])
  })

  it.each(['light', 'dark'] as const)('passes axe without a serious finding, in %s', async colorScheme => {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
    const { violations } = (await page.evaluate('axe.run(document)')) as { violations: Finding[] }
    const serious = violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
    expect(serious.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 200)).join(' | ')}`)).toEqual([])
    await page.emulateMedia({ colorScheme: null })
  })
})
