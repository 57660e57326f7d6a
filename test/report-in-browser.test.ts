/** report.html in a real browser, from a file: nothing is asked of a network, nothing complains, no name of the user's runs. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { htmlReport } from '../src/output/html-report.ts'
import { makeRun } from './make-run-json.ts'
import { makeSweep } from './make-run-result.ts'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const browser = BROWSERS.find(existsSync)
const skipped = browser === undefined && process.env['SVCSIM_REQUIRE_TOOLS'] !== '1'

const HOSTILE = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>"onmouseover="window.ran=1`

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
    writeFileSync(file, htmlReport(run, tables))
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
    const wanted = await page.locator('.table:visible, summary').count()
    for (let i = 0; i < wanted; i++) {
      await page.keyboard.press('Tab')
      await page.evaluate('document.activeElement.setAttribute("data-reached", "")')
    }
    expect(await page.locator('.table[data-reached], summary[data-reached]').count()).toBe(wanted)
  })
})
