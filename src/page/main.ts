/** The script of report.html: tooltips, and the path of a packet where the page holds rules. app/page-script.ts bundles it. */
import type { PacketPaths } from '../output/paths/packet-paths.ts'
import { showPaths } from './path-view.ts'
import { addTips } from './tips.ts'

const data = document.getElementById('packet-paths')
const place = document.getElementById('path')
if (data !== null && place !== null) showPaths(place, JSON.parse(data.textContent ?? '') as PacketPaths)
addTips()
